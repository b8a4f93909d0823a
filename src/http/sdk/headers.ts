// The headers of an AWS SDK's request, found in one pass over the raw list; see headers.ts.

export interface SdkHeaders {
  /** `X-Amz-Target`; empty when it is missing or came twice. */
  target: string
  /** `X-Amz-Security-Token`; empty when it is missing or came twice. */
  token: string
  /** The region in the credential scope of `Authorization`; empty when there is none. */
  region: string
  /** `amz-sdk-invocation-id`: the same for all attempts of a call; empty when there is none. */
  invocation: string
  /** Whether `amz-sdk-request` says that this is not the first attempt. */
  isRetry: boolean
}

const TARGET = 'x-amz-target'
const TOKEN = 'x-amz-security-token'
const AUTHORIZATION = 'authorization'
const INVOCATION = 'amz-sdk-invocation-id'
const REQUEST = 'amz-sdk-request'

export function readSdkHeaders(rawHeaders: readonly string[]): SdkHeaders {
  const seen: SdkHeaders = { target: '', token: '', region: '', invocation: '', isRetry: false }
  let targets = 0
  let tokens = 0
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!
    const value = rawHeaders[i + 1]!
    // No two of the names are of one length.
    switch (name.length) {
      case TARGET.length:
        if (name.toLowerCase() === TARGET) seen.target = ++targets === 1 ? value : ''
        break
      case TOKEN.length:
        if (name.toLowerCase() === TOKEN) seen.token = ++tokens === 1 ? value : ''
        break
      case AUTHORIZATION.length:
        if (name.toLowerCase() === AUTHORIZATION) seen.region = regionOf(value)
        break
      case INVOCATION.length:
        if (name.toLowerCase() === INVOCATION) seen.invocation = value
        break
      case REQUEST.length:
        if (name.toLowerCase() === REQUEST) seen.isRetry = /attempt=(?!1\b)\d/.test(value)
        break
      default:
    }
  }
  return seen
}

/** `AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/ssm/aws4_request, …` */
function regionOf(authorization: string): string {
  return /Credential=[^/,\s]+\/\d{8}\/([a-z0-9-]+)\//.exec(authorization)?.[1] ?? ''
}
