// Settings of the JavaScript engine that are made while it runs, because flags at its start make the start slower. Both
// save memory that an engine would otherwise never give back. Neither changes any answer.

/** What the nodejs layer gives Node at its start. Measured on Node 24: docs/performance.md, "Cold start". */
export const NODE_FLAGS = ['--v8-pool-size=1']

/** After this many hits, more are to be expected. */
export const HOT_AFTER_HITS = 300
/** After this many misses, twice what fills the largest cache, misses are the usual case: TTL 0, or no cache. */
export const HOT_AFTER_MISSES = 2_000

interface BunOnly {
  readonly unsafe?: { setJITPolicy?(scale: number): void }
}

const bun = (globalThis as { readonly Bun?: BunOnly }).Bun

/**
 * To be called once hits or misses are many. Until then Bun's executable interprets everything (layer/executable.ts):
 * a miss runs all of the AWS SDK, and to compile that takes more memory, and for the first thousand misses more time,
 * than it saves. On V8 the optimizing compiler then starts after 2,000 runs of a function instead of 3,000.
 */
export function compileHotCode(): void {
  bun?.unsafe?.setJITPolicy?.(1)
  setV8Flags('--invocation-count-for-turbofan=2000')
}

/**
 * Turns off two things of V8 that cost more memory than they save time: a young generation that grows (20 MB after
 * 3,000 requests), and the middle compiler, Maglev (26 MB after 1,000 misses). It is not done by flags at the start,
 * and not before the SDK is loaded: with other flags V8 refuses the code caches of Node's own modules, which costs
 * Node 22 8 ms of its start (Node 24 none).
 */
export function keepMemorySmall(): void {
  setV8Flags('--semi-space-growth-factor=1', '--no-maglev')
}

/** A flag that V8 does not know is ignored. */
function setV8Flags(...flags: readonly string[]): void {
  if (bun !== undefined) return
  import('node:v8').then(
    ({ setFlagsFromString }) => flags.forEach((flag) => setFlagsFromString(flag)),
    () => undefined,
  )
}
