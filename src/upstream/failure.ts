import { UpstreamError } from '../errors.ts'
import { say, shown, type Public } from '../public.ts'

// Any error of the SDK, a socket or the credentials endpoint becomes an UpstreamError here, and nowhere else.
//
// What an error says is not trusted. When the SDK cannot read a response, the error quotes a piece of it (V8's
// `JSON.parse` does, and the SDK hangs the whole response on it), so a message is shown only if AWS itself wrote it
// into an error response; everything else is reported in our own words, by the error's code. No cause is kept.

/** A call to AWS. */
export interface Operation {
  /** As the original's log names it. */
  readonly service: Public
  readonly name: Public
  /** Which connections it waits for; see transport/slots.ts. Default: those of reads. */
  readonly kind?: 'list' | 'passThrough'
}

/** The fields of an SDK or Node error that are looked at. Each may hold anything. */
interface Suspect {
  readonly name?: unknown
  readonly code?: unknown
  readonly message?: unknown
  /** The SDK sets it on an error that it read from an error response, and on no other. */
  readonly $fault?: unknown
  readonly $metadata?: {
    readonly httpStatusCode?: unknown
    readonly requestId?: unknown
    readonly attempts?: unknown
  }
}

interface Cause {
  /** The status of AWS's answer; 0 or absent if there was none. */
  readonly status?: number
  readonly code: Public
  readonly reason: Public
  /** How often AWS was asked. */
  readonly attempts?: number
}

const CONNECTION = say`ConnectionError`
const RESPONSE = say`ResponseError`
// Bun has the same code for a network that cannot be reached.
const REFUSED =
  process.versions['bun'] === undefined
    ? say`the connection was refused`
    : say`the connection was refused, or there is no route to it`

// The first match wins. The codes are those of Node and OpenSSL; Bun has its own names for some of them.
const TRANSPORT: readonly (readonly [errno: RegExp, code: Public, what: Public])[] = [
  [/^(ENOTFOUND|EAI_\w+)$/, CONNECTION, say`its name could not be resolved`],
  [/^(ECONNREFUSED|ConnectionRefused)$/, CONNECTION, REFUSED],
  [/^E(HOST|NET)(UNREACH|DOWN)$/, CONNECTION, say`there is no route to it`],
  [/^(ETIMEDOUT|ConnectionTimeout)$/, CONNECTION, say`there was no connection in time`],
  [/^EFBIG$/, RESPONSE, say`its answer is longer than 4 MiB`],
  [/^PROXY_REFUSED_/, CONNECTION, say`the proxy refused the connection`],
  [/^PROXY_/, CONNECTION, say`the proxy does not speak HTTP`],
  [/^HPE_|^Z_|^ERR_HTTP_/, RESPONSE, say`its response was not HTTP`],
  [/CERT|^ERR_(TLS|SSL|OSSL)_|^EPROTO$|^UNABLE_TO_|^CRL_/, say`TlsError`, say`TLS failed`],
  [/^(E[A-Z0-9]+|ERR_[A-Z_]+|Connection\w+)$/, CONNECTION, say`the connection broke`],
]

/** For errors that AWS sends without a message: Parameter Store's "not found" is the code alone. */
const UNSAID: ReadonlyMap<string, Public> = new Map([
  ['ParameterNotFound', say`The parameter does not exist in this account and region.`],
])

/** What went wrong, as one error that all waiters may share. */
export function toUpstreamError(
  operation: Operation,
  error: unknown,
  { timedOutAfterMs = 0, maxAttempts = 3 }: { timedOutAfterMs?: number; maxAttempts?: number } = {},
): UpstreamError {
  if (error instanceof UpstreamError) return error
  const suspect: Suspect = typeof error === 'object' && error !== null ? error : {}
  const status = numberOf(suspect.$metadata?.httpStatusCode)
  const attempts = numberOf(suspect.$metadata?.attempts)
  const requestId = wordOf(suspect.$metadata?.requestId) ?? say``
  const exhausted =
    attempts > 1 && attempts >= maxAttempts ? say`exceeded maximum number of attempts, ${attempts}, ` : say``
  const response = say`${exhausted}https response error StatusCode: ${status}, RequestID: ${requestId}`

  if (timedOutAfterMs > 0) {
    const reason = say`${operation.service} did not answer within ${timedOutAfterMs} ms`
    const code = say`TimeoutError`
    return failed(operation, { code, reason, attempts }, say`${response}, ${code}: ${reason}`)
  }
  // If the body names no error, as in a redirect of a proxy, the SDK calls it Unknown: it did not come from AWS.
  if (suspect.$fault !== undefined && status >= 300 && suspect.name !== 'Unknown') {
    const code = wordOf(suspect.name) ?? say`UnknownError`
    const reason = messageOf(suspect) ?? UNSAID.get(code) ?? say`AWS gave no message`
    const story = say`${response}, api error ${code}: ${reason}`
    return failed(operation, { code, reason, status, attempts }, story)
  }
  const cause = unanswered(operation, suspect, status)
  const stage = status > 0 ? say`deserialization failed` : say`request send failed`
  const story = say`${response}, ${stage}, ${cause.code}: ${cause.reason}`
  return failed(operation, { ...cause, attempts }, story)
}

