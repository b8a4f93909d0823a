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
  /** How many of `maxBytes` an answer takes. */
  bytesOf(answer: A): number
  /** Further keys under which an answer is found. */
  aliasesOf(answer: A): readonly string[]
  /** How long an answer is fresh, in milliseconds from the moment it was asked for. 0: it is not kept. */
  ttlMs(question: Q): number
  readonly rules: FreshnessRules
  /** How long the absence of an answer is remembered, in milliseconds. 0: not at all. */
  readonly negativeTtlMs: number
  /** What a failure means. `transient`: AWS could not be asked now. `absent`: there is no such answer for us. */
  kindOf(error: unknown): 'transient' | 'absent' | 'other'
  /** The same answer, marked as stale. `ageMs` counts from the moment it was asked for. */
  asStale(answer: A, ageMs: number): A
  /** Epoch milliseconds by the wall clock: a monotonic one may stand still while the sandbox is frozen. */
  now(): number
  /** 0 to 1. */
  random(): number
  /**
   * `ahead`: nobody waits for it, so its failure is nothing to tell. `refresh`: an answer that was asked for before
   * will not do.
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

// A flight that takes longer was most likely cut by a freeze, so no new caller joins it.
const JOINABLE_FOR_MS = 30_000
/**
 * Bytes of an entry besides its keys and its answer: objects, links, a place in the Map. Together with the headers of
 * an answer (answer/answer.ts) 700 bytes are counted. Measured on Node 24: 100,000 entries took 650 each besides
 * their texts.
 */
const ENTRY_BYTES = 400
/** Most absences remembered. Names come from callers, and a loop over wrong names must not push out answers. */
const MOST_ABSENCES = 100

/** A cache that fetches on a miss, with one call for many waiters. The rules of freshness are in freshness.ts. */
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

  /** The answer within its time to live, or undefined. Every hit takes this path: no promise, no allocation. */
  get(question: Q): A | undefined {
    const held = this.#lru.get(question.key)
    if (held === undefined) return undefined
    const now = this.#options.now()
    if (!isFresh(held.life, now) && !this.#isStillGood(question, held, now)) return undefined
    this.#hits++
    return held.answer
  }

  /**
   * Fetches, together with all who ask the same, and keeps a success. Rejects with what `fetch` rejected with, unless
   * a stale answer may be served instead. If nothing may be kept, it is a `refresh`: then nobody may get an answer
   * that was asked for before the question.
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

  /**
   * As `load`, but its answer is of a call that begins after this one. After a failure the old answer is still held.
   */
  refresh(question: Q): Promise<A> {
    this.#misses++
    this.#absences.delete(question.key)
    return this.#coalescer.refresh(question)
  }

  /** As `load`, for an answer that is fetched elsewhere, such as in a batch. Callers who ask meanwhile wait for it. */
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

  /** To be called when an answer that may be held has grown: its bytes are counted anew, and others make room. */
  resize(question: Q, answer: A): void {
    if (this.#lru.get(question.key)?.answer !== answer) return
    this.#lru.resize(question.key, this.#bytesOf(question.key, answer))
  }

  /**
   * To be called when something may have changed at AWS: drops every answer that is one of those, and all remembered
   * absences. What is in flight answers its waiters and is not kept.
   */
  dropWhere(isOne: (answer: A) => boolean): void {
    this.#lru.deleteWhere(({ answer }) => isOne(answer))
    this.#absences.clear()
    this.#coalescer.clear()
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

  /** The rare cases of `get`: a due answer is served and fetched anew; a stale one is not served here. */
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
      () => undefined, // The answer is good for a while longer, and a later hit tries again.
    )
  }

  #staleOf(question: Q): Held<A> | undefined {
    if (this.#options.rules.staleMs === 0) return undefined
    const held = this.#lru.get(question.key)
    return held !== undefined && freshnessAt(held.life, this.#options.now()) === 'stale' ? held : undefined
  }

  /** After a failure: the stale answer, if there is one and the failure is transient. */
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

  // Freshness counts from the question, not from the answer: the sandbox may have been frozen between the two.
  #keep(question: Q, answer: A, askedAt: number): void {
    if (!this.#mayKeep(question)) return
    const { rules, random, ttlMs, aliasesOf } = this.#options
    const { key } = question
    // The same answer is kept already, under another spelling. Its time began then.
    if (this.#lru.get(key)?.answer === answer) return
    const aliases = aliasesOf(answer).filter((alias) => alias !== key)
    this.#absences.delete(key)
    for (const alias of aliases) this.#absences.delete(alias)
    const life = lifeOf(askedAt, ttlMs(question), rules, random)
    this.#lru.set(key, { answer, life, attempts: noAttempts() }, this.#bytesOf(key, answer), aliases)
  }

  #bytesOf(key: string, answer: A): number {
    let bytes = ENTRY_BYTES + key.length + this.#options.bytesOf(answer)
    for (const alias of this.#options.aliasesOf(answer)) if (alias !== key) bytes += alias.length
    return bytes
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
    // AWS has refused, so this answer must not be served after its expiry.
    else held.life = { ...held.life, goneAt: held.life.expiresAt }
  }
}
