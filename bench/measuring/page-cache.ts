import { execFileSync } from 'node:child_process'
import { accessSync, constants, readFileSync, statSync, writeFileSync } from 'node:fs'
import type { Contender } from '../contenders/contenders.ts'
import { ROOT } from '../contenders/runtimes.ts'

// What Linux holds of the contenders' files. A file that was just written lies there in large folios, and a process
// that maps them counts megabytes that it never touched; one that was paged in on demand, as in a fresh sandbox of
// Lambda, does not.

const DROP_CACHES = '/proc/sys/vm/drop_caches'

/** Of the whole machine where that is allowed, else of the contenders' files. */
export function emptyPageCache(contenders: readonly Contender[]): void {
  // What has not been written to the disk stays.
  execFileSync('sync')
  if (canDropAll()) return writeFileSync(DROP_CACHES, '1')
  const files = contenders.flatMap(({ command, runtime = '' }) => [...command, runtime])
  for (const file of new Set(files.filter((part) => part.startsWith('/')))) {
    execFileSync('dd', [`if=${file}`, 'iflag=nocache', 'count=0', 'status=none'])
  }
}

/** What the harness itself has mapped, the C library above all, stays in memory. */
export function howEmptied(): string {
  const emptied = canDropAll()
    ? 'page cache dropped'
    : "the contenders' files dropped from the page cache (dd iflag=nocache)"
  return `${emptied}, read-ahead of the disk ${readAheadKb() ?? 'unknown'} KB`
}

/** What a first touch of a page reads with it. Linux' default is 128 KB; a machine may have set megabytes. */
function readAheadKb(): number | undefined {
  const { dev } = statSync(ROOT)
  // sysmacros.h: 12 bits of major, and 20 of minor around them.
  const device = `${(dev >> 8) & 0xfff}:${(dev & 0xff) | ((dev >> 12) & 0xfff00)}`
  try {
    return Number(readFileSync(`/sys/class/bdi/${device}/read_ahead_kb`, 'latin1'))
  } catch {
    return undefined
  }
}

function canDropAll(): boolean {
  try {
    accessSync(DROP_CACHES, constants.W_OK)
    return true
  } catch {
    return false
  }
}
