import { Absences } from './absences.ts'
import { Coalescer, type Flight } from './coalesce.ts'
import {
  endedAtExpiry,
  freshnessAt,
  isFresh,
  lifeOf,
  noAttempts,
  pauseAfterFailure,
  type FreshnessRules,
} from './freshness.ts'
import { Knowledge, type Requested } from './knowledge.ts'
import { Lru } from './lru.ts'
import { Revalidation, type Held } from './revalidation.ts'

export { PREFETCH_WAIT_MS } from './coalesce.ts'
export type { Requested } from './knowledge.ts'

/** What a call is made for. */
export type Purpose = 'read' | 'refresh' | 'ahead' | 'behind'

export interface ReadThroughOptions<Q, A> {
  /** Most answers held; 0 holds none, and misses still coalesce. */
  readonly capacity: number
  /** Most bytes of all answers held; a larger one is answered and not held. */
  readonly maxBytes: number
  /** How many of `maxBytes` an answer takes. */
  bytesOf(answer: A): number
  /** Most bytes that the answer to this question may take; a larger one is answered and not held. */
  mostBytes(question: Q): number
  /** Further keys under which an answer is found. */
  aliasesOf(answer: A): readonly string[]
  /**
   * How long the answer of a substitute, such as a replica, may be kept, in milliseconds. Undefined for any other
   * answer.
   */
  substituteMs(answer: A): number | undefined
  /** What the question is about: names that are the same in all its spellings, and in those of its other versions. */
  subjectsOf(question: Q): readonly string[]
  /** Whether two subjects have something in common. */
  overlap(one: string, other: string): boolean
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
  /** Epoch milliseconds: since when the process has run without a pause that may have cost it its connections. */
  wokeAt(): number
  /** Runs `action` once after so many milliseconds, unless what it returns is called before. */
  after(ms: number, action: () => void): () => void
  /** 0 to 1. */
  random(): number
  /**
   * `ahead`, `behind`: nobody waits for it, because a held answer is served, before its expiry or past it. A failure
   * of `ahead` needs no line in the log. `refresh`: an answer that was requested before will not do. `part` is to be
   * called before each further request that the answer is put together from.
   */
  fetch(question: Q, purpose: Purpose, part: () => Requested): Promise<A>
}

/** An answer that came beside another's. */
export interface Added {
  /** The call that brought it. */
  readonly requested: Requested
  /** It is kept only in the place of one that is held under one of its keys. */
  readonly isInPlace?: boolean
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

// A flight that takes longer was most likely cut by a freeze, so no new caller joins it.
const JOINABLE_FOR_MS = 30_000
/**
 * Bytes of an entry besides its keys and its answer: objects, links, a place in the Map. Together with the headers of
 * an answer (answer/answer.ts) 700 bytes are counted. Measured on Node 24: 100,000 entries took 650 each besides
 * their texts.
 */
const ENTRY_BYTES = 400

/**
 * A cache that fetches on a miss, with one call for many waiters. The rules of freshness are in freshness.ts, and what
 * is kept over what in knowledge.ts.
 */
export class ReadThrough<Q extends { readonly key: string }, A> {
  /** Answers that have come, since the start: to readers, to nobody yet, and beside another's. */
  answers = 0
  readonly #options: ReadThroughOptions<Q, A>
  readonly #lru: Lru<Held<A>>
  readonly #knowledge: Knowledge
  readonly #absences: Absences
  readonly #coalescer: Coalescer<Q, A>
  readonly #revalidation: Revalidation<Q, A>
  /** Made once for each question: a change is compared with all that are in flight. */
  readonly #subjects = new WeakMap<Q, readonly string[]>()
  #hits = 0
  #misses = 0

