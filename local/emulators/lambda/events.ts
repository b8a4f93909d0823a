import { randomBytes, randomUUID } from 'node:crypto'
import type { FunctionSettings } from './environment.ts'
import type { ExtensionEvent } from './extension-states.ts'

/** Lower case, as seen on Lambda; its documentation prints capitals. */
export type ShutdownReason = 'spindown' | 'timeout' | 'failure'

/** An event for those that subscribed to INVOKE. `deadlineMs` is epoch milliseconds. */
export function invokeEvent(
  settings: FunctionSettings,
  requestId: string,
  deadlineMs: number,
): ExtensionEvent {
  const { region, accountId, functionName } = settings
  const body = {
    eventType: 'INVOKE',
    deadlineMs,
    requestId,
    invokedFunctionArn: `arn:aws:lambda:${region}:${accountId}:function:${functionName}`,
    tracing: { type: 'X-Amzn-Trace-Id', value: traceHeader() },
  }
  return {
    headers: { 'Content-Type': 'application/json', 'Lambda-Extension-Event-Identifier': randomUUID() },
    body: JSON.stringify(body),
  }
}

/**
 * Lambda sets no content type here, so its server sends the one that it guesses, and there is no event identifier.
 * An extension must read the body as JSON all the same.
 */
export function shutdownEvent(reason: ShutdownReason, deadlineMs: number): ExtensionEvent {
  const body = { eventType: 'SHUTDOWN', shutdownReason: reason, deadlineMs }
  return { headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body: JSON.stringify(body) }
}

function traceHeader(): string {
  const seconds = Math.floor(Date.now() / 1000).toString(16)
  return `Root=1-${seconds}-${randomHex(24)};Parent=${randomHex(16)};Sampled=0`
}

function randomHex(length: number): string {
  return randomBytes(length / 2).toString('hex')
}
