import { basename } from 'node:path'
import { METRICS } from './metrics.ts'
import { type GroupResult, type Run, valuesOf } from '../storing/results.ts'
import { estimate, type Interval } from './statistics.ts'
import { withInterval } from './tables.ts'

// Figures of one run for the documents: a line for each figure, a column for each contender.

/** One figure of one scenario. */
export interface Line {
  readonly label: string
  readonly group: string
  readonly scenario: string
  readonly metric: string
}

export interface Column {
  readonly head: string
  /** What groups call it, where they differ; the first that has a figure is shown. */
  readonly contenders: readonly string[]
}

export function column(contender: string, head = contender): Column {
  return { head, contenders: [contender] }
}

interface Layout {
  /** The intervals too, each below its median. Default: medians alone. */
  readonly hasIntervals?: boolean
  /** Lines of other figures behind those of the run, a cell for each column. */
  readonly more?: readonly (readonly string[])[]
}

/** A table without the lines and the columns that the run has no figure of; undefined where nothing is left. */
export function grid(
  run: Run | undefined,
  lines: readonly Line[],
  columns: readonly Column[],
  { hasIntervals = false, more = [] }: Layout = {},
): string | undefined {
  if (run === undefined) return undefined
  const measured = lines
    .map(({ label, ...figure }) => [label, ...columns.map((one) => cellOf(run, figure, one, hasIntervals))])
    .filter(([, ...cells]) => cells.some((cell) => cell !== ''))
  if (measured.length === 0) return undefined
  const kept = columns.flatMap((_, i) => (measured.some((row) => row[i + 1] !== '') ? [i + 1] : []))
  const rows = [['', ...columns.map(({ head }) => head)], ...measured, ...more].map((row) =>
    [0, ...kept].map((i) => row[i] ?? ''),
  )
  const [head, ...body] = rows.map((cells) => `| ${cells.join(' | ')} |`)
  return [head, `|---|${'---:|'.repeat(kept.length)}`, ...body].join('\n')
}

function cellOf(
  run: Run,
  { group: name, scenario, metric }: Omit<Line, 'label'>,
  { contenders }: Column,
  hasIntervals: boolean,
): string {
  const group = run.groups.find((one) => one.group === name)
  if (group === undefined) return ''
  const estimates = contenders.map((contender) => estimate(valuesOf(group, scenario, contender, metric)))
  const found = estimates.find(({ n }) => n > 0)
  if (found === undefined) return ''
  const { digits = 1, unit = '' } = METRICS[metric] ?? {}
  const interval = hasIntervals ? found.interval : undefined
  return narrowCell(found.median, interval, digits, unit)
}

/**
 * A cell of a table that a page has room for: the interval has a line of its own, neither breaks (no-break spaces, and
 * a word joiner at the dash), and what has three digits before the point has none behind it.
 */
export function narrowCell(
  value: number,
  interval: Interval | undefined,
  digits: number,
  unit: string,
): string {
  const text = withInterval(value, interval, value < 100 ? digits : 0, unit === '×' ? unit : ` ${unit}`)
  return text.replace(' [', '<br>[').replaceAll(' ', '\u00a0').replace('–', '\u2060–\u2060')
}

/** Where the figures come from. */
export function sourceOf({ folder, meta }: Run): string {
  const { arch, cpu, cores, startedAt, commit, command } = meta
  const when = `${startedAt.slice(0, 10)}, commit ${commit.slice(0, 7)}, \`${command.trim()}\``
  return `${basename(folder)}: ${arch}, ${cpu}, ${cores} cores; ${when}`
}

const WIDTH = 120

/** A paragraph of Markdown in lines of the documents' width. */
export function paragraph(text: string): string {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? ''
    if (line !== '' && line.length + 1 + word.length > WIDTH) lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return lines.join('\n')
}

/** Who is measured beside ours and their floors: servers and extensions of others. */
export function peersOf(run: Run, isKnown: (contender: string) => boolean): string[] {
  const measured = run.groups.filter(({ group }) => ['start', 'hit', 'miss', 'memory'].includes(group))
  const names = measured.flatMap(({ contenders }: GroupResult) => contenders)
  return [...new Set(names)].filter((name) => !isKnown(name))
}
