// Joined misses: the first caller for a key leads, the others wait for its flight.
//
// Three rules keep it honest:
// - A flight is out of the map before its waiters wake, so a caller who retries at once starts a new one.
// - Only the flight that is still in the map when it lands is handed to `land`. A refresh takes the place of an
//   older read, so the older read still answers those who waited for it, but can no longer overwrite anything.
// - A read that began before a refresh was asked for never satisfies it. The first refresh starts at once; further
//   ones, while it flies, share one more flight that takes off when it lands: two calls, however many ask.

interface Flight<A> {
  readonly landing: Promise<A>
  /** Epoch milliseconds. */
  readonly startedAt: number
  readonly isRefresh: boolean
  queued: Promise<A> | undefined
}

export interface CoalescerOptions<Q, A> {
  /** Epoch milliseconds. */
  now(): number
  fetch(question: Q): Promise<A>
  /** The newest flight for this question succeeded; `startedAt` is when its answer was asked for. */
  land(question: Q, answer: A, startedAt: number): void
  /** A flight older than this is not joined: cut by a freeze, its answer would be from before. Milliseconds. */
  joinableForMs(question: Q): number
}

export class Coalescer<Q extends { readonly key: string }, A> {
  /** Callers who shared another's flight, since the start. */
  coalesced = 0
  readonly #flights = new Map<string, Flight<A>>()
  readonly #options: CoalescerOptions<Q, A>

  constructor(options: CoalescerOptions<Q, A>) {
    this.#options = options
  }

  get inflight(): number {
    return this.#flights.size
  }

  /** Joins the flight for this question, or leads one. All who wait get the same answer, or the same rejection. */
  join(question: Q): Promise<A> {
    const flight = this.#joinable(question)
    if (flight === undefined) return this.#takeOff(question, false)
    this.coalesced++
    return flight.landing
  }

  /** Like `join`, but the answer is of a flight that starts no earlier than this call. */
  refresh(question: Q): Promise<A> {
    const flight = this.#joinable(question)
    if (flight === undefined || !flight.isRefresh) return this.#takeOff(question, true)
    if (flight.queued === undefined) {
      const next = () => this.#takeOff(question, true)
      flight.queued = flight.landing.then(next, next)
    } else {
      this.coalesced++
    }
    return flight.queued
  }

  /** Forgets every flight: each still answers its waiters, none lands. */
  clear(): void {
    this.#flights.clear()
  }

  #joinable(question: Q): Flight<A> | undefined {
    const flight = this.#flights.get(question.key)
    if (flight === undefined) return undefined
    const age = this.#options.now() - flight.startedAt
    return age >= 0 && age < this.#options.joinableForMs(question) ? flight : undefined
  }

  #takeOff(question: Q, isRefresh: boolean): Promise<A> {
    const startedAt = this.#options.now()
    const landing = this.#options.fetch(question).then(
      (answer) => {
        if (this.#leave(question.key, flight)) this.#options.land(question, answer, startedAt)
        return answer
      },
      (error: unknown) => {
        this.#leave(question.key, flight)
        throw error
      },
    )
    const flight: Flight<A> = { landing, startedAt, isRefresh, queued: undefined }
    this.#flights.set(question.key, flight)
    return landing
  }

  /** Whether the flight was still the newest for its key. */
  #leave(key: string, flight: Flight<A>): boolean {
    return this.#flights.get(key) === flight && this.#flights.delete(key)
  }
}
