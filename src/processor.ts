// How much of a processor this process gets. While a function starts it has a whole one or more; after INIT a function
// of 128 MB has 7 % of one, in slices. No event says that INIT is over to an extension that registers for SHUTDOWN alone.

/** Work that took this many times its processor time has been waiting for a processor. */
const STARVED_RATIO = 3
/** Waiting that says nothing: for the disk, for a neighbour, for a clock that counts in ticks. */
const WAIT_MS = 30

/** Both in milliseconds from any origin. */
export interface Clocks {
  wallMs(): number
  cpuMs(): number
}

const ours: Clocks = {
  wallMs: () => performance.now(),
  cpuMs: () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1_000
  },
}

/**
 * The answer tells whether the work since it was last asked, or since the start, was kept from the processor; once so,
 * always so. For work without pause: a process that idles uses no processor either, and would look the same.
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
