import type { UpstreamSettings } from '../config/upstream.ts'
import type { UpstreamError } from '../errors.ts'
import type { Public } from '../public.ts'
import type { Credentials } from './credentials.ts'
import type { FailoverHooks } from './failover.ts'
import { queuedTooLong, toUpstreamError, type Operation } from './failure.ts'
import { waits, type CallKind, type Wait } from './transport/slots.ts'

// What holds for every call, whatever it asks.

/**
 * Called for each call when it is over; `error` is undefined for one that AWS has answered. `tookMs` is without the
 * time in which the call waited for a connection of its own.
 */
export type CallObserver = (tookMs: number, error: UpstreamError | undefined) => void

/** What the upstream part is joined with. */
export interface UpstreamHooks {
  readonly observe?: CallObserver | undefined
  /** Gets a line about the first TLS connection. */
  readonly debug?: ((line: Public) => void) | undefined
  /** Epoch milliseconds: what was requested before it is not waited for, because the process slept since. */
  readonly wokeAt: () => number
  /** Without it nothing fails over. */
  readonly failover?: FailoverHooks
}

export const NO_HOOKS: UpstreamHooks = { wokeAt: () => 0 }

/** Codes by which AWS calls credentials expired. */
export const EXPIRED_CODES = 'ExpiredToken(?:Exception)?|UnrecognizedClientException|InvalidClientTokenId'
const EXPIRED = new RegExp(`^(?:${EXPIRED_CODES})$`)
const NOT_YET = /^Signature not yet current/

/** Between two looks at a call that waits for a connection. */
const SOON_MS = 20

export interface Bound {
  readonly operation: Operation
  /** Nobody has requested it. */
  readonly isBackground: boolean
  readonly settings: UpstreamSettings
  /** Milliseconds for the whole call, retries included; 0: no bound. */
  readonly timeoutMs: number
  /** Milliseconds for the call without its wait for a connection. Undefined: no such bound. */
  readonly activeMs?: number | undefined
  readonly observe?: CallObserver | undefined
}

/** Bounds a call in time; after that its sockets are cut. Rejects with UpstreamError only. */
export async function bounded<T>(
  { operation, isBackground, settings, timeoutMs, activeMs, observe }: Bound,
  send: (abort: AbortSignal) => Promise<T>,
): Promise<T> {
  const abort = new AbortController()
  const kind: CallKind = isBackground ? 'background' : (operation.kind ?? 'read')
  const wait: Wait = { kind, waitedMs: 0, since: undefined }
  waits.set(abort.signal, wait)
  const timer = timeoutMs > 0 ? setTimeout(() => abort.abort(), timeoutMs) : undefined
  let isSilent = false
  let activeTimer: NodeJS.Timeout | undefined
  // The SDK's abort is not enough: fetching credentials does not listen to it.
  const aborted = new Promise<never>((_, reject) => {
    abort.signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true })
  })
  const startedAt = Date.now()
  const waitedMs = () => wait.waitedMs + (wait.since === undefined ? 0 : Date.now() - wait.since)
  if (activeMs !== undefined) boundActive(activeMs)
  const over = (error?: UpstreamError) => observe?.(Math.max(0, Date.now() - startedAt - waitedMs()), error)
  try {
    const answer = await Promise.race([send(abort.signal), aborted])
    over()
    return answer
  } catch (error) {
    const failure = failureOf(error)
    over(failure)
    throw failure
  } finally {
    clearTimeout(timer)
    clearTimeout(activeTimer)
  }

  /** Cuts the call when it has had a connection for `activeMs`. */
  function boundActive(leftMs: number): void {
    activeTimer = setTimeout(() => {
      const moreMs = activeMs! - (Date.now() - startedAt - waitedMs())
      if (moreMs > 0) return boundActive(Math.max(moreMs, SOON_MS))
      isSilent = true
      abort.abort()
    }, leftMs)
  }

  function failureOf(error: unknown): UpstreamError {
    const { maxConnections, maxAttempts } = settings
    const queuedMs = waitedMs()
    if (abort.signal.aborted && !isSilent && queuedMs * 2 > timeoutMs)
      return queuedTooLong(operation, { waitedMs: Math.min(queuedMs, timeoutMs), timeoutMs, maxConnections })
    const timedOutAfterMs = abort.signal.aborted ? (isSilent ? activeMs! : timeoutMs) : 0
    return toUpstreamError(operation, error, { timedOutAfterMs, maxAttempts })
  }
}

/**
 * Asks once more after either of two refusals. First: the credentials of the container endpoint have rotated, and AWS
 * calls the old ones expired. Second: the clock was wrong and is right again, as after a freeze. The SDK then
 * corrects its clock offset, but asks again by itself only if the correction is large.
 */
export async function withFreshCredentials<T>(credentials: Credentials, send: () => Promise<T>): Promise<T> {
  const used = await credentials.get()
  try {
    return await send()
  } catch (error) {
    if (!(error instanceof Error)) throw error
    if (error.name === 'InvalidSignatureException' && NOT_YET.test(error.message)) return send()
    if (!EXPIRED.test(error.name)) throw error
    const fresh = await credentials.replace(used).catch(() => undefined)
    if (fresh === undefined) throw error
    return send()
  }
}
