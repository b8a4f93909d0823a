// The AWS JSON 1.1 envelope as the two services speak it: how values, errors and headers look on the wire.
// Shapes follow recorded traffic (google/go-cloud's *.replay files of March 2026): keys in alphabetical order,
// timestamps as JSON numbers in Java's exponent form, the error code in `__type` and in no header.

import { randomUUID } from 'node:crypto'
import { gzipSync } from 'node:zlib'

export type Service = 'secretsmanager' | 'ssm' | 'sts'

export const JSON_TYPE = 'application/x-amz-json-1.1'

/** What goes back for one request. */
export interface Answer {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: Buffer
}

export interface ErrorShape {
  readonly status?: number
  /** Secrets Manager's own errors say `Message`; Parameter Store and the authentication layer say `message`. */
  readonly key?: 'Message' | 'message'
}

/** An error AWS would answer with. Without a message the body has `__type` alone, as ParameterNotFound has. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError'
  readonly code: string
  readonly status: number
  readonly body: string

  constructor(code: string, message?: string, { status = 400, key = 'message' }: ErrorShape = {}) {
    super(message ?? code)
    this.code = code
    this.status = status
    this.body = JSON.stringify(message === undefined ? { __type: code } : { __type: code, [key]: message })
  }
}

/** JSON with sorted keys, absent members left out, and each Date as seconds in exponent form. */
export function encode(value: unknown): string {
  if (value instanceof Date) return exponent(value.getTime() / 1000)
  if (Array.isArray(value)) return '[' + value.map(encode).join(',') + ']'
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => JSON.stringify(key) + ':' + encode(member))
  return '{' + members.join(',') + '}'
}

/** `1773934315.403` becomes `1.773934315403E9`: Java's Double.toString for numbers this large. */
function exponent(seconds: number): string {
  const [digits, power] = seconds.toExponential().split('e+')
  return (digits!.includes('.') ? digits! : digits! + '.0') + 'E' + power!
}

export function success(service: Service, output: object, acceptsGzip: boolean): Answer {
  const body = Buffer.from(encode(output))
  const headers = envelope(service)
  if (service === 'secretsmanager') return { status: 200, headers, body }
  headers['Cache-Control'] = 'no-store'
  if (!acceptsGzip) return { status: 200, headers, body }
  headers['Content-Encoding'] = 'gzip'
  return { status: 200, headers, body: gzipSync(body) }
}

export function failure(service: Service | undefined, error: ServiceError): Answer {
  if (service === 'sts') return xmlFailure(error)
  return { status: error.status, headers: envelope(service), body: Buffer.from(error.body) }
}

/** An answer of a service that speaks XML. */
export function xml(status: number, body: string): Answer {
  return { status, headers: envelope('sts'), body: Buffer.from(body) }
}

/** The older protocol has names of its own for refused signatures, and 403 for them. */
const XML_CODES: Readonly<Record<string, string>> = {
  UnrecognizedClientException: 'InvalidClientTokenId',
  ExpiredTokenException: 'ExpiredToken',
  InvalidSignatureException: 'SignatureDoesNotMatch',
  IncompleteSignatureException: 'IncompleteSignature',
  MissingAuthenticationTokenException: 'MissingAuthenticationToken',
  ThrottlingException: 'Throttling',
}

function xmlFailure({ code, status, message }: ServiceError): Answer {
  const name = XML_CODES[code] ?? code
  const isRefused = name !== code && name !== 'Throttling'
  const text = message.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  return xml(
    isRefused ? 403 : status,
    `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <Error>
    <Type>Sender</Type>
    <Code>${name}</Code>
    <Message>${text}</Message>
  </Error>
  <RequestId>${randomUUID()}</RequestId>
</ErrorResponse>
`,
  )
}

/** What is answered where no JSON service is found: another method, content type or no target at all. */
export function notAnOperation(): Answer {
  return {
    status: 404,
    headers: { 'x-amzn-RequestId': randomUUID() },
    body: Buffer.from('<UnknownOperationException/>\n'),
  }
}

/** The headers that every JSON answer of a service carries. */
export function envelope(service: Service | undefined): Record<string, string> {
  const headers: Record<string, string> = {}
  if (service === 'ssm') headers['Server'] = 'Server'
  headers['Content-Type'] = service === 'sts' ? 'text/xml' : JSON_TYPE
  headers['x-amzn-RequestId'] = randomUUID()
  return headers
}
