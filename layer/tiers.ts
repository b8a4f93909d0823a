// JavaScriptCore compiles a function that has run some thousand times once more, by FTL, its last and best compiler. A
// cache beside a function is asked some thousand times in its life, and then that comes too late and takes too much:
// each compilation stops a process with one processor for milliseconds. So it begins after 16 times as many runs.
// docs/performance.md, "Cold start", has the figures. The variable for it acts before our code runs, and an extension
// cannot set it for itself. So the number in the executable is changed.

/**
 * How JavaScriptCore keeps four of its options' defaults: thresholdForOptimizeSoon, executionCounterIncrementForLoop,
 * executionCounterIncrementForEntry, thresholdForFTLOptimizeAfterWarmUp.
 */
const DEFAULTS = words(1_000, 1, 15, 64_000)
const LATE = 1_000_000

/**
 * Changes the executable in place. Throws unless the defaults are there exactly once, as another Bun might have them.
 */
export function delayLastCompiler(executable: Buffer): void {
  const at = executable.indexOf(DEFAULTS)
  if (at === -1 || executable.includes(DEFAULTS, at + 1))
    throw new Error('the defaults of the compilers: not once in the executable')
  executable.writeUInt32LE(LATE, at + 12)
}

function words(...values: readonly number[]): Buffer {
  return Buffer.from(new Uint32Array(values).buffer)
}
