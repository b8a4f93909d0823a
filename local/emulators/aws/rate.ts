// Throttling by rate, as AWS does it: a token bucket for a set of operations, shared by all callers of the account.

/** Of one set of operations. */
class Bucket {
  readonly operations: readonly string[]
  readonly #perSecond: number
  #tokens: number
  #filledAt: number

  constructor(operations: readonly string[], perSecond: number, now: number) {
    this.operations = operations
    this.#perSecond = perSecond
    this.#tokens = perSecond
    this.#filledAt = now
  }

  /** Whether there was a token. It holds those of one second at most. */
  take(now: number): boolean {
    const gained = (Math.max(0, now - this.#filledAt) * this.#perSecond) / 1000
    this.#tokens = Math.min(this.#perSecond, this.#tokens + gained)
    this.#filledAt = now
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }
}

export class RateLimits {
  #buckets: Bucket[] = []

  /** From now on these operations together are answered `perSecond` times a second. */
  set(operations: readonly string[], perSecond: number, now = Date.now()): void {
    this.#buckets = this.#buckets.filter((one) => one.operations.join() !== operations.join())
    this.#buckets.push(new Bucket(operations, perSecond, now))
  }

  clear(): void {
    this.#buckets = []
  }

  /** Whether the call is within every limit that it counts for. */
  allows(operation: string, now = Date.now()): boolean {
    const counted = this.#buckets.filter(({ operations }) => operations.includes(operation))
    return counted.every((bucket) => bucket.take(now))
  }
}
