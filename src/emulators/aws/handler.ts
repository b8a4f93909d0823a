// One request's way: envelope → operation → signature → answer → fault → wire.

import { type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'

import { type Fault, type FaultPlan, deliver, distort, wait } from './faults.ts'
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
} from './protocol.ts'
import type { Region } from './region.ts'
import { batchGetSecretValue, getSecretValue } from './secrets-api.ts'
import { type Verifier, parseAuthorization, verify } from './signature.ts'
import type { RecordedRequest, Traffic } from './traffic.ts'

type Operation = (region: Region, input: Input) => object

const SERVICES: Readonly<
  Record<string, { service: Service; operations: Readonly<Record<string, Operation>> }>
> = {
  secretsmanager: {
    service: 'secretsmanager',
    operations: { GetSecretValue: getSecretValue, BatchGetSecretValue: batchGetSecretValue },
  },
  AmazonSSM: {
    service: 'ssm',
    operations: {
      GetParameter: getParameter,
      GetParameters: getParameters,
      GetParametersByPath: getParametersByPath,
    },
  },
}

/** More than any request of these operations may hold. */
const MOST_BODY_BYTES = 1024 * 1024

export interface ServerParts {
  readonly regions: ReadonlyMap<string, Region>
  readonly verifier: Verifier
  readonly faults: FaultPlan
  readonly traffic: Traffic
}

export function listener(parts: ServerParts): RequestListener {
  return (req, res) => {
    parts.traffic.begin(res)
    // Rejects when the caller goes away or a fault ends the socket under us: there is nobody left to tell.
    handle(parts, req, res).catch(() => res.destroy())
  }
}

async function handle(parts: ServerParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const body = await readBody(req)
  const [prefix = '', operation = ''] = String(req.headers['x-amz-target'] ?? '').split('.')
  const target = Object.hasOwn(SERVICES, prefix) ? SERVICES[prefix] : undefined
  const type = req.headers['content-type']?.split(';')[0]?.trim()
  if (req.method !== 'POST' || req.url !== '/' || type !== JSON_TYPE || operation === '') {
    return send(res, notAnOperation())
  }
  if (target === undefined || !Object.hasOwn(target.operations, operation)) {
    return send(res, failure(target?.service, new ServiceError('UnknownOperationException')))
  }
  const { service, operations } = target
  const input = parse(body)
  const claim = parseAuthorization(req.headers.authorization ?? '')
  const record = parts.traffic.record(req, {
    service,
    operation,
    names: namesIn(input ?? {}),
    region: claim?.region,
    accessKeyId: claim?.accessKeyId,
  })
  const decide = async () => {
    if (input === undefined) throw new ServiceError('SerializationException')
    const headers = req.headers as Record<string, string>
    const { region } = await verify(parts.verifier, service, { method: 'POST', path: '/', headers, body })
    return operations[operation]!(parts.regions.get(region)!, input)
  }
  const gzip = /\bgzip\b/.test(req.headers['accept-encoding'] ?? '')
  const answer = await settle(decide, service, record, gzip)
  await send(res, answer, isRefusal(record) ? undefined : parts.faults.take(operation, record.names), service)
}

async function settle(
  decide: () => Promise<object>,
  service: Service,
  record: RecordedRequest,
  gzip: boolean,
): Promise<Answer> {
  try {
    const answer = success(service, await decide(), gzip)
    record.status = answer.status
    return answer
  } catch (error) {
    const known =
      error instanceof ServiceError
        ? error
        : new ServiceError('InternalFailure', String(error), { status: 500 })
    record.status = known.status
    record.error = known.code
    return failure(service, known)
  }
}

async function send(
  res: ServerResponse,
  answer: Answer,
  fault?: Fault,
  service: Service = 'ssm',
): Promise<void> {
  if (fault === undefined) {
    res.writeHead(answer.status, { ...answer.headers, 'Content-Length': answer.body.length })
    res.end(answer.body)
    return
  }
  await wait(fault)
  await deliver(fault, distort(fault, service, answer), res)
}

/** A request that the authentication layer turned away meets no fault behind it. */
function isRefusal({ error = '' }: RecordedRequest): boolean {
  return /^(Serialization|MissingAuthenticationToken|IncompleteSignature|InvalidSignature|UnrecognizedClient|ExpiredToken)Exception$/.test(
    error,
  )
}

function namesIn(input: Input): string[] {
  return [input['SecretId'], input['Name'], input['Path'], input['SecretIdList'], input['Names']]
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
