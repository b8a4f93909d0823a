import { UpstreamError } from '../errors.ts'

// What a failure means for the cache. Only AWS's error codes count; the sentences of its messages are never read.

/** The throttling codes that the AWS SDKs retry (@smithy/core, retry: `THROTTLING_ERROR_CODES`). */
const THROTTLED =
  /^(BandwidthLimitExceeded|EC2ThrottledException|LimitExceededException|PriorRequestNotComplete|ProvisionedThroughputExceededException|RequestLimitExceeded|RequestThrottled(Exception)?|SlowDown|ThrottledException|Throttling(Exception)?|TooManyRequestsException|TransactionInProgressException)$/
const UNREACHABLE = /^(ConnectionError|TimeoutError)$/
/** Of a call that was signed before a freeze, or by a clock that is wrong: AWS has not looked at what it asks. */
const SIGNED_AT_ANOTHER_TIME =
  /^(InvalidSignatureException|RequestExpired|RequestInTheFuture|RequestTimeTooSkewed|SignatureDoesNotMatch)$/
const ABSENT =
  /^(ResourceNotFoundException|ParameterNotFound|ParameterVersionNotFound|AccessDenied(Exception)?)$/

/** Whether it is AWS's error code for a caller that asks too often. */
export function isThrottling(code: string): boolean {
  return THROTTLED.test(code)
}

/**
 * Whether AWS could not be asked now: another region might answer. An operation that is not known (501) is no outage,
 * and neither is a refused signature, which is what a freeze in the middle of a call leads to.
 */
export function isOutage({ code, status }: UpstreamError): boolean {
  return (status >= 500 && status !== 501) || THROTTLED.test(code) || UNREACHABLE.test(code)
}

/**
 * `transient`: AWS could not be asked now, or did not look at the question, so what we hold may still be right.
 * `absent`: there is no such value, or we may not read it. `other`: all else, such as a deleted secret, a failed
 * decryption, expired credentials or TLS.
 */
export function kindOfFailure(error: unknown): 'transient' | 'absent' | 'other' {
  if (!(error instanceof UpstreamError)) return 'other'
  const { code, status } = error
  if (status >= 500 || isOutage(error) || SIGNED_AT_ANOTHER_TIME.test(code)) return 'transient'
  return ABSENT.test(code) ? 'absent' : 'other'
}
