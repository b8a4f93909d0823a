import * as Plot from '@observablehq/plot'
import { METRICS } from './metrics.ts'
import { type GroupResult, type Run, valuesOf } from '../storing/results.ts'
import { estimate } from './statistics.ts'
import { latencyDistribution } from './latency-plot.ts'
import { drawn, type Figure, LINE, type Titles } from './svg.ts'
import { coloursOf } from './legend.ts'

// Rows of one figure for each scenario and contender, by Observable Plot. A row is there only where something was
// measured, and the heading of a scenario is a row of its own, so that no label is cut off.

interface Point {
  /** Of the row. */
  readonly key: string
  readonly contender: string
  readonly metric: string
  readonly value: number
  readonly low: number
  readonly high: number
}

interface Row {
  readonly key: string
  /** A contender, or the name of a scenario. */
  readonly label: string
  readonly isHeading: boolean
}

/** Those that the group has figures for. */
export function figuresOf(run: Run, group: GroupResult): Figure[] {
  const shown = withoutBefore(group)
  const figures = {
    start: () => [milestones(run, shown)],
    sandbox: () => [bars(run, shown, 'pingMs', 'sandbox')],
    hit: () => [latencyDistribution(run, shown), bars(run, shown, 'cpuUsPerHit', 'cpu-per-hit')],
    memory: () => [bars(run, shown, 'rssMb', 'memory', 'anonMb')],
    fleet: () => [bars(run, shown, 'failedPercent', 'fleet-failed')],
    emulated: () => [bars(run, shown, 'cpuUsPerHit', 'cpu-per-hit')],
  }[group.group]
  return figures?.().filter((one) => one !== undefined) ?? []
}

/** The other build has the table of what has changed. */
function withoutBefore(group: GroupResult): GroupResult {
  const others = new Set(Object.values(group.before ?? {}))
  return { ...group, contenders: group.contenders.filter((contender) => !others.has(contender)) }
}

const STEP_COLOURS = ['#4269d0', '#b58105', '#e5533d']

function milestones(run: Run, group: GroupResult): Figure | undefined {
  const steps = ['registeredMs', 'nextMs', 'firstSecretMs']
  const labels = steps.map((step) => METRICS[step]?.label ?? step)
  const points = pointsOf(group, steps).map((point) => ({ ...point, step: METRICS[point.metric]?.label }))
  const marks = [
    Plot.ruleY(points, { y: 'key', x1: 0, x2: 'value', strokeOpacity: 0.3 }),
    Plot.ruleY(points, {
      y: 'key',
      x1: 'low',
      x2: 'high',
      stroke: 'step',
      strokeWidth: 7,
      strokeOpacity: 0.4,
    }),
    Plot.dot(points, { y: 'key', x: 'value', fill: 'step', r: 4 }),
  ]
  return rowsFigure(run, group, points, {
    name: 'start',
    title: 'From the spawn to registered, to next and to the first secret',
    axis: 'ms since the spawn →',
    marks,
    color: { domain: labels, range: STEP_COLOURS },
    legend: labels.map((text, i) => ({ text, colour: STEP_COLOURS[i]! })),
  })
}

/** Solid, how much of it another metric is. */
function bars(run: Run, group: GroupResult, metric: string, name: string, part?: string): Figure | undefined {
  const points = pointsOf(group, [metric])
  const parts = part === undefined ? [] : pointsOf(group, [part])
  const { unit = '', label = metric } = METRICS[metric] ?? {}
  const solid = parts.length > 0 ? `, solid: ${METRICS[part ?? '']?.label}` : ''
  const marks = [
    Plot.barX(points, { y: 'key', x: 'value', fill: 'contender', fillOpacity: solid === '' ? 0.9 : 0.5 }),
    Plot.barX(parts, { y: 'key', x: 'value', fill: 'contender' }),
    Plot.ruleY(points, { y: 'key', x1: 'low', x2: 'high', strokeWidth: 2 }),
  ]
  return rowsFigure(run, group, points, {
    name,
    title: `${label}${solid}`,
    axis: `${unit} →`,
    marks,
    color: { domain: [...group.contenders], range: coloursOf(group.contenders) },
    legend: [],
  })
}

interface RowsOptions extends Pick<Titles, 'name' | 'title' | 'legend'> {
  readonly axis: string
  readonly marks: readonly Plot.Markish[]
  readonly color: Plot.ScaleOptions
}

function rowsFigure(
  run: Run,
  group: GroupResult,
  points: readonly Point[],
  { axis, marks, color, ...titles }: RowsOptions,
): Figure | undefined {
  if (points.length === 0) return undefined
  const rows = rowsOf(group, points)
  const labels = new Map(rows.map(({ key, label, isHeading }) => [key, isHeading ? '' : label]))
  const headings = rows.filter(({ isHeading }) => isHeading)
  const marginLeft = 16 + LINE.characterWidth * Math.max(...[...labels.values()].map(({ length }) => length))
  const options: Plot.PlotOptions = {
    marginLeft,
    marginRight: 24,
    height: 44 + rows.length * 18,
    x: { label: axis, grid: true, zero: true },
    y: {
      domain: rows.map(({ key }) => key),
      label: null,
      tickSize: 0,
      tickFormat: (key: string) => labels.get(key) ?? '',
    },
    color,
    marks: [
      Plot.ruleX([0]),
      ...marks,
      Plot.text(headings, {
        y: 'key',
        text: 'label',
        frameAnchor: 'left',
        dx: 8 - marginLeft,
        fontWeight: 'bold',
      }),
    ],
  }
  const contenders = group.contenders.filter((contender) => points.some((one) => one.contender === contender))
  return drawn(run, { ...titles, method: group.method, contenders }, options)
}

function rowsOf(group: GroupResult, points: readonly Point[]): Row[] {
  const keys = new Set(points.map(({ key }) => key))
  return group.scenarios.flatMap((scenario) => {
    const measured = group.contenders
      .map((contender) => ({ key: keyOf(scenario, contender), label: contender, isHeading: false }))
      .filter(({ key }) => keys.has(key))
    if (measured.length === 0) return []
    return [{ key: scenario, label: scenario, isHeading: true }, ...measured]
  })
}

function keyOf(scenario: string, contender: string): string {
  return `${scenario}: ${contender}`
}

function pointsOf(group: GroupResult, metrics: readonly string[]): Point[] {
  return group.scenarios.flatMap((scenario) =>
    group.contenders.flatMap((contender) =>
      metrics.flatMap((metric) => {
        const { median, interval, n } = estimate(valuesOf(group, scenario, contender, metric))
        if (n === 0) return []
        const { low, high } = interval ?? { low: median, high: median }
        return [{ key: keyOf(scenario, contender), contender, metric, value: median, low, high }]
      }),
    ),
  )
}
