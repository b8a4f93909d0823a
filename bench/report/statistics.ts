import { binomialDistribution, median, quantileSorted, sampleWithReplacement } from 'simple-statistics'
import { seeded } from '../../tools/random.ts'

// What is said about samples. Medians, because a start or a latency has a long tail on one side. Intervals that
// assume no distribution. And no claim unless the interval excludes "no difference".

export interface Estimate {
  readonly median: number
  /** 95 % interval of the median; undefined for fewer than six samples, which cannot give one. */
  readonly interval: Interval | undefined
  readonly n: number
}

export interface Interval {
  readonly low: number
  readonly high: number
}

/** B against A, as a ratio of medians. */
export interface Effect {
  readonly ratio: number
  readonly interval: Interval | undefined
  readonly verdict: 'lower' | 'higher' | 'no claim'
}

const TAIL = 0.025
const RESAMPLES = 2_000
const BOOTSTRAP_SEED = 2773

/** By order statistics: exact for any distribution, as each sample is below the true median with probability 1/2. */
export function estimate(samples: readonly number[]): Estimate {
  if (samples.length === 0) return { median: Number.NaN, interval: undefined, n: 0 }
  const sorted = samples.toSorted((a, b) => a - b)
  const n = sorted.length
  const skipped = outermost(n)
  const interval = skipped === 0 ? undefined : { low: sorted[skipped - 1]!, high: sorted[n - skipped]! }
  return { median: median(sorted), interval, n }
}

/** How many of the outermost ranks on each side are ends of, or outside, the interval; 0 where none reaches 95 %. */
function outermost(n: number): number {
  if (n < 6) return 0
  const probabilities = binomialDistribution(n, 0.5) ?? []
  let below = 0
  let rank = 0
  while (rank < n && below + (probabilities[rank] ?? 0) <= TAIL) {
    below += probabilities[rank] ?? 0
    rank++
  }
  return rank
}

/** B's median in parts of A's. */
export function effect(a: readonly number[], b: readonly number[]): Effect {
  return effectOf(bootstrap([a, b], ([from, to]) => to! / from!))
}

/** Samples of a contender, and of its floor in the same run. */
export interface OverFloor {
  readonly own: readonly number[]
  readonly floor: readonly number[]
}

/** B's ratio to its own floor in parts of A's: what remains when one machine, or one hour, is slower than the other. */
export function effectOverFloor(a: OverFloor, b: OverFloor): Effect {
  const samples = [a.own, a.floor, b.own, b.floor]
  return effectOf(
    bootstrap(samples, ([from, fromFloor, to, toFloor]) => to! / toFloor! / (from! / fromFloor!)),
  )
}

function effectOf({ value, interval }: Compared): Effect {
  return { ratio: value, interval, verdict: verdictOf(interval, 1) }
}

/** What B's median is above A's, in their unit. */
export function difference(a: readonly number[], b: readonly number[]): Compared {
  return bootstrap([a, b], ([from, to]) => to! - from!)
}

export interface Compared {
  readonly value: number
  readonly interval: Interval | undefined
}

/** The percentile interval, with a fixed seed: the same samples give the same words. */
function bootstrap(
  samples: readonly (readonly number[])[],
  compare: (medians: readonly number[]) => number,
): Compared {
  const fewest = Math.min(...samples.map((one) => one.length))
  if (fewest === 0) return { value: Number.NaN, interval: undefined }
  const value = compare(samples.map((one) => median([...one])))
  if (!Number.isFinite(value) || fewest < 6) return { value, interval: undefined }
  const random = seeded(BOOTSTRAP_SEED)
  const drawn = (one: readonly number[]) => median(sampleWithReplacement([...one], one.length, random))
  const values = Array.from({ length: RESAMPLES }, () => compare(samples.map(drawn))).sort((x, y) => x - y)
  // A median of zero has no ratio.
  if (!values.every(Number.isFinite)) return { value, interval: undefined }
  return { value, interval: { low: quantileSorted(values, TAIL), high: quantileSorted(values, 1 - TAIL) } }
}

function verdictOf(interval: Interval | undefined, same: number): Effect['verdict'] {
  if (interval === undefined) return 'no claim'
  if (interval.high < same) return 'lower'
  return interval.low > same ? 'higher' : 'no claim'
}
