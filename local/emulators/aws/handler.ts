// One request's way: envelope → operation → signature → answer → fault → wire.

import { type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'

import { type FaultPlan, deliver, distort, wait } from './faults.ts'
import type { Input } from './input.ts'
import { type Operation, findOperation } from './operations.ts'
import {
  type Answer,
  JSON_TYPE,
  type Service,
  ServiceError,
  failure,
  notAnOperation,
  success,
  xml,
} from './protocol.ts'
import type { RateLimits } from './rate.ts'
import type { Account } from './region.ts'
import type { Roles } from './roles.ts'
import { type Verifier, parseAuthorization, verify } from './signature.ts'
import { assumeRoleXml, callerIdentityXml, readQuestion, tokensOperation } from './tokens-api.ts'
import type { Traffic } from './traffic.ts'

/** More than any request of these operations may hold. */
const MOST_BODY_BYTES = 1024 * 1024

const FORM_TYPE = 'application/x-www-form-urlencoded'

export interface ServerParts {
  readonly account: Account
  readonly roles: Roles
  readonly verifier: Verifier
  readonly faults: FaultPlan
  readonly limits: RateLimits
  readonly traffic: Traffic
}

export function listener(parts: ServerParts): RequestListener {
  return (req, res) => {
    parts.traffic.begin(res)
    // The service's clock, by which AWS's clients correct their own.
    res.setHeader('Date', new Date(parts.verifier.now()).toUTCString())
    // Rejects when the caller goes away or a fault ends the socket. Nobody is left to answer.
    handle(parts, req, res).catch(() => res.destroy())
  }
}

async function handle(parts: ServerParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const body = await readBody(req)
  const target = findTarget(req)
  if ('status' in target) return send(res, target)
  const { service } = target
  const form = service === 'sts' ? new URLSearchParams(body.toString('utf8')) : undefined
  const input = form === undefined ? parse(body) : Object.fromEntries(form)
  const name = form?.get('Action') ?? target.name
  const outcome = await decide(parts, target, req, body, input)
  const names = namesIn(input ?? {})
  const claim = parseAuthorization(req.headers.authorization ?? '')
  // Recorded before it is sent, so that a test that waits for this call may change what the next one reads.
  parts.traffic.record(req, {
    service,
    operation: name,
    names,
    region: claim?.region,
    accessKeyId: claim?.accessKeyId,
    status: outcome.answer.status,
    error: outcome.error,
  })
  if (!outcome.refused && !parts.limits.allows(name)) {
    return send(res, distort({ kind: 'throttle' }, service, outcome.answer))
  }
  const fault = outcome.refused ? undefined : parts.faults.take(name, names, claim?.region)
  if (fault === undefined) return send(res, outcome.answer)
  await wait(fault)
  await deliver(fault, distort(fault, service, outcome.answer), res)
}

interface Target {
  readonly service: Service
  readonly name: string
  /** Undefined for those of STS, which are no operations on what a region holds. */
  readonly operation: Operation | undefined
}

function findTarget(req: IncomingMessage): Target | Answer {
  const [prefix = '', name = ''] = String(req.headers['x-amz-target'] ?? '').split('.')
  const type = req.headers['content-type']?.split(';')[0]?.trim()
  if (req.method === 'POST' && req.url === '/' && type === FORM_TYPE) {
    return { service: 'sts', name: '', operation: undefined }
  }
  if (req.method !== 'POST' || req.url !== '/' || type !== JSON_TYPE || name === '') return notAnOperation()
  const found = findOperation(prefix, name)
  return 'error' in found ? failure(found.service, found.error) : { ...found, name }
}

interface Outcome {
  readonly answer: Answer
  readonly error: string | undefined
  /** Refused before the operation. Faults do not apply to such a request. */
  readonly refused: boolean
}

async function decide(
  { verifier, account: own, roles }: ServerParts,
  { service, operation }: Target,
  req: IncomingMessage,
  body: Buffer,
  input: Input | undefined,
): Promise<Outcome> {
  let refused = true
  try {
    if (input === undefined) throw new ServiceError('SerializationException')
    const headers = req.headers as Record<string, string>
    const { region, accessKeyId } = await verify(verifier, service, {
      method: 'POST',
      path: '/',
      headers,
      body,
    })
    refused = false
    if (operation === undefined) {
      const form = new URLSearchParams(body.toString('utf8'))
      const text =
        tokensOperation(form) === 'AssumeRole'
          ? assumeRoleXml(roles.assume(readQuestion(form, accessKeyId), verifier.now()))
          : callerIdentityXml(own.id, roles.session(accessKeyId))
      return { answer: xml(200, text), error: undefined, refused }
    }
    const account = roles.session(accessKeyId)?.account ?? own
    const output = operation(account.region(region), input)
    const acceptsGzip = /\bgzip\b/.test(req.headers['accept-encoding'] ?? '')
    return { answer: success(service, output, acceptsGzip), error: undefined, refused }
  } catch (problem) {
    const error =
      problem instanceof ServiceError
        ? problem
        : new ServiceError('InternalFailure', String(problem), { status: 500 })
    return { answer: failure(service, error), error: error.code, refused }
  }
}

function send(res: ServerResponse, { status, headers, body }: Answer): void {
  res.writeHead(status, { ...headers, 'Content-Length': body.length })
  res.end(body)
}

function namesIn(input: Input): string[] {
  return [
    input['RoleArn'],
    input['SecretId'],
    input['Name'],
    input['Path'],
    input['SecretIdList'],
    input['Names'],
    input['ResourceId'],
  ]
    .flat()
    .filter((name) => typeof name === 'string')
}

function parse(body: Buffer): Input | undefined {
  try {
    const value: unknown = JSON.parse(body.length === 0 ? '{}' : body.toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Input) : undefined
  } catch {
    return undefined
  }
}

async function readBody(req: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of req as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MOST_BODY_BYTES) throw new Error('request body too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
