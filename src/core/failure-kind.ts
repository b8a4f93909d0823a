import { UpstreamError } from '../errors.ts'

// What a failure means for what is held. Only these words of AWS count; its sentences are never looked at.

/** The throttling codes that the AWS SDKs retry (@smithy/core, retry: `THROTTLING_ERROR_CODES`). */
const THROTTLED =
  /^(BandwidthLimitExceeded|EC2ThrottledException|LimitExceededException|PriorRequestNotComplete|ProvisionedThroughputExceededException|RequestLimitExceeded|RequestThrottled(Exception)?|SlowDown|ThrottledException|Throttling(Exception)?|TooManyRequestsException|TransactionInProgressException)$/
const UNREACHABLE = /^(ConnectionError|TimeoutError)$/
const ABSENT =
  /^(ResourceNotFoundException|ParameterNotFound|ParameterVersionNotFound|AccessDenied(Exception)?)$/

/**
 * `transient`: AWS could not be asked now, and says nothing of what we hold. `absent`: there is no such value, or it is
 * not for us. All else, such as a deleted secret, a failed decryption, expired credentials or TLS, is `other`.
 */
export function kindOfFailure(error: unknown): 'transient' | 'absent' | 'other' {
  if (!(error instanceof UpstreamError)) return 'other'
  const { code, status } = error
  if (status >= 500 || THROTTLED.test(code) || UNREACHABLE.test(code)) return 'transient'
  return ABSENT.test(code) ? 'absent' : 'other'
}
