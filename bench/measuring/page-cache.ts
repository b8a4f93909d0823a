import { execFileSync } from 'node:child_process'
import { accessSync, constants, readFileSync, statSync, writeFileSync } from 'node:fs'
import type { Contender } from '../contenders/contenders.ts'
import { ROOT } from '../contenders/runtimes.ts'

// What Linux holds of the contenders' files. A file that was just written lies there in large folios, and a process
// that maps them counts megabytes that it never touched; one that was paged in on demand, as in a fresh sandbox of
// Lambda, does not.

const DROP_CACHES = '/proc/sys/vm/drop_caches'
/** Linux' default. A machine may have set megabytes, and would then read most of a runtime for one page of it. */
const USUAL_KB = 128

/**
 * Of the whole machine where that is allowed, else of the contenders' files. From then on the disk reads `aheadKb`
 * ahead, where that may be set.
 */
export function emptyPageCache(contenders: readonly Contender[], aheadKb = USUAL_KB): void {
  readAhead(aheadKb)
  // What has not been written to the disk stays.
  execFileSync('sync')
  if (canDropAll()) return writeFileSync(DROP_CACHES, '1')
  const files = contenders.flatMap(({ command, runtime = '' }) => [...command, runtime])
  for (const file of new Set(files.filter((part) => part.startsWith('/')))) {
    execFileSync('dd', [`if=${file}`, 'iflag=nocache', 'count=0', 'status=none'])
  }
}

/** Whether this user may say how much the disk reads ahead. */
export function canSetReadAhead(): boolean {
  return isWritable(readAheadFile())
}

/** What the harness itself has mapped, the C library above all, stays in memory. */
export function howEmptied(): string {
  const emptied = canDropAll()
    ? 'page cache dropped'
    : "the contenders' files dropped from the page cache (dd iflag=nocache)"
  const ahead = canSetReadAhead() ? USUAL_KB : (readAheadKb() ?? 'unknown')
  return `${emptied}, read-ahead of the disk ${ahead} KB`
}

let isToBeRestored = false

/** Until this process ends, where that is allowed. */
function readAhead(kb: number): void {
  const before = readAheadKb()
  if (before === undefined || before === kb || !canSetReadAhead()) return
  writeFileSync(readAheadFile(), String(kb))
  if (!isToBeRestored) process.once('exit', () => writeFileSync(readAheadFile(), String(before)))
  isToBeRestored = true
}

/** What a first touch of a page reads with it. */
function readAheadKb(): number | undefined {
  try {
    return Number(readFileSync(readAheadFile(), 'latin1'))
  } catch {
    return undefined
  }
}

function readAheadFile(): string {
  const { dev } = statSync(ROOT)
  // sysmacros.h: 12 bits of major, and 20 of minor around them.
  const device = `${(dev >> 8) & 0xfff}:${(dev & 0xff) | ((dev >> 12) & 0xfff00)}`
  return `/sys/class/bdi/${device}/read_ahead_kb`
}

function canDropAll(): boolean {
  return isWritable(DROP_CACHES)
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}
