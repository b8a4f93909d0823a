import { basename } from 'node:path'
import { METRICS } from './metrics.ts'
import { type Run, valuesOf } from '../storing/results.ts'
import { estimate } from './statistics.ts'
import { header, withInterval } from './tables.ts'

// What the README shows: for each native architecture the figures that people choose by.

export interface Line {
  readonly label: string
  readonly group: string
  readonly scenario: string
  readonly metric: string
}

export const LINES: readonly Line[] = [
  {
    label: 'added to INIT',
    group: 'init',
    scenario: 'Node reads nothing while it loads',
    metric: 'addedMs',
  },
  {
    label: 'added to INIT, cold page cache',
    group: 'init',
    scenario: 'Node reads nothing while it loads, cold',
    metric: 'addedMs',
  },
  { label: 'start → registered', group: 'start', scenario: 'warm', metric: 'registeredMs' },
  { label: 'start → registered, cold page cache', group: 'start', scenario: 'cold', metric: 'registeredMs' },
  { label: 'start → first secret', group: 'start', scenario: 'warm', metric: 'firstSecretMs' },
  {
    label: 'first secret, asked 250 ms after registering',
    group: 'start',
    scenario: 'warm, secret asked 250 ms after registering',
    metric: 'laterSecretMs',
  },
  {
    label: 'start → first secret, 7 % of a processor after INIT',
    group: 'small',
    scenario: '7 % of a processor after INIT',
    metric: 'firstSecretMs',
  },
  { label: 'a hit, p50', group: 'hit', scenario: 'c1, 100 B', metric: 'p50Us' },
  { label: 'a hit, p99', group: 'hit', scenario: 'c1, 100 B', metric: 'p99Us' },
  { label: 'a hit, CPU', group: 'hit', scenario: 'c1, 100 B', metric: 'cpuUsPerHit' },
  { label: 'memory, idle', group: 'memory', scenario: 'idle', metric: 'rssMb' },
  {
    label: 'memory, 1,000 secrets of 1 KB',
    group: 'memory',
    scenario: '1,000 entries of 1KB',
    metric: 'rssMb',
  },
]

const CONTENDERS = [
  'bare node:http, Node 24',
  'nodejs layer, Node 24',
  'bare node:http, Bun',
  'executable (Bun)',
  'naive, Node 24',
]

export function summary(latest: readonly Run[]): string {
  const native = latest.filter(({ meta }) => !meta.emulated)
  if (native.length === 0) return 'No results yet: `npm run bench`.'
  return native.map(section).join('\n\n')
}

function section(run: Run): string {
  const method = 'medians with 95 % intervals; all tables and plots in [results](results/README.md)'
  const columns = CONTENDERS.filter((contender) => LINES.some((line) => cellOf(run, line, contender) !== ''))
  const rows = LINES.map((line) => [line.label, ...columns.map((contender) => cellOf(run, line, contender))])
  const shown = rows.filter((cells) => cells.slice(1).some((cell) => cell !== ''))
  const lines = [['', ...columns], ['---', ...columns.map(() => '---:')], ...shown].map(
    (cells) => `| ${cells.join(' | ')} |`,
  )
  return `**${run.meta.arch}** (${basename(run.folder)})\n\n${header(run, { method })}\n\n${lines.join('\n')}`
}

function cellOf(run: Run, { group: name, scenario, metric }: Line, contender: string): string {
  const group = run.groups.find((one) => one.group === name)
  if (group === undefined) return ''
  const { median, interval, n } = estimate(valuesOf(group, scenario, contender, metric))
  const { digits = 1, unit = '' } = METRICS[metric] ?? {}
  return n === 0 ? '' : withInterval(median, interval, digits, ` ${unit}`)
}
