// Settings of the JavaScript engine that are made while it runs, because flags at its start make the start slower. They
// save memory that an engine would otherwise never give back, and processor time. None changes an answer. What each is
// worth is in docs/performance.md; `engine.test.ts`, and `layer/engine.test.ts` for Bun, see that each has its effect.

/** What the nodejs layer gives Node at its start. Measured on Node 24: docs/performance.md, "Cold start". */
export const NODE_FLAGS = ['--v8-pool-size=1']

export interface Engine {
  /** To be called at the first hit. Returns how many hits later it is to be called again; 0: never. Does not throw. */
  onHit(): number
  /** To be called at each miss. Does not throw. */
  onMiss(): void
  /** To be called when a miss was answered with a body of so many bytes. Does not throw. */
  onAnswer(bytes: number): void
  /** To be called when what answers requests is loaded and warm; resolves when the engine's settings are made. */
  settle(): Promise<void>
}

/** Megabytes of a function's memory below which memory counts for more than the time of a miss. */
const SMALL_MB = 256

/** `functionMemoryMb` is that of the whole sandbox; undefined outside Lambda. */
export function createEngine(functionMemoryMb: number | undefined): Engine {
  const isSmall = functionMemoryMb !== undefined && functionMemoryMb < SMALL_MB
  return bun === undefined ? createV8(isSmall) : createJavaScriptCore(bun, isSmall)
}

/** So many hits from the first on decide what belongs to the way of a hit: a function has run 16 times by then. */
export const V8_HITS = 60

// V8 writes two lines to the log about a flag that it does not know. These are in Node 20 to 26.
const V8_FLAGS = {
  // A young generation that grows takes 20 MB after 3,000 requests; the middle compiler, Maglev, 26 MB after 1,000
  // misses.
  always: ['--semi-space-growth-factor=1', '--no-maglev'],
  // The old generation is collected when it has grown by a third, not fourfold.
  small: ['--optimize-for-size'],
}
/**
 * Runs of a function before V8's best compiler takes it. `others` is what Node 24 has while Maglev is on. V8 multiplies
 * the number by the bytes of a function's bytecode, of which it compiles at most 60 KB, in 32 bits: from 35,000 on the
 * product can overflow, and then V8 compiles long functions at once.
 */
const RUNS = { hits: 1_500, others: 10_000 }
const compileAfter = (runs: number): string => `--invocation-count-for-turbofan=${runs}`
/** Node 20, whose V8 is 11.3, does not know that flag. */
const FIRST_V8 = 12

/**
 * V8's best compiler takes a function after so many runs, and that number is noted when the function has run 16 times:
 * a later change comes too late for it. The way of a hit is to be compiled early. A miss runs all of the AWS SDK, and
 * to compile that early costs more than it saves: a fifth more processor for the first 1,000. So the number is low
 * while the first hits run.
 *
 * Nothing is set before the SDK is loaded: with other flags V8 refuses the code caches of Node's own modules, which
 * costs Node 22 8 ms of its start (Node 24 none).
 */
function createV8(isSmall: boolean): Engine {
  let set: ((flag: string) => void) | undefined
  let areHits = false
  const isCounting = Number.parseInt(process.versions.v8) >= FIRST_V8
  return {
    onHit() {
      if (!isCounting) return 0
      if (set === undefined) return 1
      set(compileAfter(areHits ? RUNS.others : RUNS.hits))
      areHits = !areHits
      return areHits ? V8_HITS : 0
    },
    onMiss: () => undefined,
    onAnswer: () => undefined,
    settle: () =>
      import('node:v8').then(
        ({ setFlagsFromString }) => {
          set = (flag) => setFlagsFromString(flag)
          V8_FLAGS.always.forEach(set)
          if (isCounting) set(compileAfter(RUNS.others))
          if (isSmall) V8_FLAGS.small.forEach(set)
        },
        () => undefined,
      ),
  }
}

interface BunOnly {
  gc?(isNow: boolean): void
  readonly unsafe?: { setJITPolicy?(scale: number): void }
}

const bun = (globalThis as { readonly Bun?: BunOnly }).Bun

/** After this many hits, more are to be expected. */
const BUN_HITS = 300
/** After this many misses, twice what fills the largest cache, misses are the usual case: TTL 0, or no cache. */
const BUN_MISSES = 2_000
/** Bytes of answers. Each leaves several times its own size behind. */
const COLLECTED_BYTES = 4 * 1024 * 1024

/**
 * The executable interprets everything (layer/executable.ts) until hits or misses are many: a miss runs all of the AWS
 * SDK, and to compile that takes more memory, and for the first thousand misses more time, than it saves. Beside a
 * small function misses compile nothing, and garbage is collected by the bytes of the answers.
 */
function createJavaScriptCore({ unsafe, gc }: BunOnly, isSmall: boolean): Engine {
  let isFirstHit = true
  let misses = 0
  let bytes = 0
  const compile = (): void => unsafe?.setJITPolicy?.(1)
  return {
    onHit() {
      if (!isFirstHit) compile()
      const hitsToGo = isFirstHit ? BUN_HITS - 1 : 0
      isFirstHit = false
      return hitsToGo
    },
    onMiss() {
      if (!isSmall && ++misses === BUN_MISSES) compile()
    },
    onAnswer(ofAnswer) {
      if (!isSmall) return
      bytes += ofAnswer
      if (bytes < COLLECTED_BYTES) return
      bytes = 0
      // Not before the answer is sent.
      setTimeout(() => gc?.(true), 0)
    },
    settle: () => Promise.resolve(),
  }
}
