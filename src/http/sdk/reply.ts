import { toBytes } from '../../byte-string.ts'
import type { ServerResponse } from 'node:http'
import { WIRE_TYPE } from '../../answer/wire-shape.ts'
import type { UpstreamError } from '../../errors.ts'
import type { RawAnswer } from '../../raw-call.ts'
import type { ErrorReplies } from '../respond.ts'

// Answers to an AWS SDK, as AWS writes them. As in reply.ts, nothing here may throw.

interface WireError {
  readonly status: number
  readonly code: string
  readonly message: string
}

/** What AWS answers to a token that it does not know. */
export const BAD_TOKEN: WireError = {
  status: 400,
  code: 'UnrecognizedClientException',
  message: 'The security token included in the request is invalid.',
}

/** AWS JSON 1.1 names the error in `__type`, and every SDK reads `message`. */
export const SDK_ERRORS: ErrorReplies = {
  fail: (response, error) => sendError(response, wireError(error)),
  refuse: (response, { status, errorType, body }) =>
    sendError(response, { status, code: errorType, message: body }),
}

/**
 * Where the call goes is wrong, so that no further attempt can help. SDKs try no 400 again but those of their own
 * lists.
 */
const PERMANENT = /^(RegionError|EndpointError)$/

/** AWS's own error, or, where AWS did not answer, one that an SDK retries. */
function wireError({ status, code, reason }: UpstreamError): WireError {
  if (status >= 400) return { status, code, message: reason }
  return PERMANENT.test(code)
    ? { status: 400, code, message: reason }
    : { status: 503, code: 'ServiceUnavailable', message: reason }
}

/** `isLast`: the connection ends with the answer, because a body may follow that nobody will read. */
export function sendError(
  response: ServerResponse,
  { status, code, message }: WireError,
  isLast = false,
): void {
  const bytes = toBytes(JSON.stringify({ __type: code, message }))
  const headers = ['Content-Type', WIRE_TYPE, 'x-amzn-RequestId', globalThis.crypto.randomUUID()]
  sendRaw(response, { status, headers, bytes }, isLast ? ['Connection', 'close'] : [])
}

export function sendRaw(
  response: ServerResponse,
  { status, headers, bytes }: RawAnswer,
  further: readonly string[] = [],
): void {
  if (response.headersSent || response.destroyed) return
  response.writeHead(status, [...headers, 'Content-Length', String(bytes.length), ...further])
  response.end(bytes, 'latin1')
}
