import { basename } from 'node:path'
import { METRICS } from './metrics.ts'
import { type Run, valuesOf } from '../storing/results.ts'
import { estimate } from './statistics.ts'
import { withInterval } from './tables.ts'

// The figures that people choose by; four of them, and one plot, are in the README, for each native architecture.

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

/** In the README: ours beside the floor of the same runtime. */
const CONTENDERS = [
  'nodejs layer, Node 24',
  'bare node:http, Node 24',
  'executable (Bun)',
  'bare node:http, Bun',
]
/** In the README, those that the run has: INIT is measured since there is a group of it. */
const FIRST = ['added to INIT', 'start → registered']
const REST = ['start → first secret', 'a hit, p50', 'memory, idle']

export function summary(latest: readonly Run[]): string {
  const native = latest.filter(({ meta }) => !meta.emulated)
  if (native.length === 0) return 'No results yet: `npm run bench`.'
  return native.map(section).join('\n\n')
}

function section(run: Run): string {
  const rows = rowsOf(run)
  const columns = CONTENDERS.filter((_, i) => rows.some((cells) => cells[i + 1] !== ''))
  const kept = rows.map(([label, ...cells]) => [
    label,
    ...cells.filter((_, i) => columns.includes(CONTENDERS[i]!)),
  ])
  const lines = [['', ...columns], ['---', ...columns.map(() => '---:')], ...kept].map(
    (cells) => `| ${cells.join(' | ')} |`,
  )
  const { arch, cpu, cores, startedAt, commit, command } = run.meta
  const machine = `${arch}, ${cpu}, ${cores} cores`
  const where = `${machine}; ${startedAt.slice(0, 10)}, commit ${commit.slice(0, 7)}, \`${command.trim()}\``
  const plot = run.groups.some(({ group }) => group === 'start')
    ? `\n\n![From the start of the process to the first secret, ${arch}](results/plots/${arch}-start.svg)`
    : ''
  return `Medians with 95 % intervals (${basename(run.folder)}: ${where}).\n\n${lines.join('\n')}${plot}`
}

/** The label and a cell for each contender. */
function rowsOf(run: Run): string[][] {
  const cells = (label: string): string[] => {
    const line = LINES.find((one) => one.label === label)!
    return [label, ...CONTENDERS.map((contender) => cellOf(run, line, contender))]
  }
  const isMeasured = (row: readonly string[]): boolean => row.slice(1).some((cell) => cell !== '')
  const first = FIRST.map(cells).filter(isMeasured).slice(0, 1)
  return [...first, ...REST.map(cells).filter(isMeasured)]
}

function cellOf(run: Run, { group: name, scenario, metric }: Line, contender: string): string {
  const group = run.groups.find((one) => one.group === name)
  if (group === undefined) return ''
  const { median, interval, n } = estimate(valuesOf(group, scenario, contender, metric))
  const { digits = 1, unit = '' } = METRICS[metric] ?? {}
  if (n === 0) return ''
  // The interval has a line of its own, and neither breaks: no-break spaces, and a word joiner at the dash.
  const text = withInterval(median, interval, digits, ` ${unit}`)
  return text.replace(' [', '<br>[').replaceAll(' ', '\u00a0').replace('–', '\u2060–\u2060')
}
