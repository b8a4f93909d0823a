// When the process last woke. Between two invocations Lambda freezes it, for milliseconds or for minutes, without an
// event. A connection with a call under way may be dead after that, and a timer takes ten seconds to find out. So while
// calls are under way the wall clock is read four times a second. Where that is a second late the process has slept, or
// was starved of its processor, which costs a reader one more call at worst.

const LOOK_EVERY_MS = 250
const SLEPT_MS = 1_000

export interface Wake {
  /** Epoch milliseconds of the latest waking that was noticed during a call; 0 if there was none. */
  wokeAt(): number
  /** Runs a call to AWS. */
  during<T>(call: () => Promise<T>): Promise<T>
}

/** `now` gives epoch milliseconds. */
export function createWake(now: () => number): Wake {
  let calls = 0
  let lookedAt = 0
  let wokeAt = 0
  let timer: NodeJS.Timeout | undefined

  function look(): void {
    const at = now()
    // Below zero the clock was set back, so how long it was is unknown.
    if (at - lookedAt < 0 || at - lookedAt > SLEPT_MS) wokeAt = at
    lookedAt = at
  }

  return {
    wokeAt() {
      if (calls > 0) look()
      return wokeAt
    },
    async during(call) {
      if (calls++ === 0) {
        lookedAt = now()
        timer = setInterval(look, LOOK_EVERY_MS).unref()
      }
      try {
        return await call()
      } finally {
        if (--calls === 0) clearInterval(timer)
      }
    },
  }
}
