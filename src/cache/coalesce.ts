// Joined misses: the first caller for a key leads, the others wait for its flight.
//
// Three rules keep it honest:
// - A flight is out of the map before its waiters wake, so a caller who retries at once starts a new one.
// - Only the flight that is still in the map when it succeeds is handed to `keep`. A refresh replaces an older read in
//   the map. The older read still answers its waiters, but can no longer overwrite what is kept.
// - A refresh never takes the answer of a read that began before it. The first refresh starts at once. Those that come
//   while it is in flight share one more flight, which starts when it ends: two calls, however many ask.

interface Flight<A> {
  readonly answer: Promise<A>
  /** Epoch milliseconds. */
  readonly startedAt: number
  readonly isRefresh: boolean
  /** The refresh that follows this one. */
  following: Promise<A> | undefined
}

export interface CoalescerOptions<Q, A> {
  /** Epoch milliseconds. */
  now(): number
  fetch(question: Q, isRefresh: boolean): Promise<A>
  /** The newest flight for this question succeeded; `startedAt` is when its answer was asked for. */
  keep(question: Q, answer: A, startedAt: number): void
  /** The newest flight for this question failed. */
  fail(question: Q, error: unknown): void
  /** Milliseconds. A flight older than this is not joined: a freeze has cut it, or its answer is from before one. */
  joinableForMs(question: Q): number
}

export class Coalescer<Q extends { readonly key: string }, A> {
  /** Callers who shared another's flight, since the start. */
  coalesced = 0
  readonly #inflight = new Map<string, Flight<A>>()
  readonly #options: CoalescerOptions<Q, A>

  constructor(options: CoalescerOptions<Q, A>) {
    this.#options = options
  }

  /** Joins the flight for this question, or leads a new one. All waiters get the same answer, or the same rejection. */
  join(question: Q): Promise<A> {
    const flight = this.#joinable(question)
    if (flight === undefined) return this.#lead(question, false, this.#options.fetch(question, false))
    this.coalesced++
    return flight.answer
  }

  /** Like `join`, but the answer is of a flight that starts no earlier than this call. */
  refresh(question: Q): Promise<A> {
    const flight = this.#joinable(question)
    if (flight === undefined || !flight.isRefresh) {
      return this.#lead(question, true, this.#options.fetch(question, true))
    }
    if (flight.following === undefined) {
      const next = () => this.#lead(question, true, this.#options.fetch(question, true))
      flight.following = flight.answer.then(next, next)
    } else {
      this.coalesced++
    }
    return flight.following
  }

  /**
   * Registers a flight whose answer comes from elsewhere, for callers to join. If one is in flight already, nothing
   * changes and its answer is returned. `askedAt` is the epoch milliseconds at which the answer was asked for; now by
   * default.
   */
  lead(question: Q, answer: Promise<A>, askedAt = this.#options.now()): Promise<A> {
    return this.#joinable(question)?.answer ?? this.#lead(question, false, answer, askedAt)
  }

  isInflight(question: Q): boolean {
    return this.#joinable(question) !== undefined
  }

  /** Forgets every flight: each still answers its waiters, none is kept. */
  clear(): void {
    this.#inflight.clear()
  }

  #joinable(question: Q): Flight<A> | undefined {
    const flight = this.#inflight.get(question.key)
    if (flight === undefined) return undefined
    const age = this.#options.now() - flight.startedAt
    return age >= 0 && age < this.#options.joinableForMs(question) ? flight : undefined
  }

  #lead(question: Q, isRefresh: boolean, fetching: Promise<A>, startedAt = this.#options.now()): Promise<A> {
    const answer = fetching.then(
      (fetched) => {
        if (this.#end(question.key, flight)) this.#options.keep(question, fetched, startedAt)
        return fetched
      },
      (error: unknown) => {
        if (this.#end(question.key, flight)) this.#options.fail(question, error)
        throw error
      },
    )
    const flight: Flight<A> = { answer, startedAt, isRefresh, following: undefined }
    this.#inflight.set(question.key, flight)
    return answer
  }

  /** Whether the flight was still the newest for its key. */
  #end(key: string, flight: Flight<A>): boolean {
    return this.#inflight.get(key) === flight && this.#inflight.delete(key)
  }
}
