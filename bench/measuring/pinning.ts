import { spawnSync } from 'node:child_process'
import { availableParallelism, cpus } from 'node:os'

// On which core a process may run.

const TASKSET = 'taskset'

/**
 * Servers have a core to themselves where there are two; the driver, both emulators and this process share the other.
 */
const SERVER_CORE = 0
const DRIVER_CORE = 1

export const canPin =
  availableParallelism() > DRIVER_CORE && spawnSync(TASKSET, ['--version']).error === undefined

/** The command on that core; unchanged where cores cannot be chosen. taskset executes it in its own place. */
export function pinned(command: readonly string[]): string[] {
  return canPin ? [TASKSET, '-c', String(SERVER_CORE), ...command] : [...command]
}

/** Lets this process, and what it starts from now on, run on every core. */
export function freeDriver(): void {
  if (canPin) spawnSync(TASKSET, ['-a', '-c', '-p', `0-${cpus().length - 1}`, String(process.pid)])
}

/** Moves this process, and what it starts from now on, to the driver's core. */
export function pinDriver(): void {
  if (canPin) spawnSync(TASKSET, ['-a', '-c', '-p', String(DRIVER_CORE), String(process.pid)])
}
