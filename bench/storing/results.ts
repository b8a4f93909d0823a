import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync, existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Bucket } from './histogram.ts'
import type { Meta } from './record.ts'

/** One fresh process, or one micro-benchmark's: everything that was read from it. Metric names end in their unit. */
export interface Sample {
  readonly scenario: string
  readonly contender: string
  readonly round: number
  readonly values: Readonly<Record<string, number>>
  /** Every single latency of a load, where there was one. */
  readonly latency?: readonly Bucket[]
}

/** A contender that could not run here. It has a row of its own, so that readers see that it is missing. */
export interface Skipped {
  readonly contender: string
  readonly reason: string
}

/** A contender that failed in one scenario. */
export interface Failure {
  readonly scenario: string
  readonly contender: string
  readonly reason: string
}

export interface GroupResult {
  readonly group: string
  /** How it was measured, in one line for the table's header. */
  readonly method: string
  /** In the order of the tables, those that ran. */
  readonly contenders: readonly string[]
  readonly scenarios: readonly string[]
  /** For a contender, the floor it is compared with. */
  readonly floors: Readonly<Record<string, string>>
  readonly skipped: readonly Skipped[]
  /** Results from before 2026-11-25 have none. */
  readonly failed?: readonly Failure[]
  /** For a contender of this build, the one of the build that it was measured against. */
  readonly before?: Readonly<Record<string, string>>
  readonly samples: readonly Sample[]
}

const UNFINISHED = 'unfinished-'
const GROUP_ORDER = [
  'lambda',
  'init',
  'start',
  'sandbox',
  'small',
  'ahead',
  'wrapper',
  'hit',
  'miss',
  'memory',
  'micro',
  'fleet',
  'emulated',
]

/** One run: a folder of results. */
export interface Run {
  readonly folder: string
  readonly meta: Meta
  readonly groups: readonly GroupResult[]
}

/** A folder that does not exist yet: results are appended, never replaced. */
export function createFolder(parent: string, name: string): string {
  for (let attempt = 1; ; attempt++) {
    const folder = join(parent, attempt === 1 ? name : `${name}-${attempt}`)
    if (existsSync(folder)) continue
    mkdirSync(folder, { recursive: true })
    return folder
  }
}

/** A folder for a run in progress. `readRuns` ignores it until `finishFolder`, so part of a run never counts as all. */
export function createUnfinished(parent: string, name: string): string {
  return createFolder(parent, UNFINISHED + name)
}

/** Gives the folder its final name, with a number if there is a run of that name already. */
export function finishFolder(unfinished: string, name: string): string {
  const folder = createFolder(dirname(unfinished), name)
  // Takes the place of a folder that is empty.
  renameSync(unfinished, folder)
  return folder
}

/** One sample to the line, so that a difference between two files can be read. */
export function writeGroup(folder: string, meta: Meta, result: GroupResult): void {
  const { samples, ...head } = result
  const lines = samples.map((sample) => `    ${JSON.stringify(sample)}`).join(',\n')
  const opening = JSON.stringify({ meta, ...head }, null, 2).replace(/\n\}$/, '')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${result.group}.json`), `${opening},\n  "samples": [\n${lines}\n  ]\n}\n`)
}

/** Throws where the folder holds no result. */
export function readRun(folder: string): Run {
  const run = runIn(folder)
  if (run === undefined) throw new Error(`no results in ${folder}`)
  return run
}

/** Of the runs that were finished, oldest first. */
export function readRuns(parent: string): Run[] {
  if (!existsSync(parent)) return []
  const folders = readdirSync(parent, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return folders
    .filter(({ name }) => !name.startsWith(UNFINISHED))
    .flatMap(({ name }) => runIn(join(parent, name)) ?? [])
    .sort((a, b) => a.meta.startedAt.localeCompare(b.meta.startedAt))
}

/** Undefined where no file of the folder is a group's result. */
function runIn(folder: string): Run | undefined {
  const groups = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as unknown)
    .filter(isResult)
    .sort((a, b) => GROUP_ORDER.indexOf(a.group) - GROUP_ORDER.indexOf(b.group))
  const [first] = groups
  return first === undefined ? undefined : { folder, meta: first.meta, groups }
}

/** Another JSON file may lie in a folder that somebody names. What has these members was written by `writeGroup`. */
function isResult(value: unknown): value is GroupResult & { meta: Meta } {
  return value instanceof Object && 'meta' in value && 'samples' in value
}

/** The samples of one metric; empty where the contender has none. */
export function valuesOf(result: GroupResult, scenario: string, contender: string, metric: string): number[] {
  return result.samples
    .filter((sample) => sample.scenario === scenario && sample.contender === contender)
    .map((sample) => sample.values[metric])
    .filter((value) => value !== undefined)
}

export function distinct<T>(items: readonly T[]): T[] {
  return [...new Set(items)]
}
