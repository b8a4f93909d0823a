import { setTimeout as sleep } from 'node:timers/promises'
import { type ShutdownReason, shutdownEvent } from './events.ts'
import type { ExtensionStates } from './extension-states.ts'
import type { SandboxProcess } from './sandbox-process.ts'

/** How one extension went down. */
interface ExtensionExit {
  name: string
  exitCode: number | null
  signal: NodeJS.Signals | null
  /** From the SHUTDOWN event to the end of the process; negative when it had ended before. */
  tookMs: number
  /** Ended by the host's SIGKILL: past the deadline, or not registered for SHUTDOWN. */
  killed: boolean
}

/**
 * The fields of the first extension (most environments have one; without any: exit code null, 0 ms), and all of
 * them in launch order.
 */
export interface ShutdownReport extends Omit<ExtensionExit, 'name'> {
  extensions: ExtensionExit[]
}

/**
 * SHUTDOWN to those that subscribed, SIGKILL to the others; at the deadline SIGKILL to the process groups of those
 * that are left. Lambda sends no other signal to an extension.
 */
export async function shutDown(
  processes: SandboxProcess[],
  states: ExtensionStates,
  reason: ShutdownReason,
  timeoutMs: number,
): Promise<ShutdownReport> {
  const startedAt = performance.now()
  const event = shutdownEvent(reason, Date.now() + timeoutMs)
  const subscribers = states.subscribers('SHUTDOWN')
  for (const extension of subscribers) states.release(extension, event)
  const exits = processes.map(async (sandboxProcess): Promise<ExtensionExit> => {
    const isSubscriber = subscribers.some((extension) => extension.name === sandboxProcess.name)
    const killed = await endBy(sandboxProcess, isSubscriber ? timeoutMs : 0)
    const { exitCode, signal, exitedAt } = await sandboxProcess.exited
    return { name: sandboxProcess.name, exitCode, signal, tookMs: exitedAt - startedAt, killed }
  })
  const extensions = await Promise.all(exits)
  await Promise.all(processes.map((sandboxProcess) => sandboxProcess.drained()))
  const [first] = extensions
  const { exitCode = null, signal = null, tookMs = 0, killed = false } = first ?? {}
  return { exitCode, signal, tookMs, killed, extensions }
}

/** Waits for the process to end by itself; true when it had to be killed. */
async function endBy(sandboxProcess: SandboxProcess, timeoutMs: number): Promise<boolean> {
  const timer = new AbortController()
  if (timeoutMs > 0) {
    const deadline = sleep(timeoutMs, undefined, { signal: timer.signal }).catch(() => undefined)
    await Promise.race([sandboxProcess.exited, deadline])
    timer.abort()
  }
  if (!sandboxProcess.isAlive) return false
  sandboxProcess.signal('SIGKILL')
  return true
}
