import type { Queue } from './sockets.ts'

/**
 * So many at once, in the order in which they came. An agent bounds its connections itself, but not those that are still
 * being made when its `createConnection` answers later, as through a proxy.
 */
export class Slots {
  readonly #waiting: (() => void)[] = []
  #free: number

  constructor(count: number) {
    this.#free = count
  }

  /** Resolves with what gives the slot back, to be called once. Rejects when `signal` aborts the wait. */
  async take(queue: Queue | undefined, signal: AbortSignal | undefined): Promise<() => void> {
    if (this.#free > 0) this.#free--
    else await this.#wait(queue, signal)
    let isTaken = true
    return () => {
      if (!isTaken) return
      isTaken = false
      const next = this.#waiting.shift()
      if (next === undefined) this.#free++
      else next()
    }
  }

  async #wait(queue: Queue | undefined, signal: AbortSignal | undefined): Promise<void> {
    const since = Date.now()
    if (queue) queue.since = since
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push(resolve)
      signal?.addEventListener('abort', () => {
        const place = this.#waiting.indexOf(resolve)
        if (place === -1) return
        this.#waiting.splice(place, 1)
        reject(Object.assign(new Error('given up while it waited'), { name: 'AbortError' }))
      })
    })
    if (!queue) return
    queue.waitedMs += Date.now() - since
    queue.since = undefined
  }
}
