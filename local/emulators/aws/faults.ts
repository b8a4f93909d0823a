// Failures on demand. The true answer is made first, so a delayed answer holds the value of the moment when the request
// came. Then the chosen fault decides what the caller sees of it.

import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

import type { Fault, FaultMatch } from './fault.ts'
import { type Answer, type Service, ServiceError, envelope, failure } from './protocol.ts'

interface Rule {
  readonly match: FaultMatch
  readonly fault: Fault
  left: number
}

/** Faults with a count come first, in their order, like a script. After them the latest fault without a count holds. */
export class FaultPlan {
  #rules: Rule[] = []

  add(match: FaultMatch, fault: Fault, times: number): void {
    const rule = { match, fault, left: times }
    if (times === Infinity) this.#rules.push(rule)
    else this.#rules.splice(this.#scriptEnd(), 0, rule)
  }

  clear(): void {
    this.#rules = []
  }

  take(operation: string, names: readonly string[], region: string | undefined): Fault | undefined {
    const meets = ({ match }: Rule) =>
      (match.region === undefined || match.region === region) &&
      (match.operation === undefined || match.operation === operation) &&
      (match.name === undefined || names.includes(match.name))
    const script = this.#rules.slice(0, this.#scriptEnd()).find(meets)
    const rule = script ?? this.#rules.slice(this.#scriptEnd()).findLast(meets)
    if (rule === undefined) return undefined
    rule.left--
    this.#rules = this.#rules.filter(({ left }) => left > 0)
    return rule.fault
  }

  #scriptEnd(): number {
    const end = this.#rules.findIndex(({ left }) => left === Infinity)
    return end === -1 ? this.#rules.length : end
  }
}

export async function wait({ delayMs = 0, until }: Fault): Promise<void> {
  if (delayMs > 0) await sleep(delayMs, undefined, { ref: false })
  await until?.catch(() => undefined)
}

/** What the fault makes of the true answer, where a whole answer is still sent. */
export function distort(fault: Fault, service: Service, answer: Answer): Answer {
  if (fault.kind === 'error') return refuse(service, fault.code, fault.message, fault.status ?? 400)
  const kind = fault.kind ?? 'delay'
  switch (kind) {
    case 'throttle':
      return failure(service, new ServiceError('ThrottlingException', 'Rate exceeded'))
    case 'internal-error':
      return refuse(service, INTERNAL_ERROR[service], 'An error occurred on the server side.', 500)
    case 'unavailable':
      return failure(service, new ServiceError('ServiceUnavailable', 'Service Unavailable', { status: 503 }))
    case 'garbage':
      return plain(service, '{"ARN":"arn:aws:')
    case 'empty':
      return plain(service, '')
    case 'html':
      return plain(service, '<html><body>Sign in to continue</body></html>', { 'Content-Type': 'text/html' })
    case 'bad-gzip':
      return plain(service, 'not gzip', { 'Content-Encoding': 'gzip' })
    case 'delay':
    case 'reset':
    case 'reset-after-headers':
    case 'half-body':
    case 'hang':
    case 'drip':
      break
  }
  return answer
}

const INTERNAL_ERROR: Readonly<Record<Service, string>> = {
  secretsmanager: 'InternalServiceError',
  ssm: 'InternalServerError',
  sts: 'InternalFailure',
}

function refuse(service: Service, code: string, message: string | undefined, status: number): Answer {
  const key = service === 'secretsmanager' ? 'Message' : 'message'
  return failure(service, new ServiceError(code, message, { status, key }))
}

function plain(service: Service, body: string, headers: Record<string, string> = {}): Answer {
  return { status: 200, headers: { ...envelope(service), ...headers }, body: Buffer.from(body) }
}

/** Puts the answer on the wire the way the fault says. */
export async function deliver(fault: Fault, answer: Answer, res: ServerResponse): Promise<void> {
  const { status, headers, body } = answer
  if (fault.kind === 'hang') return
  if (fault.kind === 'reset') return reset(res)
  res.writeHead(status, { ...headers, 'Content-Length': body.length })
  if (fault.kind === 'drip') return drip(res, body, fault.pieceMs ?? 10)
  if (fault.kind === 'reset-after-headers') {
    res.flushHeaders()
    await flushed(res)
    return reset(res)
  }
  if (fault.kind === 'half-body') {
    await new Promise((done) => res.write(body.subarray(0, body.length >> 1), done))
    res.socket?.destroy()
    return
  }
  res.end(body)
}

async function drip(res: ServerResponse, body: Buffer, pieceMs: number): Promise<void> {
  const size = Math.max(1, Math.ceil(body.length / 16))
  for (let start = 0; start < body.length && !res.destroyed; start += size) {
    res.write(body.subarray(start, start + size))
    await sleep(pieceMs, undefined, { ref: false })
  }
  res.end()
}

function flushed(res: ServerResponse): Promise<unknown> {
  return new Promise((done) => res.socket?.write('', done) ?? done(undefined))
}

// RST where the platform can send one: not through TLS, where the caller sees the connection end without warning.
function reset(res: ServerResponse): void {
  const { socket } = res
  if (socket === null) return
  if ('encrypted' in socket) socket.destroy()
  else socket.resetAndDestroy()
}
