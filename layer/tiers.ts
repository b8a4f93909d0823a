// JavaScriptCore compiles a function that has run some 4,000 times once more, by FTL, its last and best compiler. For a
// cache that comes too late and takes too much: each compilation stops a process with one processor for milliseconds, and
// the code is no faster for what we do. README.md, "Cold start", has the figures. The variable that turns FTL off acts
// before our code runs, and an extension cannot set it for itself. So the count at which it begins is put out of reach.

/**
 * How JavaScriptCore keeps four of its options' defaults: thresholdForOptimizeSoon, executionCounterIncrementForLoop,
 * executionCounterIncrementForEntry, thresholdForFTLOptimizeAfterWarmUp.
 */
const DEFAULTS = words(1_000, 1, 15, 64_000)
const NEVER = 1_000_000_000

/** Changes the executable in place. Throws unless the defaults are there exactly once, as another Bun might have them. */
export function withoutLastCompiler(executable: Buffer): void {
  const at = executable.indexOf(DEFAULTS)
  if (at === -1 || executable.includes(DEFAULTS, at + 1))
    throw new Error('the defaults of the compilers: not once in the executable')
  executable.writeUInt32LE(NEVER, at + 12)
}

function words(...values: readonly number[]): Buffer {
  return Buffer.from(new Uint32Array(values).buffer)
}
