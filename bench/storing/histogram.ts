// Latencies by the tenth of a microsecond. autocannon's own histogram holds whole milliseconds, and a hit takes a
// fraction of one. Buckets are linear up to 12.8 µs and then 64 to the octave, so none is wider than 1.6 %.
//
// No library does, because a run keeps its buckets as a list in a file. `createHistogram` of node:perf_hooks can
// neither be read bucket by bucket nor filled from a file; hdr-histogram-js 3.0.1 writes compressed base64 alone, which
// no reader and no other tool understands, and shows its counts by no documented way.
//
//   tenths  0 … 127 │ 128 … 255 by 2 │ 256 … 511 by 4 │ …
//   bucket  0 … 127 │ 128 … 191      │ 192 … 255      │ …

const TENTHS = 10
const PER_OCTAVE_BITS = 6
const PER_OCTAVE = 1 << PER_OCTAVE_BITS
const LARGEST_TENTHS = 2 ** 31 - 1
const BUCKETS = (31 - PER_OCTAVE_BITS + 1) * PER_OCTAVE

/** Lower end of a bucket in microseconds, and how many values fell into it. */
export type Bucket = readonly [fromUs: number, count: number]

export class Histogram {
  count = 0
  readonly #counts = new Uint32Array(BUCKETS)

  static from(buckets: readonly Bucket[]): Histogram {
    const histogram = new Histogram()
    for (const [fromUs, count] of buckets) histogram.record(fromUs, count)
    return histogram
  }

  /** Microseconds; what is longer than 214 s counts as that. */
  record(us: number, count = 1): void {
    const tenths = Math.min(Math.round(us * TENTHS), LARGEST_TENTHS)
    const index = bucketOf(tenths)
    this.#counts[index]! += count
    this.count += count
  }

  /** Microseconds, interpolated within the bucket; `share` is 0.99 for p99. NaN when nothing was recorded. */
  percentile(share: number): number {
    const rank = share * this.count
    let seen = 0
    for (let index = 0; index < BUCKETS; index++) {
      const here = this.#counts[index]!
      if (here > 0 && seen + here >= rank) {
        const from = lowest(index)
        return (from + ((rank - seen) / here) * (lowest(index + 1) - from)) / TENTHS
      }
      seen += here
    }
    return Number.NaN
  }

  /** Those with a value, in order. */
  buckets(): Bucket[] {
    const held: Bucket[] = []
    for (let index = 0; index < BUCKETS; index++) {
      const count = this.#counts[index]!
      if (count > 0) held.push([lowest(index) / TENTHS, count])
    }
    return held
  }
}

function bucketOf(tenths: number): number {
  if (tenths < 2 * PER_OCTAVE) return tenths
  const shift = 31 - Math.clz32(tenths) - PER_OCTAVE_BITS
  return shift * PER_OCTAVE + (tenths >>> shift)
}

function lowest(index: number): number {
  if (index < 2 * PER_OCTAVE) return index
  const shift = Math.floor(index / PER_OCTAVE) - 1
  return (index - shift * PER_OCTAVE) * 2 ** shift
}
