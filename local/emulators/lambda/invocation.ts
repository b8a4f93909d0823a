import type { Barriers } from './barriers.ts'
import type { FunctionSettings } from './environment.ts'
import { invokeEvent } from './events.ts'
import type { ExtensionStates } from './extension-states.ts'

export interface Invocation {
  requestId: string
  /** Epoch milliseconds. */
  deadlineMs: number
}

export interface InvokeReport<T> {
  requestId: string
  result: T
  /** Until the function had answered. */
  respondedMs: number
  /** Until the INVOKE subscribers were done too: the billed time. */
  tookMs: number
}

/**
 * Releases the event, runs the function's code, and waits for it and for the next of each INVOKE subscriber; an
 * extension that registered for SHUTDOWN alone gets no event and is not waited for. Rejects with what `work` rejects
 * with, after that same wait, or at once with the failure of the environment.
 */
export async function runInvocation(
  states: ExtensionStates,
  barriers: Barriers,
  settings: FunctionSettings,
  invocation: Invocation,
  work: (invocation: Invocation) => Promise<unknown>,
): Promise<InvokeReport<unknown>> {
  const { requestId, deadlineMs } = invocation
  const startedAt = performance.now()
  const subscribers = states.subscribers('INVOKE')
  const event = invokeEvent(settings, requestId, deadlineMs)
  for (const extension of subscribers) states.release(extension, event)
  const code: { outcome?: PromiseSettledResult<unknown>; respondedMs: number } = { respondedMs: 0 }
  void Promise.allSettled([work(invocation)]).then(([outcome]) => {
    code.outcome = outcome
    code.respondedMs = performance.now() - startedAt
    barriers.changed()
  })
  await barriers.until(() => code.outcome !== undefined && states.areReady(subscribers))
  if (code.outcome?.status !== 'fulfilled') throw code.outcome?.reason
  const { outcome, respondedMs } = code
  return { requestId, result: outcome.value, respondedMs, tookMs: performance.now() - startedAt }
}
