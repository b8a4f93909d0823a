// Who may send: so many calls at once, in the order in which they came. An agent's own queue does not do: it does not
// bound connections that are still being made, as through a proxy, and on Bun what waits in it cannot be called back.

/** How a call, all attempts together, waits for a slot. */
export interface Wait {
  /** Calls that are passed through have slots of their own: however slow they are, no read waits for them. */
  readonly isPassThrough: boolean
  /** Wall time. */
  waitedMs: number
  /** When the wait under way began. */
  since: number | undefined
}

/** Found by the call's abort signal, the only thing that the SDK passes on. */
export const waits = new WeakMap<object, Wait>()

export class Slots {
  readonly #queue: (() => void)[] = []
  #free: number

  constructor(count: number) {
    this.#free = count
  }

  /** Resolves with a function that gives the slot back. Rejects when `signal` aborts the wait. */
  async take(signal: AbortSignal | undefined, wait: Wait | undefined): Promise<() => void> {
    if (this.#free === 0) await this.#queued(signal, wait)
    else this.#free--
    let isTaken = true
    return () => {
      if (isTaken) this.#next()
      isTaken = false
    }
  }

  #next(): void {
    const next = this.#queue.shift()
    if (next === undefined) this.#free++
    else next()
  }

  async #queued(signal: AbortSignal | undefined, wait: Wait | undefined): Promise<void> {
    const since = Date.now()
    if (wait) wait.since = since
    await new Promise<void>((resolve, reject) => {
      this.#queue.push(resolve)
      signal?.addEventListener('abort', () => {
        const place = this.#queue.indexOf(resolve)
        if (place === -1) return
        this.#queue.splice(place, 1)
        // The SDK makes no further attempt after it.
        reject(Object.assign(new Error('aborted while it waited'), { name: 'AbortError' }))
      })
    })
    if (!wait) return
    wait.waitedMs += Date.now() - since
    wait.since = undefined
  }
}
