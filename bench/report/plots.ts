import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import { Histogram } from '../storing/histogram.ts'
import { METRICS } from './metrics.ts'
import { distinct, type GroupResult, valuesOf } from '../storing/results.ts'
import { estimate } from './statistics.ts'

// Observable Plot without a browser. Text and axes take the current colour, which follows the reader's light or dark
// scheme, and so does the background: an image knows the scheme of the system alone, and the page may have the other.

const STYLE =
  '<style>svg{color:#1f2328;background:#ffffff}' +
  '@media(prefers-color-scheme:dark){svg{color:#e6edf3;background:#0d1117}}</style>'
/** Each with a contrast of 3 or more to both backgrounds. */
const PALETTE = [
  '#4269d0',
  '#b58105',
  '#e5533d',
  '#2f9e86',
  '#a463f2',
  '#d9558f',
  '#2f8f41',
  '#5b8fd9',
  '#9c6b4e',
  '#7a828e',
]
const WIDTH = 860
const LABELS = 210

interface Figure {
  readonly group: string
  readonly name: string
  readonly alt: string
  readonly svg: string
}

/** Those that the group has figures for. */
export function figuresOf(group: GroupResult): Figure[] {
  const drawn = {
    start: () => [startBreakdown(group)],
    hit: () => [latencyDistribution(group), bars(group, group.scenarios, 'cpuUsPerHit', 'cpu-per-hit')],
    memory: () => [bars(group, group.scenarios, 'rssMb', 'memory', 'anonMb')],
    fleet: () => [bars(group, group.scenarios, 'failedPercent', 'fleet-failed')],
    emulated: () => [bars(group, group.scenarios, 'cpuUsPerHit', 'cpu-per-hit')],
  }[group.group]
  return drawn?.().filter((one) => one !== undefined) ?? []
}

function startBreakdown(group: GroupResult): Figure | undefined {
  const steps = ['registeredMs', 'nextMs', 'firstSecretMs']
  const points = pointsOf(group, group.scenarios, steps).map((point) => ({
    ...point,
    step: METRICS[point.metric]?.label,
  }))
  const marks = [
    Plot.ruleX([0]),
    Plot.ruleY(points, { ...place, x1: 0, x2: 'value', strokeOpacity: 0.3 }),
    Plot.ruleY(points, {
      ...place,
      x1: 'low',
      x2: 'high',
      stroke: 'step',
      strokeWidth: 5,
      strokeOpacity: 0.4,
    }),
    Plot.dot(points, { ...place, x: 'value', fill: 'step', r: 4 }),
  ]
  const color = { domain: steps.map((step) => METRICS[step]?.label), legend: true }
  return figure(group, 'start', 'Time from the spawn to registered, next and the first secret', points, {
    marks,
    color,
    x: { label: 'ms since the spawn →', grid: true, zero: true },
  })
}

const place = { y: 'contender', fy: 'scenario' } as const

/** Median with its interval, for each contender in each scenario; solid, how much of it another metric is. */
function bars(
  group: GroupResult,
  scenarios: readonly string[],
  metric: string,
  name: string,
  part?: string,
): Figure | undefined {
  const points = pointsOf(group, scenarios, [metric])
  const parts = part === undefined ? [] : pointsOf(group, scenarios, [part])
  const { unit = '' } = METRICS[metric] ?? {}
  const solid = parts.length > 0 ? `, solid: ${METRICS[part ?? '']?.label}` : ''
  const label = `${METRICS[metric]?.label ?? metric}${solid}`
  const marks = [
    Plot.barX(points, { ...place, x: 'value', fill: 'contender', fillOpacity: solid === '' ? 1 : 0.5 }),
    Plot.barX(parts, { ...place, x: 'value', fill: 'contender' }),
    Plot.ruleY(points, { ...place, x1: 'low', x2: 'high', strokeWidth: 2 }),
    Plot.ruleX([0]),
  ]
  return figure(group, name, `${label} in ${unit}`, points, {
    marks,
    x: { label: `${label}, ${unit} →`, grid: true },
  })
}

