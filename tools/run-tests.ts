import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** One run of Node's test runner. */
export interface TestRun {
  /** The command with its arguments. */
  readonly command: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  /** Milliseconds after which it is ended: far more than it takes on a slow machine. */
  readonly withinMs: number
}

const ROOT = fileURLToPath(new URL('../', import.meta.url))

/**
 * Runs it in the project's folder, with our own output. Returns whether it was green. A file whose tests are over, and
 * whose process lives on, would be waited for without an end: the runner's own time limit is for tests alone. When it
 * is ended, the runner's `spec` reporter names what it waited for.
 */
export function runTests({ command: [program, ...args], env, withinMs }: TestRun): boolean {
  const { status, error } = spawnSync(program!, args, {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: withinMs,
  })
  const isLate = error !== undefined && 'code' in error && error.code === 'ETIMEDOUT'
  if (isLate) console.log(`\nended, because it was not done within ${withinMs / 60_000} minutes`)
  else if (error !== undefined) throw error
  return !isLate && status === 0
}
