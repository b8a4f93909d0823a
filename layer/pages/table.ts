// Which pages of Bun an executable needs to start, to answer a first secret and a few hits: recorded by
// `npm run layer:pages`, kept beside the pinned version of Bun. See docs/performance.md, "Cold start".

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { buildIdOf, sectionOf } from '../elf.ts'
import type { Architecture } from '../runtimes.ts'
import { PAGE, type Range, withWork } from './stub.ts'

/** The linker's own name for one build of Bun, and page, pages, page, pages … */
interface Table {
  buildId: string
  ranges: number[]
}

/** madvise(2): the kernel reads the pages from the disk, and the caller does not wait. */
const WILL_NEED = 3
/** A range costs a system call, a page that is not needed costs memory: measured, see docs/performance.md. */
const GAP = 2

/**
 * The executable, changed to ask for the pages of its start first. Throws for another build of Bun than the recorded
 * one, whose pages are others.
 */
export function withPages(file: Buffer, architecture: Architecture): Buffer {
  const { buildId, ranges } = tableOf(architecture)
  if (buildIdOf(file) !== buildId)
    throw new Error(`the pages of ${architecture} belong to another Bun: npm run layer:pages`)
  // Our own part changes with each change of the bundle. It is small, so all of it is requested.
  const [from, to] = ownPages(file)
  return withWork(file, {
    call: 'madvise',
    argument: WILL_NEED,
    ranges: [...pairs(ranges), [from, to - from]],
  })
}

export function writeTable(file: Buffer, architecture: Architecture, touched: ReadonlySet<number>): void {
  const [from] = ownPages(file)
  const ranges = rangesOf([...touched].filter((page) => page < from))
  writeFileSync(
    pathOf(architecture),
    `${JSON.stringify({ buildId: buildIdOf(file), ranges: ranges.flat() })}\n`,
  )
}

/** In ascending order. Ranges that are close to each other are joined, with the pages between them. */
export function rangesOf(pages: readonly number[]): Range[] {
  const ranges: [number, number][] = []
  for (const page of [...pages].sort((a, b) => a - b)) {
    const last = ranges.at(-1)
    if (last !== undefined && page - (last[0] + last[1]) <= GAP) last[1] = page + 1 - last[0]
    else ranges.push([page, 1])
  }
  return ranges
}

/** What Bun adds to a copy of itself: our source text and its bytecode. */
export function ownPages(file: Buffer): [from: number, to: number] {
  const { address, size } = sectionOf(file, '.bun')
  return [Math.floor(address / PAGE), Math.ceil((address + size) / PAGE)]
}

function tableOf(architecture: Architecture): Table {
  const path = pathOf(architecture)
  if (!existsSync(path)) throw new Error(`there is no ${path}: npm run layer:pages`)
  return JSON.parse(readFileSync(path, 'utf8')) as Table
}

function pathOf(architecture: Architecture): string {
  return fileURLToPath(new URL(`../runtimes/pages-${architecture}.json`, import.meta.url))
}

function pairs(numbers: readonly number[]): Range[] {
  return Array.from({ length: numbers.length / 2 }, (_, index) => [
    numbers[index * 2]!,
    numbers[index * 2 + 1]!,
  ])
}
