import { Coalescer } from './coalesce.ts'
import { Lru } from './lru.ts'

export interface ReadThroughOptions<Q, A> {
  /** Most answers held; 0 holds none, and misses still coalesce. */
  readonly capacity: number
  /** How long an answer is fresh, in milliseconds from when it was asked for; 0 is never kept. */
  ttlMs(question: Q): number
  /** Epoch milliseconds by the wall clock: a monotonic one may stand still while the sandbox is frozen. */
  now(): number
  fetch(question: Q): Promise<A>
}

export interface CacheStats {
  readonly hits: number
  readonly misses: number
  readonly coalesced: number
  readonly evictions: number
  readonly size: number
}

// A flight that has been up for longer was most likely cut by a freeze, so nobody new waits for it.
const JOINABLE_FOR_MS = 30_000

/** A cache that fetches on a miss: one call for many waiters, failures never kept. The only TTL policy. */
export class ReadThrough<Q extends { readonly key: string }, A> {
  readonly #options: ReadThroughOptions<Q, A>
  readonly #lru: Lru<A>
  readonly #coalescer: Coalescer<Q, A>
  #hits = 0
  #misses = 0

  constructor(options: ReadThroughOptions<Q, A>) {
    this.#options = options
    this.#lru = new Lru(options.capacity)
    this.#coalescer = new Coalescer({
      now: options.now,
      fetch: options.fetch,
      land: (question, answer, startedAt) => this.#keep(question, answer, startedAt),
      joinableForMs: (question) => Math.min(options.ttlMs(question) || JOINABLE_FOR_MS, JOINABLE_FOR_MS),
    })
  }

  /** The fresh answer, or undefined. No promise and no allocation: every hit takes this path. */
  get(question: Q): A | undefined {
    const answer = this.#lru.get(question.key, this.#options.now())
    if (answer !== undefined) this.#hits++
    return answer
  }

  /** Fetches, joined with others who ask the same, and keeps a success. Rejects with what `fetch` rejected with. */
  load(question: Q): Promise<A> {
    this.#misses++
    return this.#coalescer.join(question)
  }

  /** As `load`, but never satisfied by a read that began before this call. A failure leaves the old answer. */
  refresh(question: Q): Promise<A> {
    this.#misses++
    return this.#coalescer.refresh(question)
  }

  /** Drops every answer; what is in flight answers its waiters and is not kept. */
  forget(): void {
    this.#lru.clear()
    this.#coalescer.clear()
  }

  stats(): CacheStats {
    const { evictions, size } = this.#lru
    return { hits: this.#hits, misses: this.#misses, coalesced: this.#coalescer.coalesced, evictions, size }
  }

  // Fresh from when it was asked for, not from when it came: between the two the sandbox may have been frozen.
  #keep(question: Q, answer: A, askedAt: number): void {
    const ttlMs = this.#options.ttlMs(question)
    if (ttlMs > 0) this.#lru.set(question.key, answer, askedAt, askedAt + ttlMs)
  }
}
