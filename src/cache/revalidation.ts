import type { Coalescer } from './coalesce.ts'
import {
  freshnessAt,
  isPaused,
  takeAttempt,
  type Attempts,
  type FreshnessRules,
  type Life,
} from './freshness.ts'
import type { Requested } from './knowledge.ts'

// What is served while AWS is asked for it anew: an answer that is due, overdue or stale (freshness.ts). Nobody waits
// for AWS in the first two cases, and in the third for a bounded time. The call goes on, and its answer is kept.

/** An answer that is held. */
export interface Held<A> {
  readonly answer: A
  life: Life
  readonly attempts: Attempts
  /** Its place among all requests; see knowledge.ts. */
  readonly order: number
  readonly subjects: readonly string[]
}

export interface RevalidationOptions<Q, A> {
  readonly rules: FreshnessRules
  kindOf(error: unknown): 'transient' | 'absent' | 'other'
  asStale(answer: A, ageMs: number): A
  now(): number
  after(ms: number, action: () => void): () => void
  fetch(question: Q, purpose: 'ahead' | 'behind', part: () => Requested): Promise<A>
}

/** A read of what is held. */
interface Read<Q, A> {
  readonly question: Q
  readonly held: Held<A>
  /** Epoch milliseconds. */
  readonly now: number
  /** See `ReadThrough.load`. */
  readonly fetch: (() => Promise<A>) | undefined
}

export interface RevalidationParts<Q extends { readonly key: string }, A> {
  readonly coalescer: Coalescer<Q, A>
  /** The answer within its time to live. */
  peek(question: Q): A | undefined
  /** Whether nothing is known that is newer than that answer. */
  isCurrent(question: Q, held: Held<A>): boolean
}

/**
 * Most calls for one question that are under way because of a held answer. A further one is made where a freeze may
 * have cut the first. Readers do not wait for the end of either, so without a bound each freeze could add one.
 */
const MOST_UNDER_WAY = 2

export class Revalidation<Q extends { readonly key: string }, A> {
  /** Answers that were fetched anew before they expired. */
  refreshedAhead = 0
  /** Reads that were given an answer past its expiry. */
  stale = 0
  readonly #options: RevalidationOptions<Q, A>
  readonly #parts: RevalidationParts<Q, A>

  constructor(options: RevalidationOptions<Q, A>, parts: RevalidationParts<Q, A>) {
    this.#options = options
    this.#parts = parts
  }

  /** Fetches in the background what is due. */
  refreshAhead(question: Q, held: Held<A>, now: number): void {
    if (this.#isRequested(question, held) || !takeAttempt(held.attempts, now)) return
    this.#askBehind(question, held, (part) => this.#options.fetch(question, 'ahead', part)).then(
      () => this.refreshedAhead++,
      () => undefined, // The answer is good for a while longer, and a later hit tries again.
    )
  }

  /** The answer to a read of what is past its expiry; undefined if it may not be served. Else as `ReadThrough.load`. */
  load(read: Read<Q, A>): Promise<A> | undefined {
    const freshness = freshnessAt(read.held.life, read.now)
    if (freshness === 'overdue') return this.#serveAtOnce(read)
    return freshness === 'stale' ? this.#askFirst(read) : undefined
  }

  /** It is asked for behind it, unless that is under way or has just failed. */
  #serveAtOnce({ question, held, now, fetch }: Read<Q, A>): Promise<A> {
    if (!isPaused(held.attempts, now) && !this.#isRequested(question, held)) {
      const own = (part: () => Requested) => this.#options.fetch(question, 'behind', part)
      this.#askBehind(question, held, fetch ?? own).catch(() => undefined) // A later read asks again.
    }
    return Promise.resolve(this.#asStale(held, now))
  }

  /** What AWS answers, if it does so soon; else what is held, and the call goes on. */
  #askFirst(read: Read<Q, A>): Promise<A> {
    const { question, held, now, fetch } = read
    const { coalescer } = this.#parts
    const waitMs = this.#options.rules.staleWaitMs - (coalescer.ageOf(question.key) ?? 0)
    const isCrowded = !coalescer.isJoinable(question) && coalescer.underWay(question) >= MOST_UNDER_WAY
    if (waitMs <= 0 || isCrowded || isPaused(held.attempts, now)) return this.#serveAtOnce(read)
    return this.#inTime(coalescer.join(question, fetch), waitMs, read)
  }

  #inTime(coming: Promise<A>, waitMs: number, { question, held }: Read<Q, A>): Promise<A> {
    return new Promise((resolve, reject) => {
      let isServed = false
      const serve = (): boolean => {
        const instead = isServed ? undefined : this.#standIn(question, held)
        if (instead !== undefined) resolve(instead)
        return (isServed ||= instead !== undefined)
      }
      const cancel = this.#options.after(waitMs, serve)
      coming.then(
        (answer) => {
          cancel()
          resolve(answer)
        },
        (error: unknown) => {
          cancel()
          if (this.#options.kindOf(error) !== 'transient' || !serve()) reject(error)
        },
      )
    })
  }

  /** For a reader who found that stale: what has come meanwhile, or it, unless more is known by now. */
  #standIn(question: Q, held: Held<A>): A | undefined {
    const newer = this.#parts.peek(question)
    if (newer !== undefined) return newer
    const now = this.#options.now()
    const freshness = freshnessAt(held.life, now)
    const isPast = freshness === 'overdue' || freshness === 'stale'
    return isPast && this.#parts.isCurrent(question, held) ? this.#asStale(held, now) : undefined
  }

  /** Whether it is being asked for, under any of its keys, or may not be asked for once more. */
  #isRequested(question: Q, { attempts: { requestedKey } }: Held<A>): boolean {
    const { coalescer } = this.#parts
    if (coalescer.ageOf(question.key) !== undefined || coalescer.ageOf(requestedKey) !== undefined)
      return true
    return coalescer.underWay(question) >= MOST_UNDER_WAY
  }

  #askBehind(question: Q, held: Held<A>, fetch: (part: () => Requested) => Promise<A>): Promise<A> {
    held.attempts.requestedKey = question.key
    return this.#parts.coalescer.lead(question, fetch)
  }

  #asStale({ answer, life }: Held<A>, now: number): A {
    this.stale++
    return this.#options.asStale(answer, now - life.storedAt)
  }
}
