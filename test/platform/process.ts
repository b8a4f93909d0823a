// What the kernel knows of a process: its memory, its descriptors, its size. Linux only, as Lambda is.

import { closeSync, openSync, readFileSync, readSync } from 'node:fs'

const PIECE_BYTES = 8 * 1024 * 1024
/** Longer than any needle, so that none hides on the edge of two pieces. */
const OVERLAP_BYTES = 1024

/**
 * The names of those texts that lie anywhere in the readable memory of the process, in one byte per character or in
 * two. Each is looked for as its first and its second half, so that one half overwritten does not hide the other.
 */
export function heldInMemory(pid: number, texts: Readonly<Record<string, string>>): string[] {
  const needles = Object.entries(texts).flatMap(([name, text]) => {
    const middle = text.length >> 1
    if (middle < 8 || text.length > OVERLAP_BYTES / 2) throw new RangeError(`${name} is no good needle`)
    return [text.slice(0, middle), text.slice(middle)].flatMap((half) =>
      (['latin1', 'utf16le'] as const).map((encoding) => ({ name, bytes: Buffer.from(half, encoding) })),
    )
  })
  const found = new Set<string>()
  for (const piece of memoryOf(pid)) {
    for (const { name, bytes } of needles) if (piece.includes(bytes)) found.add(name)
  }
  return [...found]
}

function* memoryOf(pid: number): Generator<Buffer> {
  const buffer = Buffer.alloc(PIECE_BYTES)
  const memory = openSync(`/proc/${pid}/mem`, 'r')
  try {
    for (const { start, end } of readableRegions(pid)) {
      for (let at = start; at < end; at += BigInt(PIECE_BYTES - OVERLAP_BYTES)) {
        const length = Number(end - at < PIECE_BYTES ? end - at : PIECE_BYTES)
        const read = readAt(memory, buffer, length, at)
        if (read > 0) yield buffer.subarray(0, read)
      }
    }
  } finally {
    closeSync(memory)
  }
}

interface Region {
  readonly start: bigint
  readonly end: bigint
}

// The kernel's own pages do not belong to the process. Pages that are reserved and never written hold nothing.
function readableRegions(pid: number): Region[] {
  const lines = readFileSync(`/proc/${pid}/smaps`, 'latin1').split('\n')
  const regions: Region[] = []
  let current: Region | undefined
  for (const line of lines) {
    const head = /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ *(.*)$/.exec(line)
    if (head !== null) {
      const [, start, end, rights, path] = head
      const isOurs = rights!.startsWith('r') && !/^\[v(dso|var|syscall)/.test(path!)
      current = isOurs ? { start: BigInt(`0x${start}`), end: BigInt(`0x${end}`) } : undefined
    } else if (/^(Rss|Swap): +[1-9]/.test(line) && current !== undefined) {
      regions.push(current)
      current = undefined
    }
  }
  return regions
}

function readAt(memory: number, buffer: Buffer, length: number, at: bigint): number {
  try {
    return readSync(memory, buffer, 0, length, at)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EIO') return 0
    throw error
  }
}

/**
 * For the environment of a process whose memory is watched. Without it Node would keep garbage until this machine is
 * full; with it a leak overflows the heap. Bun, and Node in its layer, ignore it.
 */
export const SMALL_HEAP = { NODE_OPTIONS: '--max-old-space-size=32 --max-semi-space-size=1' } as const
