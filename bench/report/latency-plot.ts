import * as Plot from '@observablehq/plot'
import { Histogram } from '../storing/histogram.ts'
import type { GroupResult, Run } from '../storing/results.ts'
import { estimate } from './statistics.ts'
import { drawn, type Figure, MEDIANS } from './svg.ts'
import { coloursOf, oursFirst, plainly } from './legend.ts'

const TICKS = [0.5, 0.9, 0.99, 0.999]
const STEPS = 60
const LATENCIES_US = [50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000]

/**
 * Microseconds over the share of answers that took no longer, the slowest tenth spread out: for each contender the
 * median of the rounds, in a band that is its 95 % interval.
 */
export function latencyDistribution(run: Run, group: GroupResult): Figure | undefined {
  const [scenario = ''] = group.scenarios
  const points = group.contenders.flatMap((contender) => distribution(group, scenario, contender))
  if (points.length === 0) return undefined
  const contenders = oursFirst(
    group.contenders.filter((contender) => points.some((one) => one.contender === contender)),
  )
  const colours = coloursOf(contenders)
  const x = { x: 'nines', z: 'contender' } as const
  const last = Math.max(...points.map((one) => one.nines))
  const ticks = TICKS.map(nines).filter((at) => at <= last)
  const options: Plot.PlotOptions = {
    marginLeft: 60,
    marginRight: 30,
    height: 320,
    x: { domain: [points[0]!.nines, last] },
    y: {
      type: 'log',
      label: '↑ µs, logarithmic',
      grid: true,
      ticks: LATENCIES_US.filter(
        (us) => points.some(({ low }) => low <= us) && points.some(({ high }) => high >= us),
      ),
      tickFormat: (us: number) => us.toLocaleString('en'),
    },
    color: { domain: contenders, range: colours },
    marks: [
      Plot.gridX(ticks, { strokeOpacity: 0.15 }),
      Plot.axisX(ticks, {
        tickFormat: (at: number) => `p${Number((100 * (1 - 10 ** -at)).toFixed(2))}`,
        label: 'percentile, logarithmic towards 100 % →',
      }),
      Plot.areaY(points, { ...x, y1: 'low', y2: 'high', fill: 'contender', fillOpacity: 0.15 }),
      Plot.line(points, { ...x, y: 'us', stroke: 'contender', strokeWidth: 2 }),
    ],
  }
  const titles = {
    name: 'latency',
    title: `Latency of a hit, ${plainly(scenario)}`,
    figures: MEDIANS,
    method: group.method,
    contenders,
    legend: contenders.map((text, i) => ({ text, colour: colours[i]! })),
  }
  return drawn(run, titles, options)
}

function distribution(group: GroupResult, scenario: string, contender: string) {
  const rounds = group.samples
    .filter((sample) => sample.scenario === scenario && sample.contender === contender)
    .map(({ latency = [] }) => Histogram.from(latency))
    .filter(({ count }) => count > 0)
  if (rounds.length === 0) return []
  // Beyond it a round has fewer than ten answers.
  const last = Math.min(0.9999, 1 - 10 / Math.min(...rounds.map(({ count }) => count)))
  const shares = Array.from(
    { length: STEPS },
    (_, i) => 1 - 10 ** -(0.05 + (i / (STEPS - 1)) * (nines(last) - 0.05)),
  )
  return shares.map((share) => {
    const { median, interval } = estimate(rounds.map((round) => round.percentile(share)))
    const { low, high } = interval ?? { low: median, high: median }
    return { contender, nines: nines(share), us: median, low, high }
  })
}

/** 0.9 is one nine, 0.99 two. */
function nines(share: number): number {
  return -Math.log10(1 - share)
}
