import { basename } from 'node:path'
import { METRICS } from './metrics.ts'
import type { Meta } from '../storing/record.ts'
import { type GroupResult, type Run, valuesOf } from '../storing/results.ts'
import { difference, effect, estimate, type Interval } from './statistics.ts'
import { COLUMNS, type Comparison } from './columns.ts'

// One run as Markdown: four lines that say where the figures come from, then a table for each scenario. A cell is a
// median and, in brackets, its 95 % interval; fewer than six samples have none.

interface Column {
  readonly head: string
  cell(contender: string): string
}

export function groupSection(run: Run, group: GroupResult, plots: readonly string[]): string {
  const title = `## ${group.group}, ${run.meta.arch}${run.meta.emulated ? ', emulated' : ''}`
  const tables = group.scenarios.map((scenario) => `**${scenario}**\n\n${table(group, scenario)}\n`)
  return [title, '', header(run, group), '', ...plots.flatMap((plot) => [plot, '']), ...tables].join('\n')
}

/** Machine, Node, Run, Method. */
function header({ meta, folder }: Run, { method }: Pick<GroupResult, 'method'>): string {
  const {
    cpu,
    cores,
    memoryMb,
    kernel,
    pinning,
    loadAverage,
    runtimes,
    startedAt,
    commit,
    dirty,
    seed,
    command,
    place,
  } = meta
  const gigabytes = (memoryMb / 1000).toFixed(1)
  const machine = [
    `Machine: ${meta.arch}, ${cpu}, ${cores} cores, ${gigabytes} GB, Linux ${kernel}; ${pinning}; load before ${loadAverage.join(' ')}${caveat(meta)}  `,
    `Node: ${Object.entries(runtimes)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}  `,
  ]
  return [
    ...(place === undefined ? machine : [`Machine: ${place}${caveat(meta)}  `]),
    `Run: ${startedAt.slice(0, 10)}, commit ${commit.slice(0, 7)}${dirty ? ' (with changes)' : ''}, ${basename(folder)}, seed ${seed}  `,
    `Method: \`${command}\`; ${method}`,
  ].join('\n')
}

function caveat({ emulated, quick, place }: Meta): string {
  const words = [
    emulated ? `EMULATED${place === undefined ? ' by qemu-user' : ''}` : '',
    quick ? 'QUICK: too few samples for any claim' : '',
  ]
  return words
    .filter((word) => word !== '')
    .map((word) => `; **${word}**`)
    .join('')
}

function table(group: GroupResult, scenario: string): string {
  const columns = columnsOf(group, scenario)
  const rows = group.contenders
    .filter((contender) =>
      group.samples.some((one) => one.scenario === scenario && one.contender === contender),
    )
    .map((contender) => [
      contender,
      ...columns.map(({ cell }) => cell(contender)),
      samplesOf(group, scenario, contender),
    ])
  const failed = (group.failed ?? [])
    .filter((one) => one.scenario === scenario)
    .map(({ contender, reason }) => [contender, `failed: ${firstLine(reason)}`])
  const skipped = group.skipped.map(({ contender, reason }) => [contender, `not run: ${firstLine(reason)}`])
  const heads = ['', ...columns.map(({ head }) => head), 'n']
  const width = heads.length
  const line = (cells: readonly string[]) =>
    `| ${Array.from({ length: width }, (_, i) => cells[i] ?? '').join(' | ')} |`
  const rule = `|---|${'---:|'.repeat(width - 1)}`
  return [line(heads), rule, ...[...rows, ...failed, ...skipped].map(line)].join('\n')
}

/** The first line, as text of a table. */
function firstLine(reason: string): string {
  return reason.split('\n', 1)[0]!.replaceAll('|', '\\|')
}

/** Those that at least one contender has a figure for. */
function columnsOf(group: GroupResult, scenario: string): Column[] {
  const { metrics, comparisons } = COLUMNS[group.group] ?? { metrics: [], comparisons: [] }
  const columns = [
    ...metrics.map((metric) => metricColumn(group, scenario, metric)),
    ...comparisons.map((comparison) => comparisonColumn(group, scenario, comparison)),
  ]
  return columns.filter(({ cell }) => group.contenders.some((contender) => cell(contender) !== ''))
}

function metricColumn(group: GroupResult, scenario: string, name: string): Column {
  const metric = METRICS[name]
  if (metric === undefined) throw new RangeError(`no metric ${name}`)
  return {
    head: metric.unit === '' || metric.unit === '/s' ? metric.label : `${metric.label}, ${metric.unit}`,
    cell: (contender) => {
      const { median, interval } = estimate(valuesOf(group, scenario, contender, name))
      return Number.isNaN(median) ? '' : withInterval(median, interval, metric.digits)
    },
  }
}

export function comparisonColumn(
  group: GroupResult,
  scenario: string,
  { label, metric, against, as }: Comparison,
): Column {
  return {
    head: label,
    cell: (contender) => {
      const floor = comparedWith(group, contender, against)
      if (floor === undefined || floor === contender) return ''
      const from = valuesOf(group, scenario, floor, metric)
      const to = valuesOf(group, scenario, contender, metric)
      if (from.length === 0 || to.length === 0) return ''
      if (as === 'ratio') {
        const { ratio, interval } = effect(from, to)
        return Number.isNaN(ratio) ? '' : withInterval(ratio, interval, 2, '×')
      }
      const { value, interval } = difference(from, to)
      return withInterval(value, interval, METRICS[metric]?.digits ?? 1, ` ${METRICS[metric]?.unit}`)
    },
  }
}

function comparedWith({ floors }: GroupResult, contender: string, against: string): string | undefined {
  if (against === 'floor') return floors[contender]
  return against === 'https floor' ? floors[contender]?.replace('node:http,', 'node:https,') : against
}

export function withInterval(
  value: number,
  interval: Interval | undefined,
  digits: number,
  unit = '',
): string {
  const text = (one: number) =>
    one.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
  if (interval === undefined) return `${text(value)}${unit}`
  return `${text(value)}${unit} [${text(interval.low)}–${text(interval.high)}]`
}

/** The number of answers if latencies were taken, otherwise of processes. */
function samplesOf(group: GroupResult, scenario: string, contender: string): string {
  const samples = group.samples.filter((one) => one.scenario === scenario && one.contender === contender)
  const responses = samples.reduce((sum, { values }) => sum + (values.responses ?? 0), 0)
  return responses === 0
    ? String(samples.length)
    : `${samples.length} × ${Math.round(responses / samples.length).toLocaleString('en')}`
}
