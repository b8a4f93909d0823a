import type { Public } from './public.ts'

/** A request we refuse ourselves: an ordinary value, not an exception. Made once per reason, at load. */
export interface Reject {
  readonly kind: 'reject'
  readonly status: 400 | 401 | 403 | 404 | 405 | 431 | 500
  /** Sent as `X-Amzn-ErrorType`. */
  readonly errorType: string
  readonly body: string
}

/**
 * AWS refused, failed or could not be reached. One instance rejects every waiter of a coalesced fetch, so nothing
 * may change it. Branch on `code`, never on text. It holds no part of a response body but AWS's own error message.
 */
export class UpstreamError extends Error {
  override readonly name = 'UpstreamError'
  /** Stable: AWS's error code (`AccessDeniedException`), or one of ours (`TimeoutError`, `ConnectionError`, …). */
  readonly code: Public
  /** One sentence for the `X-Amzn-ErrorMessage` header. */
  readonly reason: Public
  /** The whole story for the log, worded like the original's Go SDK. */
  readonly report: Public

  constructor(code: Public, reason: Public, report: Public) {
    super(report)
    this.code = code
    this.reason = reason
    this.report = report
  }
}
