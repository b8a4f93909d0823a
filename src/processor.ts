import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'

// How much of a processor this process gets. While a function starts it has a whole one or more; after INIT a
// function of 128 MB has 7 % of one, in slices. No event says that INIT is over to an extension that registers for
// SHUTDOWN alone.

/** Work that took so many times its processor time had to wait for a processor. */
const STARVED_RATIO = 3
/** Milliseconds of waiting that mean nothing: the disk, another process, or a clock that counts in ticks. */
const WAIT_MS = 30

/** Both in milliseconds from any origin. */
export interface Clocks {
  wallMs(): number
  cpuMs(): number
}

const ours: Clocks = {
  // Not by `performance`, which Node loads when it is first asked for.
  wallMs: () => process.uptime() * 1_000,
  cpuMs: () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1_000
  },
}

/**
 * Returns a function that tells whether the work since its last call, or since the start, had to wait for a processor.
 * Once true, it stays true. It is for work without pauses: an idle process would look the same.
 */
export function watchProcessor({ wallMs, cpuMs }: Clocks = ours): () => boolean {
  let wallAt = wallMs()
  let cpuAt = cpuMs()
  let isStarved = false
  return () => {
    const wallNow = wallMs()
    const cpuNow = cpuMs()
    isStarved ||= wallNow - wallAt > STARVED_RATIO * (cpuNow - cpuAt) + WAIT_MS
    wallAt = wallNow
    cpuAt = cpuNow
    return isStarved
  }
}

/** Between two looks whether the only processor is free, and until it is used all the same. */
const LOOK_MS = 10
const MOST_LOOKS = 100

/**
 * Resolves when nobody else wants the only processor of this machine, when a client wants this process, or after a
 * second. Where there are more processors, as for every function on Lambda, there is nothing to wait for: undefined.
 */
export function whenOthersRest(
  isWanted: () => boolean,
  processors = availableParallelism(),
  look: () => number = runnableTasks,
): Promise<void> | undefined {
  if (processors > 1 || !(look() > 1)) return undefined
  return new Promise((resolve) => {
    let looks = 0
    const timer = setInterval(() => {
      if (++looks < MOST_LOOKS && !isWanted() && look() > 1) return
      clearInterval(timer)
      resolve()
    }, LOOK_MS)
  })
}

/**
 * How many tasks of the whole host run or could run now, this one among them: proc_loadavg(5). In a container those of
 * its neighbours count, too, so the wait is bounded. 0 where nobody says.
 */
function runnableTasks(): number {
  try {
    return Number(/ (\d+)\//.exec(readFileSync('/proc/loadavg', 'latin1'))?.[1])
  } catch {
    return 0
  }
}
