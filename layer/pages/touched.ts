// Which pages of its own file a process has really touched.
//
// Linux maps up to 16 pages around each one that is touched, if it has them at hand, and reads 32 around one that it
// has not: neither /proc/<pid>/pagemap nor the page cache tells them apart. It never goes beyond one mapping, though.
// So every second page is given other rights, which makes each page a mapping of its own, and then pagemap is exact:
// on a full page cache as on an empty one, and for a foreign processor's program under qemu-user.

import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { segmentsOf, segmentType } from '../elf.ts'
import { PAGE, type Range, withWork } from './stub.ts'

const READ_WRITE_EXECUTE = 7
const ENTRY_BYTES = 8
/** admin-guide/mm/pagemap.rst of Linux: bit 63 says present, bit 62 swapped out; here of the highest byte. */
const PRESENT_OR_SWAPPED = 0xc0

/** The executable with each page a mapping of its own. Pages that ld.so touches before that are not separate. */
export function withPagesApart(file: Buffer): Buffer {
  const ranges: Range[] = []
  for (const { address, size } of segmentsOf(file).filter(({ type }) => type === segmentType.load)) {
    const from = Math.floor(address / PAGE)
    const to = Math.ceil((address + size) / PAGE)
    for (let page = from + 1; page < to; page += 2) ranges.push([page, 1])
  }
  return withWork(file, { call: 'mprotect', argument: READ_WRITE_EXECUTE, ranges })
}

/**
 * The numbers of the pages that the process has touched by now of an executable made by `withPagesApart`, as its
 * program headers number them: qemu-user may load them elsewhere.
 */
export function touchedBy(pid: number, path: string): Set<number> {
  const mappings = readFileSync(`/proc/${pid}/maps`, 'latin1')
    .split('\n')
    .filter((line) => line.endsWith(` ${path}`))
    .map((line) => /^([0-9a-f]+)-([0-9a-f]+) \S+ ([0-9a-f]+)/.exec(line)!)
    .map(([, from, to, offset]) => ({
      from: Number.parseInt(from!, 16) / PAGE,
      to: Number.parseInt(to!, 16) / PAGE,
      offset: Number.parseInt(offset!, 16),
    }))
  const first = mappings.find(({ offset }) => offset === 0)
  const [lowest] = segmentsOf(readFileSync(path)).filter(({ type }) => type === segmentType.load)
  if (first === undefined || lowest === undefined) throw new Error(`${pid} does not execute ${path}`)
  const base = first.from - lowest.address / PAGE
  const pages = new Set<number>()
  const pagemap = openSync(`/proc/${pid}/pagemap`, 'r')
  try {
    for (const { from, to } of mappings) {
      const entries = Buffer.alloc((to - from) * ENTRY_BYTES)
      readSync(pagemap, entries, 0, entries.length, from * ENTRY_BYTES)
      for (let page = from; page < to; page++) {
        const highest = entries[(page - from + 1) * ENTRY_BYTES - 1]!
        if ((highest & PRESENT_OR_SWAPPED) !== 0) pages.add(page - base)
      }
    }
  } finally {
    closeSync(pagemap)
  }
  return pages
}
