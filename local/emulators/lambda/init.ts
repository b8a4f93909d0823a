import type { Barriers } from './barriers.ts'
import type { ExtensionStates } from './extension-states.ts'
import type { SandboxProcess } from './sandbox-process.ts'

/** Milliseconds since that extension's spawn, monotonic. */
interface ExtensionTimes {
  name: string
  pid: number
  events: string[]
  /** When the headers of its register request came in. */
  registeredAt: number
  /** When its first next came in. */
  readyAt: number
}

export interface InitReport {
  extensions: ExtensionTimes[]
  /** From the first spawn to the moment when Lambda would start the runtime. */
  registeredMs: number
  /** From the first spawn to the end of initialisation. */
  initMs: number
}

/**
 * The second part of init, after all have registered: the function's own code, the end of registration, and the wait
 * for every extension's first next. Rejects with what `functionInit` rejects with or with the failure of the
 * environment, whichever is first.
 */
export async function finishInit(
  states: ExtensionStates,
  barriers: Barriers,
  processes: SandboxProcess[],
  functionInit: () => Promise<void> = async () => {},
): Promise<InitReport> {
  const runtimeStartsAt = performance.now()
  const code: { outcome?: PromiseSettledResult<void> } = {}
  void Promise.allSettled([functionInit()]).then(([outcome]) => {
    code.outcome = outcome
    barriers.changed()
  })
  await barriers.until(() => code.outcome !== undefined)
  if (code.outcome?.status === 'rejected') throw code.outcome.reason
  states.close()
  await barriers.until(() => states.all.every((extension) => extension.readyAt !== undefined))
  const startedAt = processes[0]?.spawnedAt ?? runtimeStartsAt
  return {
    extensions: processes.map((sandboxProcess) => timesOf(sandboxProcess, states)),
    registeredMs: runtimeStartsAt - startedAt,
    initMs: performance.now() - startedAt,
  }
}

/** Whom init is waiting for, in words. */
export function latecomers(states: ExtensionStates): string {
  const late = states.all.filter((extension) => extension.readyAt === undefined)
  const words = late.map(
    ({ name, registeredAt }) =>
      `${name} has not ${registeredAt === undefined ? 'registered' : 'asked for next'}`,
  )
  return words.join(', ') || 'the function has not finished its own initialisation'
}

function timesOf({ name, pid, spawnedAt }: SandboxProcess, states: ExtensionStates): ExtensionTimes {
  const found = states.all.find((extension) => extension.name === name)
  const { events = [], registeredAt = NaN, readyAt = NaN } = found ?? {}
  return { name, pid, events, registeredAt: registeredAt - spawnedAt, readyAt: readyAt - spawnedAt }
}