  constructor(options: ReadThroughOptions<Q, A>) {
    this.#options = options
    this.#lru = new Lru(options)
    this.#knowledge = new Knowledge(options.overlap)
    this.#absences = new Absences(options.negativeTtlMs, this.#knowledge)
    this.#coalescer = new Coalescer({
      now: options.now,
      request: () => this.request(),
      fetch: (question, isRefresh, part) => options.fetch(question, isRefresh ? 'refresh' : 'read', part),
      succeed: (flight, answer, isNewest) => this.#succeed(flight, answer, isNewest),
      fail: (flight, error, isNewest) => this.#fail(flight, error, isNewest),
      joinableForMs: (question) => Math.min(options.ttlMs(question) || JOINABLE_FOR_MS, JOINABLE_FOR_MS),
      wokeAt: options.wokeAt,
      after: options.after,
    })
    this.#revalidation = new Revalidation(options, {
      coalescer: this.#coalescer,
      peek: (question) => this.peek(question),
      isCurrent: (question, held) => this.#isCurrent(question, held),
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
   * a stale answer may be served instead; that comes at once, or after the wait that the rules allow. If nothing may be
   * kept, it is a `refresh`: then nobody may get an answer that was asked for before the question. `fetch` is how this
   * caller would fetch it, such as in a batch, instead of by the options' own; it is called at once or not at all.
   */
  load(question: Q, fetch?: () => Promise<A>): Promise<A> {
    if (!this.#mayKeep(question)) return this.refresh(question, fetch)
    const now = this.#options.now()
    const absence = this.#absences.read(question.key, now)
    if (absence !== undefined) return absence
    this.#misses++
    const held = this.#lru.get(question.key)
    const revalidated = held && this.#revalidation.load({ question, held, now, fetch })
    return revalidated ?? this.#coalescer.join(question, fetch)
  }

  /**
   * As `load`, but its answer is of a call that begins after this one. After a failure the old answer is still held;
   * after a success nothing that was requested before it came is, of all that has one of the question's subjects.
   */
  refresh(question: Q, fetch?: () => Promise<A>): Promise<A> {
    this.#misses++
    this.#absences.delete(question.key)
    return this.#coalescer.refresh(question, fetch)
  }

  /**
   * As `load`, uncounted and in the background: nobody waits for it, but callers who ask meanwhile, and those no longer
   * than `PREFETCH_WAIT_MS`.
   */
  prefetch(question: Q, fetch: () => Promise<A>): Promise<A> {
    return this.#coalescer.prefetch(question, fetch)
  }

  /** To be called before something is requested whose answers are to be added. */
  request(): Requested {
    return { order: this.#knowledge.next(), at: this.#options.now() }
  }

  /** Keeps an answer that came beside another's. */
  add(question: Q, answer: A, { requested, isInPlace = false }: Added): void {
    this.answers++
    if (this.#options.substituteMs(answer) !== undefined)
      return this.#keepSubstitute(question, answer, requested)
    const keys = [question.key, ...this.#aliasesOf(question, answer)]
    const { order } = requested
    if (this.#knowledge.isAnsweredSince(keys, order)) return
    const isHeld = isInPlace && keys.some((key) => this.#lru.get(key) !== undefined)
    this.#absences.answered(this.#subjectsOf(question), order)
    this.#learn(keys, order)
    const isCurrent = !this.#knowledge.isChangedSince(this.#subjectsOf(question), order)
    if (isCurrent && (isHeld || !isInPlace)) this.#keep(question, answer, requested)
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
   * What has one of these subjects may have changed at AWS. What is held of them is dropped, and so are all remembered
   * absences. What is in flight answers its waiters, and is neither kept nor joined.
   */
  changed(subjects: readonly string[]): void {
    this.#forgetOlder(subjects, this.#knowledge.next())
    this.#absences.clear()
  }

  /** Whether a stale answer would be served to a reader if AWS could not be asked. */
  hasStale(question: Q): boolean {
    const held = this.#lru.get(question.key)
    if (held === undefined) return false
    const freshness = freshnessAt(held.life, this.#options.now())
    return freshness === 'overdue' || freshness === 'stale'
  }

  /** Drops every answer; what is in flight answers its waiters and is not kept. */
  forget(): void {
    this.#lru.clear()
    this.#absences.clear()
    this.#coalescer.clear()
    this.#knowledge.forget()
  }

  stats(): CacheStats {
    return {
      hits: this.#hits,
      misses: this.#misses,
      coalesced: this.#coalescer.coalesced,
      evictions: this.#lru.evictions,
      refreshedAhead: this.#revalidation.refreshedAhead,
      stale: this.#revalidation.stale,
      negative: this.#absences.reads,
    }
  }

  /** Whether an answer to it is held under further keys, too. */
  hasAliases(question: Q): boolean {
    const held = this.#lru.get(question.key)
    return held !== undefined && this.#aliasesOf(question, held.answer).length > 0
  }

  /** The rare cases of `get`: a due answer is served and fetched anew; one past its expiry is not served here. */
  #isStillGood(question: Q, held: Held<A>, now: number): boolean {
    const freshness = freshnessAt(held.life, now)
    if (freshness === 'due') this.#revalidation.refreshAhead(question, held, now)
    if (freshness === 'gone') this.#lru.delete(question.key)
    return freshness === 'due'
  }

  /** Whether nothing is known that is newer than that, which may have been evicted. */
  #isCurrent({ key }: Q, held: Held<A>): boolean {
    const { subjects, order } = held
    if (this.#lru.get(key) === held) return true
    return !this.#knowledge.isChangedSince(subjects, order) && !this.#knowledge.isAnsweredSince([key], order)
  }

  #mayKeep(question: Q): boolean {
    return this.#options.capacity > 0 && this.#options.ttlMs(question) > 0
  }

  #succeed({ question, isRefresh, requested, parts }: Flight<Q>, answer: A, isNewest: boolean): void {
    this.answers++
    const { key } = question
    // The same answer is kept already, under another spelling. Its time began then.
    if (!isRefresh && this.#lru.get(key)?.answer === answer) return
    if (this.#options.substituteMs(answer) !== undefined) {
      if (isNewest) this.#keepSubstitute(question, answer, requested)
      return
    }
    const aliases = this.#aliasesOf(question, answer)
    const subjects = this.#subjectsOf(question)
    this.#absences.answered(subjects, requested.order)
    // Under its own key there is nothing newer while it is the newest flight.
    const isCurrent =
      isNewest &&
      !this.#knowledge.isAnsweredSince(aliases, requested.order) &&
      !this.#knowledge.isChangedSince(subjects, requested.order)
    // AWS may have looked at anything that was requested before this answer came earlier than at this.
    const order = isRefresh ? this.#knowledge.next() : requested.order
    // Where nothing is ever held, nothing is joined either that was requested before its reader came.
    if (isRefresh && this.#options.capacity > 0) this.#forgetOlder(subjects, order, parts)
    this.#learn([key, ...aliases], order)
    if (isCurrent) this.#keep(question, answer, { order, at: requested.at })
  }

  /**
   * Keeps for a while what another has answered who stands in: under the question's own key alone, and only where
   * nothing is held that may still be served, and nothing newer is known. It is no knowledge: it may be older than what
   * is held elsewhere.
   */
  #keepSubstitute(question: Q, answer: A, requested: Requested): void {
    const { key } = question
    const held = this.#lru.get(key)
    const isTaken =
      held !== undefined &&
      this.#options.substituteMs(held.answer) === undefined &&
      freshnessAt(held.life, this.#options.now()) !== 'gone'
    const isOutdated =
      this.#knowledge.isAnsweredSince([key], requested.order) ||
      this.#knowledge.isChangedSince(this.#subjectsOf(question), requested.order)
    if (!isTaken && !isOutdated) this.#keep(question, answer, requested)
  }

  /** Keeps an answer over which there is no knowledge. */
  #keep(question: Q, answer: A, { order, at }: Requested): void {
    const { rules: usual, random, ttlMs: usualMs, mostBytes, substituteMs } = this.#options
    const mostMs = substituteMs(answer)
    const ttlMs = Math.min(usualMs(question), mostMs ?? Infinity)
    const rules = mostMs === undefined ? usual : { ...usual, revalidateMs: 0, staleMs: 0 }
    const aliases = mostMs === undefined ? this.#aliasesOf(question, answer) : []
    const { key } = question
    const subjects = this.#subjectsOf(question)
    if (!this.#mayKeep(question)) return
    const bytes = this.#bytesOf(key, answer)
    if (bytes > mostBytes(question)) return
    // Freshness counts from the question, not from the answer: the sandbox may have been frozen between the two.
    const life = lifeOf(at, ttlMs, { rules, random })
    this.#lru.set(key, { answer, life, attempts: noAttempts(), order, subjects }, { bytes, aliases })
  }

  /** An answer of these keys is known: nothing older is held from now on, nor kept, nor joined. */
  #learn(keys: readonly string[], order: number): void {
    this.#knowledge.answered(keys, order)
    this.#coalescer.forgetOlder(keys, order)
    for (const key of keys) {
      const held = this.#lru.get(key)
      if (held !== undefined && held.order < order) this.#lru.delete(key)
    }
  }

  /** Of these subjects nothing that was requested before `order`, but `parts`, is held from now on, kept or joined. */
  #forgetOlder(subjects: readonly string[], order: number, parts?: ReadonlySet<number>): void {
    const knowledge = this.#knowledge
    knowledge.changed(subjects, order)
    this.#lru.deleteWhere(
      (held) =>
        held.order < order && parts?.has(held.order) !== true && knowledge.overlap(held.subjects, subjects),
    )
    this.#coalescer.forgetWhere(
      ({ question, requested }) =>
        requested.order < order && knowledge.overlap(this.#subjectsOf(question), subjects),
    )
  }

  #subjectsOf(question: Q): readonly string[] {
    let subjects = this.#subjects.get(question)
    if (subjects === undefined) {
      subjects = this.#options.subjectsOf(question)
      this.#subjects.set(question, subjects)
    }
    return subjects
  }

  #aliasesOf({ key }: Q, answer: A): string[] {
    return this.#options.aliasesOf(answer).filter((alias) => alias !== key)
  }

  #bytesOf(key: string, answer: A): number {
    let bytes = ENTRY_BYTES + key.length + this.#options.bytesOf(answer)
    for (const alias of this.#options.aliasesOf(answer)) if (alias !== key) bytes += alias.length
    return bytes
  }

  #fail({ question, requested, isAwaited }: Flight<Q>, error: unknown, isNewest: boolean): void {
    const { kindOf, now, random } = this.#options
    const kind = kindOf(error)
    const { key } = question
    // A refusal is known from then on, too. But what is held stays, until its time is over.
    if (kind !== 'transient') {
      this.#knowledge.answered([key], requested.order)
      this.#coalescer.forgetOlder([key], requested.order)
    }
    if (!isNewest || !this.#mayKeep(question)) return
    if (kind === 'absent' && isAwaited) {
      const subjects = this.#subjectsOf(question)
      this.#absences.remember(key, { error, subjects, order: requested.order }, now())
    }
    const held = this.#lru.get(key)
    if (held === undefined || held.order > requested.order) return
    if (kind === 'transient') pauseAfterFailure(held.attempts, now(), random)
    // AWS has refused, so this answer must not be served after its expiry.
    else held.life = endedAtExpiry(held.life)
  }
}