/** AWS's own message. The SDK puts `UnknownError` in place of an empty one. */
function messageOf({ message }: Suspect): Public | undefined {
  return typeof message === 'string' && message !== '' && message !== 'UnknownError'
    ? shown(message)
    : undefined
}

/** A 200 that holds no answer. */
export function unreadable(operation: Operation): UpstreamError {
  return toUpstreamError(operation, { $metadata: { httpStatusCode: 200 } })
}

/** The question could not be sent at all. */
export function unasked(
  operation: Operation,
  code: 'RegionError' | 'EndpointError' | 'TlsError',
  why: Public,
) {
  return failed(operation, { code: shown(code), reason: why }, why)
}

/** The call's time was up, and most of it had gone by in our own queue. */
export function queuedTooLong(
  operation: Operation,
  { waitedMs, timeoutMs, maxConnections }: Record<'waitedMs' | 'timeoutMs' | 'maxConnections', number>,
): UpstreamError {
  const wait = say`waited ${waitedMs} of ${timeoutMs} ms for one of ${maxConnections} connections`
  const reason = say`${wait}: PARAMETERS_SECRETS_EXTENSION_MAX_CONNECTIONS`
  const code = say`TimeoutError`
  return failed(operation, { code, reason }, say`${code}: ${reason}`)
}

/** A list met one of the bounds in path.ts: AWS's answer is good, but not for us, and asking again does not help. */
export function listTooLong(operation: Operation, bound: Public): UpstreamError {
  const code = say`ListTooLong`
  const reason = say`the list was given up: ${bound}`
  return failed(operation, { code, reason, status: 400 }, say`${code}: ${reason}`)
}

/** The time for a whole list was up. */
export function listTooSlow(
  operation: Operation,
  { withinMs, count, items }: { withinMs: number; count: number; items: Public },
): UpstreamError {
  const code = say`TimeoutError`
  const reason = say`the list was not whole within ${withinMs} ms: ${count} ${items} had come`
  return failed(operation, { code, reason }, say`${code}: ${reason}`)
}

/** The credentials endpoint failed. `why` must not quote its answer. */
export function credentialsError(why: Public): UpstreamError {
  const report = say`failed to sign request: failed to retrieve credentials: ${why}`
  return new UpstreamError({ code: say`CredentialsError`, reason: why, report })
}

function failed(operation: Operation, cause: Cause, story: Public): UpstreamError {
  const name = say`operation error ${operation.service}: ${operation.name}`
  const report = say`${operation.name} request encountered an error: ${name}, ${story}`
  return new UpstreamError({ ...cause, report })
}

function unanswered(operation: Operation, suspect: Suspect, status: number): Cause {
  const service = operation.service
  const errno = wordOf(suspect.code) ?? say``
  for (const [pattern, code, what] of TRANSPORT) {
    if (pattern.test(errno)) return { code, reason: say`${service} could not be read: ${what} (${errno})` }
  }
  if (suspect.name === 'TimeoutError') {
    return { code: say`TimeoutError`, reason: say`${service} fell silent in the middle of a call` }
  }
  if (status > 0) {
    return {
      code: RESPONSE,
      status,
      reason: say`${service} answered ${status} with a body that is no answer of AWS`,
    }
  }
  const name = wordOf(suspect.name) ?? say`unknown error`
  return { code: say`InternalFailure`, reason: say`${service} could not be asked (${name})` }
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0
}

/** An error code or a request id: one word of plain characters, else nothing. */
export function wordOf(value: unknown): Public | undefined {
  return typeof value === 'string' && /^[\w.:-]{1,128}$/.test(value) ? shown(value) : undefined
}
