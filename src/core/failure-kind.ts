import { UpstreamError } from '../errors.ts'

// What a failure means for the cache. Only AWS's error codes count; the sentences of its messages are never read.

/** The throttling codes that the AWS SDKs retry (@smithy/core, retry: `THROTTLING_ERROR_CODES`). */
const THROTTLED =
  /^(BandwidthLimitExceeded|EC2ThrottledException|LimitExceededException|PriorRequestNotComplete|ProvisionedThroughputExceededException|RequestLimitExceeded|RequestThrottled(Exception)?|SlowDown|ThrottledException|Throttling(Exception)?|TooManyRequestsException|TransactionInProgressException)$/
const UNREACHABLE = /^(ConnectionError|TimeoutError)$/
const ABSENT =
  /^(ResourceNotFoundException|ParameterNotFound|ParameterVersionNotFound|AccessDenied(Exception)?)$/

/** Whether it is AWS's error code for a caller that asks too often. */
export function isThrottling(code: string): boolean {
  return THROTTLED.test(code)
}

/**
 * `transient`: AWS could not be asked now, so what we hold may still be right. `absent`: there is no such value, or
 * we may not read it. `other`: all else, such as a deleted secret, a failed decryption, expired credentials or TLS.
 */
export function kindOfFailure(error: unknown): 'transient' | 'absent' | 'other' {
  if (!(error instanceof UpstreamError)) return 'other'
  const { code, status } = error
  if (status >= 500 || THROTTLED.test(code) || UNREACHABLE.test(code)) return 'transient'
  return ABSENT.test(code) ? 'absent' : 'other'
}
