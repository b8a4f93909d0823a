import type { Log } from '../log.ts'
import { say, shown, type Public } from '../public.ts'
import { ExtensionsApiError, type ExtensionsClient } from './extensions-api.ts'

// register → next → … → SHUTDOWN. Whatever the API does, the process goes on. Lambda reports an extension that exits,
// even with code 0, as `Extension.Crash`, and the customer's next invoke fails. So each refusal is logged, and the
// question is asked again after a growing pause.

export interface LifecycleOptions {
  readonly client: ExtensionsClient
  /** The base name of our file: Lambda takes a process with another name for an internal extension. */
  readonly name: string
  /** SHUTDOWN alone: INVOKE would delay every invoke, and Managed Instances refuse it. */
  readonly events: readonly string[]
  readonly log: Log
  /** Called with the account's id, if that is wanted; see extensions-api.ts. */
  readonly onAccount?: ((accountId: string) => void) | undefined
  /** Called once, when `register` is answered; the first `next` waits for what it returns. */
  onRegistered(): Promise<void> | undefined
  /** Called once, when the first `next` is out. Lambda's INIT waits for that, so what takes long belongs here. */
  onReady(): void
  /** Called at each INVOKE. The following `next` waits for what it returns. */
  onInvoke(): Promise<void> | undefined
}

export interface Shutdown {
  readonly reason: Public
  /** Epoch milliseconds; at this instant Lambda sends SIGKILL. */
  readonly deadlineAt: number
}

const RETRY_MS = 50
// Shorter than the 2 s that Lambda waits after SHUTDOWN, so that we ask in time once the API is back.
const RETRY_MAX_MS = 1_000

/** Resolves at SHUTDOWN, and never otherwise; never rejects. */
export async function live(options: LifecycleOptions): Promise<Shutdown> {
  const { client, name, events, log, onAccount, onRegistered, onReady, onInvoke } = options
  const identifier = await persistently(log, say`register`, () => client.register(name, events, onAccount))
  const held = onRegistered()
  if (held !== undefined) await held
  let isReady = false
  const onAsked = (): void => {
    if (!isReady) onReady()
    isReady = true
  }
  for (;;) {
    const event = await persistently(log, say`next`, () => client.next(identifier, onAsked))
    if (event.type === 'SHUTDOWN') return { reason: shown(event.reason), deadlineAt: event.deadlineAt }
    const awaited = onInvoke()
    if (awaited !== undefined) await awaited
  }
}

/** Calls until it succeeds, and waits twice as long after each failure. Equal failures in a row are logged once. */
async function persistently<T>(log: Log, verb: Public, call: () => Promise<T>): Promise<T> {
  let lastProblem: string | undefined
  for (let attempt = 0; ; attempt++) {
    try {
      const result = await call()
      if (attempt > 0) log.info(say`Extensions API: ${verb} succeeded at attempt ${attempt + 1}`)
      return result
    } catch (error) {
      const problem =
        error instanceof ExtensionsApiError ? say`${error.status} ${shown(error.code)}` : say`internal error`
      if (problem !== lastProblem) log.error(say`Extensions API: ${verb} failed: ${problem}. Trying again.`)
      lastProblem = problem
      await new Promise((resolve) => setTimeout(resolve, Math.min(RETRY_MS * 2 ** attempt, RETRY_MAX_MS)))
    }
  }
}
