import { Coalescer } from './coalesce.ts'
import { isFresh, lifeOf, type Life } from './freshness.ts'
import { Lru } from './lru.ts'

export interface ReadThroughOptions<Q, A> {
  /** Most answers held; 0 holds none, and misses still coalesce. */
  readonly capacity: number
  /** Most bytes of all answers held; a larger one is answered and not held. */
  readonly maxBytes: number
  /** What an answer takes of `maxBytes`. */
  bytesOf(answer: A): number
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
}

interface Held<A> {
  readonly answer: A
  readonly life: Life
}

// A flight that has been up for longer was most likely cut by a freeze, so nobody new waits for it.
const JOINABLE_FOR_MS = 30_000
/**
 * What an entry takes besides key and answer: objects, links, a place in the Map. With the headers of an answer
 * (answer/answer.ts) 600 bytes are counted; 100,000 entries took 540 each besides their texts, on Node 24.
 */
const ENTRY_BYTES = 300

/** A cache that fetches on a miss: one call for many waiters, failures never kept. */
export class ReadThrough<Q extends { readonly key: string }, A> {
  readonly #options: ReadThroughOptions<Q, A>
  readonly #lru: Lru<Held<A>>
  readonly #coalescer: Coalescer<Q, A>
  #hits = 0
  #misses = 0

  constructor(options: ReadThroughOptions<Q, A>) {
    this.#options = options
    this.#lru = new Lru(options)
    this.#coalescer = new Coalescer({
      now: options.now,
      fetch: options.fetch,
      keep: (question, answer, startedAt) => this.#keep(question, answer, startedAt),
      joinableForMs: (question) => Math.min(options.ttlMs(question) || JOINABLE_FOR_MS, JOINABLE_FOR_MS),
    })
  }

  /** The fresh answer, or undefined. No promise and no allocation: every hit takes this path. */
  get(question: Q): A | undefined {
    const held = this.#lru.get(question.key)
    if (held === undefined) return undefined
    if (!isFresh(held.life, this.#options.now())) {
      this.#lru.delete(question.key)
      return undefined
    }
    this.#hits++
    return held.answer
  }

  /**
   * Fetches, joined with others who ask the same, and keeps a success. Rejects with what `fetch` rejected with. Where
   * nothing may be kept, nobody gets an answer from before the question either: there it is a `refresh`.
   */
  load(question: Q): Promise<A> {
    if (!this.#mayKeep(question)) return this.refresh(question)
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
    const { evictions } = this.#lru
    return { hits: this.#hits, misses: this.#misses, coalesced: this.#coalescer.coalesced, evictions }
  }

  #mayKeep(question: Q): boolean {
    return this.#options.capacity > 0 && this.#options.ttlMs(question) > 0
  }

  // Fresh from when it was asked for, not from when it came: between the two the sandbox may have been frozen.
  #keep(question: Q, answer: A, askedAt: number): void {
    if (!this.#mayKeep(question)) return
    const { key } = question
    const bytes = ENTRY_BYTES + key.length + this.#options.bytesOf(answer)
    this.#lru.set(key, { answer, life: lifeOf(askedAt, this.#options.ttlMs(question)) }, bytes)
  }
}
