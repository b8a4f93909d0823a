// Runs an hour in seconds: the clock jumps from one event to the next. It has one slot for each millisecond.

type Action = () => void

/** Promise reactions in the cache are nested a few levels deep. Each turn of the queue settles one level. */
const TURNS = 12

export class VirtualTime {
  readonly startedAt: number
  now: number
  readonly #slots: (Action[] | undefined)[] = []
  readonly #lastMs: number
  #at = 0

  /** `startedAt` is epoch milliseconds. Nothing that is due after `lengthMs` happens. */
  constructor(startedAt: number, lengthMs: number) {
    this.startedAt = startedAt
    this.now = startedAt
    this.#lastMs = lengthMs
  }

  /** Runs `action` after so many milliseconds, and at the earliest in the next millisecond. */
  after(delayMs: number, action: Action): void {
    const at = Math.max(this.#at + 1, this.#at + Math.round(delayMs))
    if (at > this.#lastMs) return
    const slot = (this.#slots[at] ??= [])
    slot.push(action)
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve))
  }

  /** Until the end, or until nothing is left to happen. */
  async run(): Promise<void> {
    await this.#settle()
    for (this.#at = 1; this.#at <= this.#lastMs; this.#at++) {
      const slot = this.#slots[this.#at]
      if (slot === undefined) continue
      this.#slots[this.#at] = undefined
      this.now = this.startedAt + this.#at
      for (const action of slot) action()
      await this.#settle()
    }
  }

  async #settle(): Promise<void> {
    for (let i = 0; i < TURNS; i++) await Promise.resolve()
  }
}
