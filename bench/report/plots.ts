import * as Plot from '@observablehq/plot'
import { METRICS } from './metrics.ts'
import { type GroupResult, type Run, valuesOf } from '../storing/results.ts'
import { estimate } from './statistics.ts'
import { differing, mainSettings, SETTINGS_EXPLAINED } from './fleet.ts'
import { latencyDistribution } from './latency-plot.ts'
import { drawn, type Figure, LINE, MEDIANS, SIMULATED, type Titles } from './svg.ts'
import { coloursOf, oursFirst, plainly } from './legend.ts'

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
    init: () => [
      bars(run, onTwoProcessors(shown), { name: 'added-to-init', metric: 'addedMs' }),
      bars(run, onTwoProcessors(shown), { name: 'init', metric: 'initMs' }),
    ],
    small: () => [bars(run, shown, { name: 'small', metric: 'firstSecretMs', title: SMALL })],
    miss: () => [bars(run, shown, { name: 'cpu-per-miss', metric: 'cpuUsPerMiss' })],
    start: () => [milestones(run, shown)],
    sandbox: () => [bars(run, shown, { name: 'sandbox', metric: 'pingMs' })],
    hit: () => [
      latencyDistribution(run, shown),
      bars(run, shown, { name: 'cpu-per-hit', metric: 'cpuUsPerHit' }),
    ],
    memory: () => [
      bars(run, shown, {
        name: 'memory',
        metric: 'rssMb',
        part: 'anonMb',
        legend: ['its own', 'pages of its file, which others may share'],
      }),
    ],
    fleet: () => [fleets(run, shown)],
    emulated: () => [bars(run, shown, { name: 'cpu-per-hit', metric: 'cpuUsPerHit', title: EMULATED })],
  }[group.group]
  return figures?.().filter((one) => one !== undefined) ?? []
}

/** As every function has them on Lambda; the tables have one, too. */
function onTwoProcessors(group: GroupResult): GroupResult {
  return { ...group, scenarios: group.scenarios.filter((scenario) => !scenario.endsWith('one processor')) }
}

/** The other build has the table of what has changed. */
function withoutBefore(group: GroupResult): GroupResult {
  const others = new Set(Object.values(group.before ?? {}))
  return { ...group, contenders: oursFirst(group.contenders.filter((contender) => !others.has(contender))) }
}

const STEP_COLOURS = ['#4269d0', '#b58105', '#e5533d']

function milestones(run: Run, group: GroupResult): Figure | undefined {
  const steps = ['registeredMs', 'nextMs', 'firstSecretMs']
  const labels = ['registered', 'ready: asks for its next event', 'first secret']
  const points = pointsOf(group, steps).map((point) => ({
    ...point,
    step: labels[steps.indexOf(point.metric)],
  }))
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
    valuesAt(
      points.filter(({ key, value }) => !points.some((other) => other.key === key && other.value > value)),
      0,
    ),
  ]
  return rowsFigure(run, group, points, {
    name: 'start',
    title: 'From the start of the process until it has registered, is ready, and has answered a first secret',
    figures: MEDIANS,
    axis: 'ms since the start →',
    marks,
    color: { domain: labels, range: STEP_COLOURS },
    legend: labels.map((text, i) => ({ text, colour: STEP_COLOURS[i]! })),
  })
}

const EMULATED = 'Processor time of a hit, arm64 and x86_64 under qemu'
const SMALL = "From the start to the first secret, by the function's memory"

interface Bars {
  readonly name: string
  readonly metric: string
  /** Default: the metric's. */
  readonly title?: string
  /** Drawn solid, how much of it another metric is. */
  readonly part?: string
  /** Of the part, and of the rest. */
  readonly legend?: readonly [string, string]
}

