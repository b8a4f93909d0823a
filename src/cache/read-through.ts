import { Coalescer } from './coalesce.ts'
import {
  freshnessAt,
  isFresh,
  lifeOf,
  noAttempts,
  PLAIN,
  pauseAfterFailure,
  takeAttempt,
  type Attempts,
  type FreshnessRules,
  type Life,
} from './freshness.ts'
import { Lru } from './lru.ts'

/** What a call is made for. */
export type Purpose = 'read' | 'refresh' | 'ahead'

export interface ReadThroughOptions<Q, A> {
  /** Most answers held; 0 holds none, and misses still coalesce. */
  readonly capacity: number
  /** Most bytes of all answers held; a larger one is answered and not held. */
  readonly maxBytes: number
  /** What an answer takes of `maxBytes`. */
  bytesOf(answer: A): number
  /** Further keys under which an answer is found. */
  aliasesOf(answer: A): readonly string[]
  /** How long an answer is fresh, in milliseconds from when it was asked for; 0 is never kept. */
  ttlMs(question: Q): number
  readonly rules: FreshnessRules
  /** How long the absence of an answer is remembered, in milliseconds; 0 is not at all. */
  readonly negativeTtlMs: number
  /** What a failure says. `transient`: AWS could not be asked now. `absent`: there is no such answer for us. */
  kindOf(error: unknown): 'transient' | 'absent' | 'other'
  /** The same answer, marked as one that is past its time; `ageMs` counts from when it was asked for. */
  asStale(answer: A, ageMs: number): A
  /** Epoch milliseconds by the wall clock: a monotonic one may stand still while the sandbox is frozen. */
  now(): number
  /** 0 to 1. */
  random(): number
  /**
   * `ahead`: nobody waits for it, so its failure is nothing to tell. `refresh`: an answer that was asked for before will
   * not do.
   */
  fetch(question: Q, purpose: Purpose): Promise<A>
}

export interface CacheStats {
  readonly hits: number
  readonly misses: number
  readonly coalesced: number
  readonly evictions: number
  /** Answers that were fetched anew before they expired. */
  readonly refreshedAhead: number
  /** Reads that were given a stale answer. */
  readonly stale: number
  /** Reads that were given a remembered absence. */
  readonly negative: number
}

interface Held<A> {
  readonly answer: A
  life: Life
  readonly attempts: Attempts
}

interface Absence {
  readonly error: unknown
  readonly life: Life
}

// A flight that has been up for longer was most likely cut by a freeze, so nobody new waits for it.
const JOINABLE_FOR_MS = 30_000
/**
 * What an entry takes besides its keys and its answer: objects, links, a place in the Map. With the headers of an answer
 * (answer/answer.ts) 700 bytes are counted; 100,000 entries took 650 each besides their texts, on Node 24.
 */
const ENTRY_BYTES = 400
/** Most absences remembered: names come from callers, and a loop over wrong ones must push out no answer. */
const MOST_ABSENCES = 100

/** A cache that fetches on a miss: one call for many waiters. What is how fresh is said in freshness.ts. */
export class ReadThrough<Q extends { readonly key: string }, A> {
  readonly #options: ReadThroughOptions<Q, A>
  readonly #lru: Lru<Held<A>>
  readonly #absences = new Lru<Absence>({ capacity: MOST_ABSENCES, maxBytes: MOST_ABSENCES })
  readonly #coalescer: Coalescer<Q, A>
  #hits = 0
  #misses = 0
  #refreshedAhead = 0
  #stale = 0
  #negative = 0

