import { METRICS } from './metrics.ts'
import { COLUMNS } from './columns.ts'
import { withInterval } from './tables.ts'
import { type GroupResult, type Run, valuesOf } from '../storing/results.ts'
import { effect, estimate, type Effect } from './statistics.ts'

export interface Finding {
  readonly figure: string
  readonly a: string
  readonly b: string
  readonly effect: Effect
}

/** Every figure that both runs have. Throws for two runs that cannot be compared. */
export function compareRuns(a: Run, b: Run): Finding[] {
  if (a.meta.emulated !== b.meta.emulated)
    throw new Error('one of the two is emulated: nothing can be compared')
  return a.groups.flatMap((group) => {
    const other = b.groups.find((one) => one.group === group.group)
    return other === undefined ? [] : compareGroups(group, other)
  })
}

function compareGroups(a: GroupResult, b: GroupResult): Finding[] {
  const findings: Finding[] = []
  for (const scenario of a.scenarios) {
    for (const contender of a.contenders) {
      for (const metric of COLUMNS[a.group]?.metrics ?? []) {
        const [from, to] = [a, b].map((group) => valuesOf(group, scenario, contender, metric)) as [
          number[],
          number[],
        ]
        if (from.length === 0 || to.length === 0) continue
        const { label = metric, unit = '', digits = 1 } = METRICS[metric] ?? {}
        const figure = `${a.group}, ${scenario} | ${contender} | ${label}${unit === '' ? '' : `, ${unit}`}`
        const [before, after] = [from, to].map((values) =>
          withInterval(estimate(values).median, undefined, digits),
        )
        findings.push({ figure, a: before!, b: after!, effect: effect(from, to) })
      }
    }
  }
  return findings
}

/** A Markdown table. The last column is empty unless the interval excludes "no change". */
export function comparisonTable(findings: readonly Finding[]): string {
  const rows = findings.map(({ figure, a, b, effect: { ratio, interval, verdict } }) => {
    const percent = withInterval(
      percentOf(ratio),
      interval && { low: percentOf(interval.low), high: percentOf(interval.high) },
      1,
      ' %',
    )
    return `| ${figure} | ${a} | ${b} | ${percent} | ${verdict} |`
  })
  const claims = findings.filter(({ effect: { verdict } }) => verdict !== 'no claim').length
  const note = `${findings.length} figures, ${claims} with an interval clear of zero. At 95 % about one in twenty is so by chance.`
  return [
    '| | contender | figure | A | B | B against A | |',
    '|---|---|---|---:|---:|---:|---|',
    ...rows,
    '',
    note,
  ].join('\n')
}

function percentOf(ratio: number): number {
  return (ratio - 1) * 100
}