function bars(
  run: Run,
  group: GroupResult,
  { name, metric, part, legend, ...given }: Bars,
): Figure | undefined {
  const points = pointsOf(group, [metric])
  const parts = part === undefined ? [] : pointsOf(group, [part])
  const { unit = '', label = metric, title = label, digits = 0 } = METRICS[metric] ?? {}
  const marks = [
    Plot.barX(points, {
      y: 'key',
      x: 'value',
      fill: 'contender',
      fillOpacity: parts.length === 0 ? 0.9 : PALE,
    }),
    Plot.barX(parts, { y: 'key', x: 'value', fill: 'contender' }),
    Plot.ruleY(points, { y: 'key', x1: 'low', x2: 'high', strokeWidth: 2 }),
    valuesAt(points, digits),
  ]
  const [solid, pale] = legend ?? []
  return rowsFigure(run, group, points, {
    name,
    title: given.title ?? title,
    figures: MEDIANS,
    axis: `${unit} →`,
    marks,
    color: { domain: [...group.contenders], range: coloursOf(group.contenders) },
    legend:
      solid === undefined || pale === undefined || parts.length === 0
        ? []
        : [
            { text: solid, colour: GREY },
            { text: pale, colour: GREY, opacity: PALE },
          ],
  })
}

const PALE = 0.5
const GREY = '#7a828e'

/** Right of each bar and of its interval. */
function valuesAt(points: readonly Point[], digits: number): Plot.Markish {
  const text = ({ value }: Point) =>
    value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
  return Plot.text(points, { y: 'key', x: 'high', text, textAnchor: 'start', dx: 5, fill: 'currentColor' })
}

const FLEET_COLOURS = ['#e5533d', '#4269d0']

/** Side by side for each setting: the reads that failed, and those that waited. */
function fleets(run: Run, all: GroupResult): Figure | undefined {
  const contenders = mainSettings(all.contenders)
  const group = {
    ...all,
    contenders,
    scenarios: differing(all, contenders),
    method: `${all.method}; ${SETTINGS_EXPLAINED}`,
  }
  const metrics = ['failedPercent', 'waitedPercent']
  const [failed, waited] = metrics.map((metric) => METRICS[metric]!)
  const labels = [failed!.label, `${waited!.label} for AWS, some of which failed`]
  const points = pointsOf(group, metrics).map((point) => ({
    ...point,
    label: labels[metrics.indexOf(point.metric)]!,
  }))
  const text = ({ value }: Point) => (value === 0 ? '0' : value.toFixed(1))
  const place = { fx: 'label', y: 'key', x: 'value' } as const
  return rowsFigure(run, group, points, {
    name: 'fleet',
    title: failed!.title ?? failed!.label,
    figures: SIMULATED,
    axis: '% of all reads →',
    marks: [
      Plot.barX(points, { ...place, fill: 'label' }),
      Plot.text(points, { ...place, text, textAnchor: 'start', dx: 5, fill: 'currentColor' }),
    ],
    color: { domain: labels, range: FLEET_COLOURS },
    x: { domain: [0, 100], ticks: 5 },
    legend: [],
    beside: labels,
  })
}

interface RowsOptions extends Pick<Titles, 'name' | 'title' | 'figures' | 'legend'> {
  readonly axis: string
  readonly marks: readonly Plot.Markish[]
  readonly color: Plot.ScaleOptions
  readonly x?: Plot.ScaleOptions
  /** Panels side by side over the same rows, each for one value of `fx`. */
  readonly beside?: readonly string[]
}

function rowsFigure(
  run: Run,
  group: GroupResult,
  points: readonly Point[],
  { axis, marks, color, x, beside, ...titles }: RowsOptions,
): Figure | undefined {
  if (points.length === 0) return undefined
  const rows = rowsOf(group, points)
  const labels = new Map(rows.map(({ key, label, isHeading }) => [key, isHeading ? '' : label]))
  const headings = rows.filter(({ isHeading }) => isHeading)
  const longest = Math.max(...rows.map(({ label, isHeading }) => label.length + (isHeading ? 2 : 0)))
  const marginLeft = 16 + LINE.characterWidth * longest
  const options: Plot.PlotOptions = {
    marginLeft,
    marginRight: 48,
    height: 44 + rows.length * 18,
    x: { label: axis, grid: true, zero: true, ...x },
    y: {
      domain: rows.map(({ key }) => key),
      label: null,
      tickSize: 0,
      tickFormat: (key: string) => labels.get(key) ?? '',
    },
    color,
    ...(beside === undefined ? {} : { fx: { domain: beside, label: null, padding: 0.2 }, marginTop: 40 }),
    marks: [
      Plot.ruleX([0]),
      ...marks,
      Plot.text(headings, {
        ...(beside === undefined ? {} : { fx: () => beside[0] }),
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
    return [{ key: scenario, label: plainly(scenario), isHeading: true }, ...measured]
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
