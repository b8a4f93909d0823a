import type { Readable } from 'node:stream'
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { GetParameterCommand, type SSMClient } from '@aws-sdk/client-ssm'
import type { RawAnswer, RawCall } from '../raw-call.ts'
import { EXPIRED_CODES } from './calls.ts'
import { collect } from './sdk-config.ts'

// A call with the caller's own body, signed anew. A command of the SDK carries it, for the SDK knows endpoints,
// signatures and sockets. But the body is the caller's, and the answer is taken before the SDK reads it. A call is tried
// once, because the caller's own SDK tries again.

/** Headers of AWS's answer that are handed on. */
const HANDED_ON: readonly string[] = ['Content-Type', 'x-amzn-RequestId', 'x-amzn-ErrorType', 'Retry-After']
/** In JSON, and in the XML of STS. */
const EXPIRED = new RegExp(`(?:"__type"\\s*:\\s*"(?:[\\w.]+#)?|<Code>)(${EXPIRED_CODES})\\b`)

/** Thrown through the SDK, which neither reads it nor tries again. */
class Caught extends Error {
  readonly outcome: () => RawAnswer

  constructor(outcome: () => RawAnswer) {
    super('caught')
    this.outcome = outcome
  }
}

/** AWS called the credentials expired. Has the name of that error, so that they are renewed; see calls.ts. */
export class ExpiredAnswer extends Error {
  override readonly name: string
  readonly answer: RawAnswer

  constructor(name: string, answer: RawAnswer) {
    super('expired')
    this.name = name
    this.answer = answer
  }
}

interface Response {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Readable
}

interface Request {
  body: unknown
  readonly headers: Record<string, string>
}

type Handler = (args: { request: Request }) => Promise<{ response: Response }>

/** Part of a command: a stack of what its request and its answer go through. */
interface Stack {
  add(step: (next: Handler) => Handler, options: { step: string; name: string; priority: string }): void
}

interface Options {
  readonly abortSignal: AbortSignal
}

export async function sendToSecretsManager(
  client: SecretsManagerClient,
  call: RawCall,
  options: Options,
): Promise<RawAnswer> {
  const command = new GetSecretValueCommand({ SecretId: 'carrier' })
  carry(jsonOf(call), command.middlewareStack as unknown as Stack)
  return caught(client.send(command, options))
}

export async function sendToParameterStore(
  client: SSMClient,
  call: RawCall,
  options: Options,
): Promise<RawAnswer> {
  const command = new GetParameterCommand({ Name: 'carrier' })
  carry(jsonOf(call), command.middlewareStack as unknown as Stack)
  return caught(client.send(command, options))
}

/** A call of AWS's older protocol: a form, and XML as an answer. */
export async function sendForm(client: SSMClient, form: string, options: Options): Promise<RawAnswer> {
  const command = new GetParameterCommand({ Name: 'carrier' })
  const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }
  carry({ headers, body: form }, command.middlewareStack as unknown as Stack)
  return caught(client.send(command, options))
}

interface Carried {
  /** In place of the command's own. */
  readonly headers: Readonly<Record<string, string>>
  /** A byte string. */
  readonly body: string
}

function jsonOf({ target, body }: RawCall): Carried {
  return { headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target }, body }
}

function carry({ headers, body }: Carried, stack: Stack): void {
  stack.add(
    (next) => (args) => {
      args.request.body = Buffer.from(body, 'latin1')
      delete args.request.headers['x-amz-target']
      Object.assign(args.request.headers, headers)
      return next(args)
    },
    { step: 'build', name: 'rawRequest', priority: 'high' },
  )
  // Within the SDK's own deserializer, and its loop of attempts.
  stack.add(
    (next) => async (args) => {
      const outcome = await next(args).then(
        async ({ response }) => rawAnswer(response),
        (error: unknown) => () => {
          throw error
        },
      )
      throw new Caught(outcome)
    },
    { step: 'deserialize', name: 'rawAnswer', priority: 'low' },
  )
}

/** Rejects with the error of the only attempt, or with ExpiredAnswer. */
async function caught(sent: Promise<unknown>): Promise<RawAnswer> {
  try {
    await sent
  } catch (error) {
    if (error instanceof Caught) return error.outcome()
    throw error
  }
  throw new Error('the SDK read an answer that was not for it')
}

async function rawAnswer({ statusCode, headers, body }: Response): Promise<() => RawAnswer> {
  const bytes = Buffer.from(await collect(body)).toString('latin1')
  const kept = HANDED_ON.flatMap((name) => {
    const value = headers[name.toLowerCase()]
    return value === undefined ? [] : [name, value]
  })
  const answer = { status: statusCode, headers: kept, bytes }
  return () => {
    const expired = statusCode >= 400 ? EXPIRED.exec(bytes)?.[1] : undefined
    if (expired !== undefined) throw new ExpiredAnswer(expired, answer)
    return answer
  }
}
