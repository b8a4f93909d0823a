import type { Requested } from './knowledge.ts'

// Coalesced misses: the first caller for a key leads, the others wait for its flight.
//
// Three rules keep it honest:
// - A flight is out of the map before its waiters wake, so a caller who retries at once starts a new one.
// - Only the flight that is still in the map when it ends is the newest. A refresh replaces an older read in the map.
//   The older read still answers its waiters, but can no longer overwrite what is kept.
// - A refresh never takes the answer of a read that began before it. The first refresh starts at once. Those that come
//   while it is in flight share one more flight, which starts when it ends: two calls, however many ask.
//
// A flight of a prefetch may stand behind many others, or behind calls that AWS does not answer. So who has joined one
// waits for a while, and then leads one.

/** How long a reader waits for a prefetch. Milliseconds: an attempt that is throttled, and the next, fit into it. */
export const PREFETCH_WAIT_MS = 2_000

/** A call whose answer many may wait for. */
export interface Flight<Q> {
  readonly question: Q
  readonly requested: Requested
  /** Somebody asked for an answer that is no older than the question. */
  readonly isRefresh: boolean
  /** Whether somebody waits for it. Nobody does for one in the background, until a reader joins it. */
  readonly isAwaited: boolean
  /** The places of requests that were made for it later on: those of a list's pages. */
  readonly parts: Set<number>
}

interface Inflight<Q, A> extends Flight<Q> {
  readonly answer: Promise<A>
  readonly isPrefetch: boolean
  isAwaited: boolean
  /** The refresh that follows this one. */
  following: Promise<A> | undefined
}

type Kind = Pick<Inflight<never, never>, 'isRefresh' | 'isAwaited' | 'isPrefetch'>

const READ: Kind = { isRefresh: false, isAwaited: true, isPrefetch: false }
const REFRESH: Kind = { isRefresh: true, isAwaited: true, isPrefetch: false }
const BACKGROUND: Kind = { isRefresh: false, isAwaited: false, isPrefetch: false }
const PREFETCH: Kind = { isRefresh: false, isAwaited: false, isPrefetch: true }

export interface CoalescerOptions<Q, A> {
  /** Epoch milliseconds. */
  now(): number
  /** To be called for each request. */
  request(): Requested
  /** `part` is to be called before each further request that the answer is put together from. */
  fetch(question: Q, isRefresh: boolean, part: () => Requested): Promise<A>
  /** A flight succeeded. `isNewest`: it was the newest for its key, and nobody has had it forgotten. */
  succeed(flight: Flight<Q>, answer: A, isNewest: boolean): void
  /** A flight failed. */
  fail(flight: Flight<Q>, error: unknown, isNewest: boolean): void
  /** Milliseconds. An older flight is not joined: a freeze has cut it, or its answer is from before one. */
  joinableForMs(question: Q): number
  /** Epoch milliseconds. A flight from before it is not joined: the process slept, and its connection may be dead. */
  wokeAt(): number
  /** Runs `action` once after so many milliseconds, unless what it returns is called before. */
  after(ms: number, action: () => void): () => void
}

export class Coalescer<Q extends { readonly key: string }, A> {
  /** Callers who shared another's flight, since the start. */
  coalesced = 0
  readonly #inflight = new Map<string, Inflight<Q, A>>()
  /** How many calls are under way, by key: also those that nobody joins any more. */
  readonly #underWay = new Map<string, number>()
  readonly #options: CoalescerOptions<Q, A>

  constructor(options: CoalescerOptions<Q, A>) {
    this.#options = options
  }

  /**
   * Joins the flight for this question, or leads a new one, by `fetch` where it is given. All waiters get the same
   * answer, or the same rejection.
   */
  join(question: Q, fetch = this.#own(question, false)): Promise<A> {
    const flight = this.#joinable(question)
    if (flight === undefined) return this.#lead(question, READ, fetch)
    this.coalesced++
    flight.isAwaited = true
    return flight.isPrefetch ? this.#joinInTime(question, flight) : flight.answer
  }

  /** Like `join`, but the answer is of a flight that starts no earlier. `fetch` is called now or not at all. */
  refresh(question: Q, fetch?: () => Promise<A>): Promise<A> {
    const flight = this.#joinable(question)
    const own = this.#own(question, true)
    if (flight === undefined || !flight.isRefresh) return this.#lead(question, REFRESH, fetch ?? own)
    if (flight.following === undefined) {
      const next = () => this.#lead(question, REFRESH, own)
      flight.following = flight.answer.then(next, next)
    } else {
      this.coalesced++
    }
    return flight.following
  }

