/** One look at a process. */
export interface Point {
  /** Seconds since the start. */
  readonly at: number
  readonly value: number
}

/**
 * By how much the values grow from the first point to the last, going by the median of the slopes between all pairs
 * (Theil and Sen): a garbage collection, a burst or any third of the points that went astray does not move it.
 */
export function growth(points: readonly Point[]): number {
  const slopes: number[] = []
  for (const [i, from] of points.entries()) {
    for (const to of points.slice(i + 1)) {
      if (to.at > from.at) slopes.push((to.value - from.value) / (to.at - from.at))
    }
  }
  const first = points[0]?.at ?? 0
  const last = points.at(-1)?.at ?? 0
  return slopes.length === 0 ? 0 : median(slopes) * (last - first)
}

/** NaN for an empty list. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
