// Who may send: so many calls at once, in the order in which they came. An agent's own queue does not do: it does not
// bound connections that are still being made, as through a proxy, and on Bun what waits in it cannot be called back.

/**
 * What a call is for: a caller's read, a page of a list, a write or whatever else an SDK asks, or what nobody waits for
 * yet. Each kind has slots of its own: however slow its calls are, no call of another kind waits for them.
 */
export const CALL_KINDS = ['read', 'list', 'passThrough', 'background'] as const
export type CallKind = (typeof CALL_KINDS)[number]

/** How a call, all attempts together, waits for a slot. */
export interface Wait {
  readonly kind: CallKind
  /** Wall time. */
  waitedMs: number
  /** When the wait under way began. */
  since: number | undefined
}

/** Found by the call's abort signal, the only thing that the SDK passes on. */
export const waits = new WeakMap<object, Wait>()

interface Slot {
  /** Epoch milliseconds. */
  readonly takenAt: number
}

export class Slots {
  readonly #count: number
  readonly #wokeAt: () => number
  readonly #taken = new Set<Slot>()
  readonly #queue: ((slot: Slot) => void)[] = []

  /** A slot that was taken before `wokeAt`, in epoch milliseconds, does not count: its call may be dead. */
  constructor(count: number, wokeAt: () => number) {
    this.#count = count
    this.#wokeAt = wokeAt
  }

  /** Resolves with a function that gives the slot back. Rejects when `signal` aborts the wait. */
  async take(signal: AbortSignal | undefined, wait: Wait | undefined): Promise<() => void> {
    if (this.#taken.size >= this.#count) this.#giveBackOlder(this.#wokeAt())
    const slot = this.#taken.size < this.#count ? this.#open() : await this.#queued(signal, wait)
    return () => this.#giveBack(slot)
  }

  #open(): Slot {
    const slot = { takenAt: Date.now() }
    this.#taken.add(slot)
    return slot
  }

  #giveBack(slot: Slot): void {
    if (this.#taken.delete(slot)) this.#queue.shift()?.(this.#open())
  }

  #giveBackOlder(than: number): void {
    for (const slot of this.#taken) if (slot.takenAt < than) this.#giveBack(slot)
  }

  async #queued(signal: AbortSignal | undefined, wait: Wait | undefined): Promise<Slot> {
    const since = Date.now()
    if (wait) wait.since = since
    const slot = await new Promise<Slot>((resolve, reject) => {
      this.#queue.push(resolve)
      signal?.addEventListener('abort', () => {
        const place = this.#queue.indexOf(resolve)
        if (place === -1) return
        this.#queue.splice(place, 1)
        // The SDK makes no further attempt after it.
        reject(Object.assign(new Error('aborted while it waited'), { name: 'AbortError' }))
      })
    })
    if (wait) {
      wait.waitedMs += Date.now() - since
      wait.since = undefined
    }
    return slot
  }
}