  constructor(options: ReadThroughOptions<Q, A>) {
    this.#options = options
    this.#lru = new Lru(options)
    this.#coalescer = new Coalescer({
      now: options.now,
      fetch: (question, isRefresh) => options.fetch(question, isRefresh ? 'refresh' : 'read'),
      keep: (question, answer, startedAt) => this.#keep(question, answer, startedAt),
      fail: (question, error) => this.#fail(question, error),
      joinableForMs: (question) => Math.min(options.ttlMs(question) || JOINABLE_FOR_MS, JOINABLE_FOR_MS),
    })
  }

  /** The answer within its time to live, or undefined. No promise and no allocation: every hit takes this path. */
  get(question: Q): A | undefined {
    const held = this.#lru.get(question.key)
    if (held === undefined) return undefined
    const now = this.#options.now()
    if (!isFresh(held.life, now) && !this.#isStillGood(question, held, now)) return undefined
    this.#hits++
    return held.answer
  }

  /**
   * Fetches, joined with others who ask the same, and keeps a success. Rejects with what `fetch` rejected with, unless a
   * stale answer may stand in. Where nothing may be kept, nobody gets an answer from before the question either: there
   * it is a `refresh`.
   */
  load(question: Q): Promise<A> {
    if (!this.#mayKeep(question)) return this.refresh(question)
    const absence = this.#absenceOf(question)
    if (absence !== undefined) return absence
    this.#misses++
    const stale = this.#staleOf(question)
    const now = this.#options.now()
    if (stale !== undefined && now < stale.attempts.staleUntil)
      return Promise.resolve(this.#serveStale(stale))
    const loaded = this.#coalescer.join(question)
    return stale === undefined ? loaded : loaded.catch((error: unknown) => this.#standIn(question, error))
  }

  /** As `load`, but never satisfied by a read that began before this call. A failure leaves the old answer. */
  refresh(question: Q): Promise<A> {
    this.#misses++
    this.#absences.delete(question.key)
    return this.#coalescer.refresh(question)
  }

  /** As `load` for an answer that is fetched elsewhere, such as in a batch: who asks meanwhile waits for it. */
  lead(question: Q, answer: Promise<A>, askedAt?: number): Promise<A> {
    return this.#coalescer.lead(question, answer, askedAt)
  }

  /** The answer within its time to live, uncounted. */
  peek(question: Q): A | undefined {
    const held = this.#lru.get(question.key)
    if (held === undefined) return undefined
    const freshness = freshnessAt(held.life, this.#options.now())
    return freshness === 'fresh' || freshness === 'due' ? held.answer : undefined
  }

  /** Drops what is held under these keys, in every spelling; what is in flight answers its waiters and is not kept. */
  drop(keys: readonly string[]): void {
    for (const key of keys) {
      this.#lru.delete(key)
      this.#absences.delete(key)
      this.#coalescer.abandon(key)
    }
  }

  /** Drops every answer; what is in flight answers its waiters and is not kept. */
  forget(): void {
    this.#lru.clear()
    this.#absences.clear()
    this.#coalescer.clear()
  }

  stats(): CacheStats {
    return {
      hits: this.#hits,
      misses: this.#misses,
      coalesced: this.#coalescer.coalesced,
      evictions: this.#lru.evictions,
      refreshedAhead: this.#refreshedAhead,
      stale: this.#stale,
      negative: this.#negative,
    }
  }

  /** The rare half of `get`: an answer that is due is served and fetched anew, one that is stale is not served here. */
  #isStillGood(question: Q, held: Held<A>, now: number): boolean {
    const freshness = freshnessAt(held.life, now)
    if (freshness === 'due') this.#refreshAhead(question, held, now)
    if (freshness === 'gone') this.#lru.delete(question.key)
    return freshness === 'due'
  }

  #refreshAhead(question: Q, held: Held<A>, now: number): void {
    if (this.#coalescer.isInflight(question) || !takeAttempt(held.attempts, now)) return
    this.#coalescer.lead(question, this.#options.fetch(question, 'ahead')).then(
      () => this.#refreshedAhead++,
      () => undefined, // The answer is good for a while yet, and the next hit tries again.
    )
  }

  #staleOf(question: Q): Held<A> | undefined {
    if (this.#options.rules.staleMs === 0) return undefined
    const held = this.#lru.get(question.key)
    return held !== undefined && freshnessAt(held.life, this.#options.now()) === 'stale' ? held : undefined
  }

  /** After a failure: the stale answer, where there still is one and the failure is of the kind that it stands in for. */
  #standIn(question: Q, error: unknown): A {
    const stale = this.#options.kindOf(error) === 'transient' ? this.#staleOf(question) : undefined
    if (stale === undefined) throw error
    return this.#serveStale(stale)
  }

  #serveStale({ answer, life }: Held<A>): A {
    this.#stale++
    return this.#options.asStale(answer, this.#options.now() - life.storedAt)
  }

  #absenceOf(question: Q): Promise<never> | undefined {
    if (this.#options.negativeTtlMs === 0) return undefined
    const absence = this.#absences.get(question.key)
    if (absence === undefined || !isFresh(absence.life, this.#options.now())) return undefined
    this.#negative++
    return Promise.reject(absence.error)
  }

  #mayKeep(question: Q): boolean {
    return this.#options.capacity > 0 && this.#options.ttlMs(question) > 0
  }

  // Fresh from when it was asked for, not from when it came: between the two the sandbox may have been frozen.
  #keep(question: Q, answer: A, askedAt: number): void {
    if (!this.#mayKeep(question)) return
    const { rules, random, ttlMs, bytesOf, aliasesOf } = this.#options
    const { key } = question
    // The very same answer, kept already under another spelling: its time began then.
    if (this.#lru.get(key)?.answer === answer) return
    const aliases = aliasesOf(answer).filter((alias) => alias !== key)
    let bytes = ENTRY_BYTES + key.length + bytesOf(answer)
    for (const alias of aliases) bytes += alias.length
    this.#absences.delete(key)
    for (const alias of aliases) this.#absences.delete(alias)
    const life = lifeOf(askedAt, ttlMs(question), rules, random)
    this.#lru.set(key, { answer, life, attempts: noAttempts() }, bytes, aliases)
  }

  #fail(question: Q, error: unknown): void {
    if (!this.#mayKeep(question)) return
    const { negativeTtlMs, rules, kindOf, now, random } = this.#options
    const kind = kindOf(error)
    if (kind === 'absent' && negativeTtlMs > 0) {
      const life = lifeOf(now(), negativeTtlMs, PLAIN, random)
      this.#absences.set(question.key, { error, life }, 1)
    }
    if (rules.staleMs === 0) return
    const held = this.#lru.get(question.key)
    if (held === undefined) return
    if (kind === 'transient') pauseAfterFailure(held.attempts, now(), random)
    // AWS has spoken: from its expiry on this answer is not to be given to anybody.
    else held.life = { ...held.life, goneAt: held.life.expiresAt }
  }
}
