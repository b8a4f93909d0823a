import type { Readable } from 'node:stream'
import { bufferOf, bytesIn } from '../byte-string.ts'
import { say, shown, type Public } from '../public.ts'
import { serviceOf, type RawAnswer, type RawCall, type Service, type Target } from '../raw-call.ts'
import { EXPIRED_CODES } from './calls.ts'
import { unasked, type Operation } from './failure.ts'
import { isFollowed, type Place } from './place.ts'
import { collect } from './sdk-config.ts'

// A call with the caller's own body, signed anew. A command of the SDK carries it, for the SDK knows endpoints,
// signatures and sockets. But the body is the caller's, and the answer is taken before the SDK reads it. A call is
// tried once, because the caller's own SDK tries again.

const NAMES: Readonly<Record<Service, Public>> = { secretsmanager: say`Secrets Manager`, AmazonSSM: say`SSM` }
/** Headers of AWS's answer that are passed through. */
const PASSED_THROUGH: readonly string[] = [
  'Content-Type',
  'x-amzn-RequestId',
  'x-amzn-ErrorType',
  'Retry-After',
]
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

/** What is sent in place of a command's own. */
export interface Carried {
  readonly headers: Readonly<Record<string, string>>
  /** A byte string. */
  readonly body: string
}

export interface CarriedCall {
  readonly service: Service
  readonly operation: Operation
  readonly place: Place
  readonly carried: Carried
}

/**
 * Of an SDK's call. Throws UpstreamError where it is signed for a region that is not followed. `own` is the function's.
 */
export function carriedCall({ target, region, body }: RawCall, own: string | undefined): CarriedCall {
  if (region !== undefined && !isFollowed(region, own)) {
    const why = say`the call is signed for a region of another partition, or for none`
    throw unasked(operationOf(target), 'RegionError', why)
  }
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target }
  return {
    service: serviceOf(target),
    operation: operationOf(target),
    place: { region },
    carried: { headers, body },
  }
}

function operationOf(target: Target): Operation {
  const name = shown(target.slice(target.indexOf('.') + 1))
  return { service: NAMES[serviceOf(target)], name, kind: 'passThrough' }
}

/**
 * Has a command carry a call; `send` sends the command, whose stack this is. Resolves with AWS's answer, whatever its
 * status. Rejects with the error of the only attempt, or with ExpiredAnswer.
 */
export async function carry(
  { headers, body }: Carried,
  middlewareStack: unknown,
  send: () => Promise<unknown>,
): Promise<RawAnswer> {
  const stack = middlewareStack as Stack
  stack.add(
    (next) => (args) => {
      args.request.body = bufferOf(body)
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
  try {
    await send()
  } catch (error) {
    if (error instanceof Caught) return error.outcome()
    throw error
  }
  throw new Error('the SDK read an answer that was not for it')
}

/** The answer by which AWS called the credentials expired, where there are no others; else throws the error. */
export function expiredAnswer(error: unknown): RawAnswer {
  if (error instanceof ExpiredAnswer) return error.answer
  throw error
}

async function rawAnswer({ statusCode, headers, body }: Response): Promise<() => RawAnswer> {
  const bytes = bytesIn(await collect(body))
  const kept = PASSED_THROUGH.flatMap((name) => {
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
