import { say, shown, type Public } from './public.ts'

/** Why we refuse a request: an ordinary value, not an exception. There is one per reason, made at load. */
export interface Reject {
  readonly kind: 'reject'
  readonly status: 400 | 401 | 403 | 404 | 405 | 431 | 500
  /** Sent as `X-Amzn-ErrorType`. */
  readonly errorType: string
  readonly body: string
}

export function reject(status: Reject['status'], errorType: string, body: string): Reject {
  return { kind: 'reject', status, errorType, body }
}

export function isReject(value: unknown): value is Reject {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'reject'
}

/**
 * AWS refused, failed or could not be reached. One instance rejects every waiter of a coalesced fetch, so nothing may
 * change it. Branch on `code`, never on text. Of a response body it holds AWS's own error message, and nothing else.
 */
export class UpstreamError extends Error {
  override readonly name = 'UpstreamError'
  /** Stable: AWS's error code (`AccessDeniedException`), or one of ours (`TimeoutError`, `ConnectionError`, …). */
  readonly code: Public
  /** One sentence for the `X-Amzn-ErrorMessage` header. */
  readonly reason: Public
  /** The whole story for the log, worded like the original's Go SDK. */
  readonly report: Public
  /** The status of AWS's answer; 0 if there was none. */
  readonly status: number
  /** How often AWS was asked; 0 where it was not asked, or where our own timeout ended the call. */
  readonly attempts: number

  constructor({ code, reason, report, status = 0, attempts = 0 }: UpstreamFailure) {
    super(report)
    this.code = code
    this.reason = reason
    this.report = report
    this.status = status
    this.attempts = attempts
  }
}

/** Whether AWS has refused a call with that status. What it answers otherwise, it may have done. */
export function isRefusal(status: number): boolean {
  return status >= 400 && status < 500
}

export interface UpstreamFailure extends Pick<UpstreamError, 'code' | 'reason' | 'report'> {
  readonly status?: number | undefined
  readonly attempts?: number | undefined
}

/** The fields of an error that are looked at. Code that threw it may have put anything there. */
interface Suspect {
  readonly name?: unknown
  readonly code?: unknown
  readonly message?: unknown
  readonly stack?: unknown
}

/** The class and code of any error. Not its message, which may quote the text that could not be read. Never throws. */
export function kindOf(error: unknown): Public {
  if (!(error instanceof Error)) return shown(typeof error)
  const { name, code }: Suspect = error
  const kind = typeof name === 'string' ? shown(name) : say`Error`
  // A DOMException, such as an AbortError, has a number.
  return typeof code === 'string' || typeof code === 'number' ? say`${kind} ${shown(String(code))}` : kind
}

/** The first line of the stack that is a place in code; empty where there is none. The message is cut out first. */
export function placeOf(error: unknown): Public {
  if (!(error instanceof Error)) return say``
  const { message, stack }: Suspect = error
  if (typeof stack !== 'string' || typeof message !== 'string') return say``
  return shown(/^\s+at .*$/m.exec(stack.replaceAll(message, ''))?.[0].trim() ?? '')
}
