import { METRICS } from './metrics.ts'
import { COLUMNS } from './columns.ts'
import { withInterval } from './tables.ts'
import { type GroupResult, type Run, valuesOf } from '../storing/results.ts'
import { effect, effectOverFloor, estimate, type Effect } from './statistics.ts'

// What has changed: between two runs, or between the two builds of one run.

export interface Finding {
  readonly figure: string
  readonly a: string
  readonly b: string
  readonly effect: Effect
}

/** Where the samples of one figure are. */
interface Place {
  readonly group: GroupResult
  readonly contender: string
}

/**
 * Every figure that both runs have. Times are compared as ratios to the floor of their own run, since no two runs have
 * the same machine at the same hour; times without a floor are left out. Throws for two that cannot be compared.
 */
export function compareRuns(a: Run, b: Run): Finding[] {
  if (a.meta.emulated !== b.meta.emulated)
    throw new Error('one of the two is emulated: nothing can be compared')
  return a.groups.flatMap((group) => {
    const other = b.groups.find((one) => one.group === group.group)
    if (other === undefined) return []
    return group.contenders.flatMap((contender) =>
      findingsOf({ group, contender }, { group: other, contender }, (metric, scenario, from, to) =>
        isTime(metric)
          ? effectOverFloor(overFloor(from, scenario, metric), overFloor(to, scenario, metric))
          : effect(samplesOf(from, scenario, metric), samplesOf(to, scenario, metric)),
      ),
    )
  })
}

/** Every figure of this build beside that of the build that it was measured against, in alternation. */
export function compareBuilds({ groups }: Run): Finding[] {
  return groups.flatMap((group) =>
    Object.entries(group.before ?? {}).flatMap(([contender, before]) =>
      findingsOf({ group, contender: before }, { group, contender }, (metric, scenario, from, to) =>
        effect(samplesOf(from, scenario, metric), samplesOf(to, scenario, metric)),
      ),
    ),
  )
}

function findingsOf(
  from: Place,
  to: Place,
  compared: (metric: string, scenario: string, from: Place, to: Place) => Effect,
): Finding[] {
  const { group, scenarios } = from.group
  return scenarios.flatMap((scenario) =>
    (COLUMNS[group]?.metrics ?? []).flatMap((metric) => {
      const measured = compared(metric, scenario, from, to)
      if (Number.isNaN(measured.ratio)) return []
      const { label = metric, unit = '', digits = 1 } = METRICS[metric] ?? {}
      const [a, b] = [from, to].map((place) =>
        withInterval(estimate(samplesOf(place, scenario, metric)).median, undefined, digits),
      )
      const figure = `${group}, ${scenario} | ${to.contender} | ${label}${unit === '' ? '' : `, ${unit}`}`
      return [{ figure, a: a!, b: b!, effect: measured }]
    }),
  )
}

function samplesOf({ group, contender }: Place, scenario: string, metric: string): number[] {
  return valuesOf(group, scenario, contender, metric)
}

function overFloor({ group, contender }: Place, scenario: string, metric: string) {
  const floor = group.floors[contender] ?? ''
  return {
    own: valuesOf(group, scenario, contender, metric),
    floor: valuesOf(group, scenario, floor, metric),
  }
}

function isTime(metric: string): boolean {
  return ['ms', 'µs', 'ns', '/s'].includes(METRICS[metric]?.unit ?? '')
}

/** A Markdown table. */
export function comparisonTable(findings: readonly Finding[], [a, b]: readonly [string, string]): string {
  const rows = findings.map(({ figure, a: before, b: after, effect: { ratio, interval, verdict } }) => {
    const percent = withInterval(
      percentOf(ratio),
      interval && { low: percentOf(interval.low), high: percentOf(interval.high) },
      1,
      ' %',
    )
    return `| ${figure} | ${before} | ${after} | ${percent} | ${verdict} |`
  })
  const claims = findings.filter(({ effect: { verdict } }) => verdict !== 'no claim').length
  const note = `${findings.length} figures, ${claims} with an interval clear of zero. At 95 % about one in twenty is so by chance.`
  return [
    `| | contender | figure | ${a} | ${b} | ${b} against ${a} | |`,
    '|---|---|---|---:|---:|---:|---|',
    ...rows,
    '',
    note,
  ].join('\n')
}

function percentOf(ratio: number): number {
  return (ratio - 1) * 100
}
