import type { LambdaFailure } from './failure.ts'

interface Waiter {
  isReached: () => boolean
  pass: () => void
  fail: (failure: LambdaFailure) => void
}

/**
 * Points that the environment waits at: "all have registered", "all have asked for the next event". Whoever
 * changes a state calls `changed`; one failure breaks every barrier, the present ones and the later ones.
 */
export class Barriers {
  #waiters = new Set<Waiter>()
  #failure: LambdaFailure | undefined

  /** Resolves once `isReached()` holds; rejects with the failure of the environment, if that comes first. */
  until(isReached: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiters.add({ isReached, pass: resolve, fail: reject })
      this.changed()
    })
  }

  changed(): void {
    for (const waiter of this.#waiters) {
      if (this.#failure !== undefined) waiter.fail(this.#failure)
      else if (waiter.isReached()) waiter.pass()
      else continue
      this.#waiters.delete(waiter)
    }
  }

  break(failure: LambdaFailure): void {
    this.#failure ??= failure
    this.changed()
  }
}
