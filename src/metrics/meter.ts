import type { CacheStats } from '../cache/read-through.ts'

// What is counted: what the cache does, and what AWS is asked. Never a name, a value or a caller.

/** All since the process began. */
export interface Totals extends CacheStats {
  readonly prefetched: number
  /** Calls that another region answered, because the function's own could not be asked. */
  readonly failovers: number
  /** Calls that AWS refused, or that failed on their way. */
  readonly upstreamErrors: number
  /** Of those, calls that AWS throttled. */
  readonly throttles: number
  /** Calls of an SDK that were passed through to AWS. */
  readonly proxied: number
  /** Every call to AWS. */
  readonly calls: Histogram
}

/** Upper bounds in seconds, as Prometheus' `le`; what takes longer is in none of them. */
export const BOUNDS_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const

export interface Histogram {
  /** Of `BOUNDS_SECONDS`, each bound's own calls. */
  readonly counts: readonly number[]
  readonly count: number
  readonly sumMs: number
}

/** Most latencies kept of a period: an array of an embedded metric may hold no more. */
const MOST_SAMPLES = 100

/** How a call to AWS ended. */
export type Outcome = 'answered' | 'failed' | 'throttled'

export class Meter {
  readonly #random: () => number
  readonly #counts = BOUNDS_SECONDS.map(() => 0)
  #count = 0
  #sumMs = 0
  #upstreamErrors = 0
  #throttles = 0
  #proxied = 0
  #samples: number[] = []
  #seen = 0

  /** `random`: 0 to 1. */
  constructor(random: () => number) {
    this.#random = random
  }

  /** A call to AWS is over. `tookMs` is without the time in which it waited for a connection of its own. */
  called(tookMs: number, outcome: Outcome): void {
    this.#count++
    this.#sumMs += tookMs
    const bound = BOUNDS_SECONDS.findIndex((seconds) => tookMs <= seconds * 1000)
    if (bound !== -1) this.#counts[bound]!++
    this.#sample(tookMs)
    this.ended(outcome)
  }

  /** For an answer whose call was counted as answered, because it was passed through unread. */
  ended(outcome: Outcome): void {
    if (outcome !== 'answered') this.#upstreamErrors++
    if (outcome === 'throttled') this.#throttles++
  }

  passedThrough(): void {
    this.#proxied++
  }

  totals(stats: CacheStats, others: Pick<Totals, 'prefetched' | 'failovers'>): Totals {
    return {
      ...stats,
      ...others,
      upstreamErrors: this.#upstreamErrors,
      throttles: this.#throttles,
      proxied: this.#proxied,
      calls: { counts: this.#counts, count: this.#count, sumMs: this.#sumMs },
    }
  }

  /** Latencies of the calls since the last time, in milliseconds: all, or a fair draw of them. */
  takeSamples(): readonly number[] {
    const taken = this.#samples
    this.#samples = []
    this.#seen = 0
    return taken
  }

  /** Vitter's algorithm R: each call is as likely to be kept as any other. */
  #sample(tookMs: number): void {
    this.#seen++
    if (this.#samples.length < MOST_SAMPLES) this.#samples.push(tookMs)
    else {
      const place = Math.floor(this.#random() * this.#seen)
      if (place < MOST_SAMPLES) this.#samples[place] = tookMs
    }
  }
}
