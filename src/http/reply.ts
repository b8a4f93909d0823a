import { STATUS_CODES, type ServerResponse } from 'node:http'
import type { Reject, UpstreamError } from '../errors.ts'
import { ORIGINAL_TYPE, type Body } from '../answer/answer.ts'
import { printable } from '../public.ts'

// Writes answers to the socket. Nothing here may throw: the functions are called in promise handlers, and an error
// there would be an unhandled rejection. A client that has gone away is no error.

/** For bodies that are ours alone. */
const OWN_TYPE = 'text/plain; charset=utf-8'
const ALLOWED = 'GET, HEAD'

/** The original's body for every upstream failure. Clients read the status as "not found", and match this text. */
const FAILED = 'an unexpected error occurred while executing request'

export function hit(response: ServerResponse, answer: Body): void {
  response.writeHead(200, answer.hitHeaders)
  response.end(answer.bytes, 'latin1')
}

export function miss(response: ServerResponse, answer: Body): void {
  if (!canAnswer(response)) return
  response.writeHead(200, answer.missHeaders)
  response.end(answer.bytes, 'latin1')
}

export function pong(response: ServerResponse): void {
  send(response, { status: 200, type: OWN_TYPE, body: 'healthy' })
}

/** In Prometheus' text format: https://prometheus.io/docs/instrumenting/exposition_formats/ */
export function metrics(response: ServerResponse, text: string): void {
  send(response, { status: 200, type: 'text/plain; version=0.0.4; charset=utf-8', body: text })
}

export function refuse(response: ServerResponse, reject: Reject): void {
  const headers = ['X-Amzn-ErrorType', reject.errorType]
  // The connection ends with the answer, because a body may follow that nobody will read.
  if (reject.status === 405) headers.push('Allow', ALLOWED, 'Connection', 'close')
  send(response, { status: reject.status, type: typeOf(reject), headers, body: reject.body })
}

export function fail(response: ServerResponse, error: UpstreamError): void {
  const { code, reason } = error
  const headers = ['X-Amzn-ErrorType', headerText(code), 'X-Amzn-ErrorMessage', headerText(reason)]
  send(response, { status: 400, type: ORIGINAL_TYPE, headers, body: FAILED })
}

/**
 * The same refusal as bytes, for a socket whose request `node:http` could not parse or will not answer. Where it may be
 * a HEAD the sentence is a header, and there is neither a body nor its length.
 */
export function refusalBytes(reject: Reject, mayBeHead: boolean): string {
  const { status, errorType, body } = reject
  const headers = mayBeHead ? ['X-Amzn-ErrorMessage', body] : headersOf(typeOf(reject), body)
  headers.push('X-Amzn-ErrorType', errorType)
  if (status === 405) headers.push('Allow', ALLOWED)
  headers.push('Connection', 'close', 'Date', new Date().toUTCString())
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`
  for (let i = 0; i < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`
  return `${head}\r\n${mayBeHead ? '' : body}`
}

/** The 401 is the original's, byte for byte. */
function typeOf({ status }: Reject): string {
  return status === 401 ? ORIGINAL_TYPE : OWN_TYPE
}

interface Reply {
  readonly status: number
  readonly type: string
  /** Name, value, name, value, … */
  readonly headers?: readonly string[]
  readonly body: string
}

function send(response: ServerResponse, { status, type, headers = [], body }: Reply): void {
  if (!canAnswer(response)) return
  response.writeHead(status, [...headersOf(type, body), ...headers])
  response.end(body)
}

/** Bodies here are our own ASCII sentences, so a character is a byte. */
function headersOf(type: string, body: string): string[] {
  return ['Content-Type', type, 'Content-Length', String(body.length)]
}

function canAnswer(response: ServerResponse): boolean {
  return !response.headersSent && !response.destroyed
}

/** A header that every client can read holds printable ASCII only. */
function headerText(text: string): string {
  return printable(text).trim()
}
