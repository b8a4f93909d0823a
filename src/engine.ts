// What is told to the JavaScript engine while it runs, because what can be said at its start costs there. Both for
// memory that the engines do not give back; neither changes what anything answers.

/** So many hits show that there will be more. */
export const HOT_AFTER_HITS = 300
/** So many misses, twice what fills the largest cache, show that misses are the work here: TTL 0, or the cache off. */
export const HOT_AFTER_MISSES = 2_000

interface BunOnly {
  readonly unsafe?: { setJITPolicy?(scale: number): void }
}

const bun = (globalThis as { readonly Bun?: BunOnly }).Bun

/**
 * To be called when hits or misses are many. Bun's executable interprets everything until then (layer/executable.ts): a
 * miss runs all of the AWS SDK, and compiling that takes more memory, and for the first thousand misses more time, than
 * it saves. V8 then compiles with its best compiler what has run 2,000 times, instead of 3,000 times.
 */
export function compileHotCode(): void {
  bun?.unsafe?.setJITPolicy?.(1)
  setV8Flags('--invocation-count-for-turbofan=2000')
}

/**
 * Takes from V8 what costs more memory than it saves time: a young generation that grows (20 MB after 3,000 requests) and
 * the compiler in the middle, Maglev (26 MB after 1,000 misses). Not by flags at the start, and not before the SDK is
 * loaded: another set of flags makes V8 refuse the code caches of Node's own modules, which costs Node 22 8 ms of its
 * start (Node 24 none).
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
