import { METRICS } from './metrics.ts'
import { COLUMNS } from './columns.ts'
import { type GroupResult, type Run, type Skipped, valuesOf } from '../storing/results.ts'
import { estimate } from './statistics.ts'
import { comparisonColumn, withInterval } from './tables.ts'

// What a run shows on the terminal: of each scenario the one figure that people choose by, and how many times the best
// one each is. Everything else is in the Markdown of the run's folder.

interface Line {
  readonly contender: string
  /** The median with its interval, or why there is none. */
  readonly text: string
  /** Empty where there is no figure. */
  readonly ratio: string
}

export function terminalTables(run: Run): string {
  const quick = run.meta.quick ? ['QUICK: too few samples for any claim', ''] : []
  return [...quick, ...run.groups.flatMap(groupTables)].join('\n')
}

function groupTables(group: GroupResult): string[] {
  return group.scenarios.flatMap((scenario) => {
    const metric = headlineOf(group, scenario)
    const lines = [
      ...(metric === undefined ? [] : linesOf(group, scenario, metric)),
      ...missing(group, scenario),
    ]
    if (lines.length === 0) return []
    const nameWidth = widest(lines.map(({ contender }) => contender))
    const figureWidth = widest(lines.map((line) => (line.ratio === '' ? '' : line.text)))
    const rows = lines.map(({ contender, text, ratio }) => {
      const figure = ratio === '' ? text : `${text.padStart(figureWidth)}  ${ratio}`
      return `  ${contender.padEnd(nameWidth)}  ${figure}`
    })
    return [`${group.group}, ${scenario}${metric === undefined ? '' : `: ${labelOf(metric)}`}`, ...rows, '']
  })
}

/** The first of the group's metrics, in the order of its headlines, that anybody has a figure of. */
function headlineOf(group: GroupResult, scenario: string): string | undefined {
  return COLUMNS[group.group]?.headlines.find((metric) =>
    group.contenders.some((contender) => valuesOf(group, scenario, contender, metric).length > 0),
  )
}

function linesOf(group: GroupResult, scenario: string, metric: string): Line[] {
  const { digits } = METRICS[metric]!
  const measured = group.contenders
    .map((contender) => ({ contender, ...estimate(valuesOf(group, scenario, contender, metric)) }))
    .filter(({ n }) => n > 0)
  const comparison = COLUMNS[group.group]?.comparisons.find(
    (one) => one.metric === metric && one.as === 'difference',
  )
  const added = (contender: string): string => {
    const text = comparison && comparisonColumn(group, scenario, comparison).cell(contender)
    return text ? `  ${comparison.label} ${text}` : ''
  }
  const best = Math.min(...measured.map(({ median }) => median))
  const isRanked = COLUMNS[group.group]?.unranked?.includes(scenario) !== true && best > 0
  return measured.map(({ contender, median, interval }) => ({
    contender,
    text: withInterval(median, interval, digits),
    ratio: (isRanked ? `${(median / best).toFixed(2)}×${median === best ? ' best' : ''}` : '–').concat(
      added(contender),
    ),
  }))
}

function missing({ failed = [], skipped }: GroupResult, scenario: string): Line[] {
  return [...failed.filter((one) => one.scenario === scenario).map(failure), ...skipped.map(absence)]
}

function labelOf(metric: string): string {
  const { label, unit } = METRICS[metric]!
  return unit === '' ? label : `${label}, ${unit}`
}

/** The first line: what a process has written may follow. */
function failure({ contender, reason }: Skipped): Line {
  return { contender, text: `failed: ${reason.split('\n', 1)[0]}`, ratio: '' }
}

function absence({ contender, reason }: Skipped): Line {
  return { contender, text: `not run: ${reason}`, ratio: '' }
}

function widest(texts: readonly string[]): number {
  return Math.max(...texts.map((text) => text.length))
}
