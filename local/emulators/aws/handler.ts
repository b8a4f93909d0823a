// One request's way: envelope → operation → signature → answer → fault → wire.

import { type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'

import { type FaultPlan, deliver, distort, wait } from './faults.ts'
import type { Input } from './input.ts'
import { getParameter, getParameters, getParametersByPath } from './parameters-api.ts'
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
import type { Region } from './region.ts'
import type { Roles } from './roles.ts'
import { batchGetSecretValue, getSecretValue } from './secrets-api.ts'
import { type Verifier, parseAuthorization, verify } from './signature.ts'
import { assumeRoleXml, readQuestion } from './tokens-api.ts'
import type { Traffic } from './traffic.ts'
import {
  createSecret,
  deleteParameter,
  deleteSecret,
  describeSecret,
  putParameter,
  putSecretValue,
} from './writes-api.ts'

type Operation = (region: Region, input: Input) => object

const SERVICES: Readonly<
  Record<string, { service: Service; operations: Readonly<Record<string, Operation>> }>
> = {
  secretsmanager: {
    service: 'secretsmanager',
    operations: {
      GetSecretValue: getSecretValue,
      BatchGetSecretValue: batchGetSecretValue,
      CreateSecret: createSecret,
      DeleteSecret: deleteSecret,
      PutSecretValue: putSecretValue,
      DescribeSecret: describeSecret,
    },
  },
  AmazonSSM: {
    service: 'ssm',
    operations: {
      GetParameter: getParameter,
      GetParameters: getParameters,
      GetParametersByPath: getParametersByPath,
      PutParameter: putParameter,
      DeleteParameter: deleteParameter,
    },
  },
}

/** More than any request of these operations may hold. */
const MOST_BODY_BYTES = 1024 * 1024

const FORM_TYPE = 'application/x-www-form-urlencoded'

export interface ServerParts {
  readonly regions: ReadonlyMap<string, Region>
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
    // Rejects when the caller goes away or a fault ends the socket. Nobody is left who could be told.
    handle(parts, req, res).catch(() => res.destroy())
  }
}

async function handle(parts: ServerParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const body = await readBody(req)
  const target = findTarget(req)
  if ('status' in target) return send(res, target)
  const { service, name } = target
  const input =
    service === 'sts' ? Object.fromEntries(new URLSearchParams(body.toString('utf8'))) : parse(body)
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
  const fault = outcome.refused ? undefined : parts.faults.take(name, names)
  if (fault === undefined) return send(res, outcome.answer)
  await wait(fault)
  await deliver(fault, distort(fault, service, outcome.answer), res)
}

interface Target {
  readonly service: Service
  readonly name: string
  /** Undefined for AssumeRole, which is no operation on what a region holds. */
  readonly operation: Operation | undefined
}

function findTarget(req: IncomingMessage): Target | Answer {
  const [prefix = '', name = ''] = String(req.headers['x-amz-target'] ?? '').split('.')
  const type = req.headers['content-type']?.split(';')[0]?.trim()
  if (req.method === 'POST' && req.url === '/' && type === FORM_TYPE) {
    return { service: 'sts', name: 'AssumeRole', operation: undefined }
  }
  if (req.method !== 'POST' || req.url !== '/' || type !== JSON_TYPE || name === '') return notAnOperation()
  const known = Object.hasOwn(SERVICES, prefix) ? SERVICES[prefix] : undefined
  const operation = known && Object.hasOwn(known.operations, name) ? known.operations[name] : undefined
  if (known === undefined || operation === undefined) {
    return failure(known?.service, new ServiceError('UnknownOperationException'))
  }
  return { service: known.service, name, operation }
}

interface Outcome {
  readonly answer: Answer
  readonly error: string | undefined
  /** Refused before the operation. Faults do not apply to such a request. */
  readonly refused: boolean
}

async function decide(
  { verifier, regions, roles }: ServerParts,
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
      const question = readQuestion(new URLSearchParams(body.toString('utf8')), accessKeyId)
      const session = roles.assume(question, verifier.now())
      return { answer: xml(200, assumeRoleXml(session)), error: undefined, refused }
    }
    const account = roles.session(accessKeyId)?.account ?? regions
    const output = operation(account.get(region)!, input)
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