/** All rounds together: microseconds over the share of answers that took no longer. The slowest tenth is spread out. */
function latencyDistribution(group: GroupResult): Figure | undefined {
  const [scenario = ''] = group.scenarios
  const lines = group.contenders.flatMap((contender) => distribution(group, scenario, contender))
  const ticks = [0.5, 0.9, 0.99, 0.999]
  const marks = [
    Plot.gridX(ticks.map(nines), { strokeOpacity: 0.15 }),
    Plot.axisX(ticks.map(nines), {
      tickFormat: (at: number) => `p${Number((100 * (1 - 10 ** -at)).toFixed(2))}`,
      label: null,
    }),
    Plot.line(lines, { x: 'nines', y: 'us', stroke: 'contender', strokeWidth: 2 }),
  ]
  return figure(group, 'latency', `Latency of a hit by percentile, ${scenario}`, lines, {
    marks,
    color: { legend: true, domain: group.contenders },
    y: { type: 'log', label: '↑ µs', grid: true },
    marginLeft: 50,
    marginRight: 30,
    height: 360,
  })
}

function distribution(group: GroupResult, scenario: string, contender: string) {
  const all = new Histogram()
  for (const sample of group.samples) {
    if (sample.scenario === scenario && sample.contender === contender)
      all.add(Histogram.from(sample.latency ?? []))
  }
  if (all.count === 0) return []
  const last = Math.min(0.9999, 1 - 10 / all.count)
  const shares = Array.from({ length: 60 }, (_, i) => 1 - 10 ** -(0.05 + (i / 59) * (nines(last) - 0.05)))
  return shares.map((share) => ({ contender, nines: nines(share), us: all.percentile(share) }))
}

/** 0.9 is one nine, 0.99 two. */
function nines(share: number): number {
  return -Math.log10(1 - share)
}

interface Point {
  readonly scenario: string
  readonly contender: string
  readonly metric: string
  readonly value: number
  readonly low: number
  readonly high: number
}

function pointsOf(group: GroupResult, scenarios: readonly string[], metrics: readonly string[]): Point[] {
  return scenarios.flatMap((scenario) =>
    group.contenders.flatMap((contender) =>
      metrics.flatMap((metric) => {
        const { median, interval, n } = estimate(valuesOf(group, scenario, contender, metric))
        if (n === 0) return []
        const { low, high } = interval ?? { low: median, high: median }
        return [{ scenario, contender, metric, value: median, low, high }]
      }),
    ),
  )
}

function figure(
  group: GroupResult,
  name: string,
  alt: string,
  data: readonly { contender: string; scenario?: string }[],
  options: Plot.PlotOptions,
): Figure | undefined {
  if (data.length === 0) return undefined
  const { document } = parseHTML('<html><body></body></html>')
  const order = group.contenders.filter((contender) => data.some((one) => one.contender === contender))
  const facets = distinct(data.map(({ scenario }) => scenario)).filter((scenario) => scenario !== undefined)
  const rows =
    facets.length > 0 ? { y: { domain: order, label: null }, fy: { domain: facets, label: null } } : {}
  const { color, ...others } = options
  const drawn = Plot.plot({
    document,
    width: WIDTH,
    marginLeft: LABELS,
    marginRight: LABELS,
    ariaLabel: alt,
    ...rows,
    ...(facets.length > 0 && { height: 60 + facets.length * (order.length * 17 + 16) }),
    color: { domain: order, range: PALETTE, ...color, legend: false },
    ...others,
  })
  const legend = (color?.domain as readonly string[] | undefined) ?? []
  return {
    group: group.group,
    name,
    alt,
    svg: finished(String(drawn.outerHTML), color?.legend === true ? legend : []),
  }
}

const LEGEND_ROW = 18

/** A file of its own: namespace, colours of both schemes, and the legend, which Plot would draw as HTML, on top. */
function finished(svg: string, legend: readonly string[]): string {
  const height = Number(/ height="(\d+)"/.exec(svg)?.[1])
  const perRow = 4
  const top = Math.ceil(legend.length / perRow) * LEGEND_ROW + (legend.length > 0 ? 8 : 0)
  const entries = legend.map((text, i) => {
    const x = 12 + (i % perRow) * (WIDTH / perRow)
    const y = 14 + Math.floor(i / perRow) * LEGEND_ROW
    const fill = PALETTE[i % PALETTE.length]
    return `<circle cx="${x}" cy="${y - 4}" r="4" fill="${fill}"/><text x="${x + 9}" y="${y}" fill="currentColor">${escaped(text)}</text>`
  })
  const inner = svg.replace('<svg ', `<svg y="${top}" `)
  const size = `width="${WIDTH}" height="${height + top}" viewBox="0 0 ${WIDTH} ${height + top}"`
  const font = 'font-family="system-ui, sans-serif" font-size="11"'
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${font}>${STYLE}${entries.join('')}${inner}</svg>\n`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
