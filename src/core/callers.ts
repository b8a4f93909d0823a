/** Who waits for which question, so that one that nobody waits for any more is not sent. */
export class Callers {
  /** By the question's key. An empty set means that all have hung up. */
  readonly #waiting = new Map<string, Set<() => boolean>>()
  /** Keys of the questions whose call is under way. */
  readonly #asking = new Set<string>()

  /**
   * A caller waits for the answer to the question with this key; `isThere` tells, whenever asked, whether it still
   * does. Returns what to call when it has its answer or has hung up.
   */
  enter(key: string, isThere: () => boolean): () => void {
    const callers = this.#waiting.get(key) ?? new Set()
    this.#waiting.set(key, callers.add(isThere))
    return () => {
      callers.delete(isThere)
      // Without a call under way there is nothing to be given up, now or by who asks later.
      if (callers.size === 0 && !this.#asking.has(key)) this.#waiting.delete(key)
    }
  }

  /** False when somebody has waited, and nobody is there any more. */
  isWanted(key: string): boolean {
    const callers = this.#waiting.get(key)
    if (callers === undefined) return true
    for (const isThere of callers) if (isThere()) return true
    return false
  }

  /** To be called when a call begins. */
  asking(key: string): void {
    this.#asking.add(key)
  }

  /** To be called when the call is over: each who waited has the answer, or is gone. */
  settled(key: string): void {
    this.#asking.delete(key)
    this.#waiting.delete(key)
  }
}