  /** Leads a flight in the background for callers to join. Where one is in flight, its answer is returned instead. */
  lead(question: Q, fetch: (part: () => Requested) => Promise<A>): Promise<A> {
    return this.#joinable(question)?.answer ?? this.#lead(question, BACKGROUND, fetch)
  }

  /** The same for one of many that are fetched before anybody asks. */
  prefetch(question: Q, fetch: () => Promise<A>): Promise<A> {
    return this.#joinable(question)?.answer ?? this.#lead(question, PREFETCH, fetch)
  }

  isJoinable(question: Q): boolean {
    return this.#joinable(question) !== undefined
  }

  /** For how long, in milliseconds, the newest flight is under way; undefined if there is none, or it may be cut. */
  ageOf(key: string): number | undefined {
    const flight = this.#inflight.get(key)
    if (flight === undefined || flight.requested.at < this.#options.wokeAt()) return undefined
    const age = this.#options.now() - flight.requested.at
    return age < 0 ? undefined : age
  }

  /** Calls for this question that are under way, those included that nobody joins any more. */
  underWay({ key }: Q): number {
    return this.#underWay.get(key) ?? 0
  }

  /** Forgets every flight: each still answers its waiters, none is the newest any more. */
  clear(): void {
    this.#inflight.clear()
  }

  /** The same for those which that is said of. */
  forgetWhere(isOne: (flight: Flight<Q>) => boolean): void {
    for (const [key, flight] of this.#inflight) {
      if (isOne(flight)) this.#inflight.delete(key)
    }
  }

  /** The same for those under these keys that were requested before `order`. */
  forgetOlder(keys: readonly string[], order: number): void {
    for (const key of keys) {
      const flight = this.#inflight.get(key)
      if (flight !== undefined && flight.requested.order < order) this.#inflight.delete(key)
    }
  }

  #joinable(question: Q): Inflight<Q, A> | undefined {
    const age = this.ageOf(question.key)
    if (age === undefined || age >= this.#options.joinableForMs(question)) return undefined
    return this.#inflight.get(question.key)
  }

  #own(question: Q, isRefresh: boolean) {
    return (part: () => Requested): Promise<A> => this.#options.fetch(question, isRefresh, part)
  }

  #lead(
    question: Q,
    { isRefresh, isAwaited, isPrefetch }: Kind,
    fetch: (part: () => Requested) => Promise<A>,
  ): Promise<A> {
    const { request, succeed, fail } = this.#options
    const parts = new Set<number>()
    const requested = request()
    const answer = fetch(() => {
      const part = request()
      parts.add(part.order)
      return part
    }).then(
      (fetched) => {
        succeed(flight, fetched, this.#end(question.key, flight))
        return fetched
      },
      (error: unknown) => {
        fail(flight, error, this.#end(question.key, flight))
        throw error
      },
    )
    const flight: Inflight<Q, A> = {
      question,
      answer,
      requested,
      isRefresh,
      isAwaited,
      isPrefetch,
      parts,
      following: undefined,
    }
    this.#inflight.set(question.key, flight)
    this.#underWay.set(question.key, this.underWay(question) + 1)
    return answer
  }

  /** As the flight ends; where it takes too long, as that one does that is led then, if it is not earlier. */
  #joinInTime(question: Q, flight: Inflight<Q, A>): Promise<A> {
    return new Promise((resolve, reject) => {
      let isLate = false
      const cancel = this.#options.after(PREFETCH_WAIT_MS, () => {
        isLate = true
        const isNewest = this.#inflight.get(question.key) === flight
        const own = isNewest ? this.#lead(question, READ, this.#own(question, false)) : this.join(question)
        own.then(resolve, reject)
      })
      flight.answer.then(
        (answer) => {
          cancel()
          resolve(answer)
        },
        (error: unknown) => {
          cancel()
          if (!isLate) reject(error)
        },
      )
    })
  }

  /** Whether the flight was still the newest for its key. */
  #end(key: string, flight: Inflight<Q, A>): boolean {
    const others = (this.#underWay.get(key) ?? 1) - 1
    if (others === 0) this.#underWay.delete(key)
    else this.#underWay.set(key, others)
    return this.#inflight.get(key) === flight && this.#inflight.delete(key)
  }
}
