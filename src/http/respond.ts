import type { ServerResponse } from 'node:http'
import type { Answer, Body } from '../answer/answer.ts'
import { keepShape, makeShape, shapeHeld } from '../answer/shape.ts'
import type { ReadThrough } from '../cache/read-through.ts'
import { isReject, kindOf, UpstreamError, type Reject } from '../errors.ts'
import type { Log } from '../log.ts'
import { callOf, type Lookup } from '../lookup.ts'
import { say } from '../public.ts'
import { rejects } from './rejects.ts'
import * as reply from './reply.ts'
import type { Read, ReadMany } from './read.ts'
import { manyBody, type Part } from '../answer/many-reply.ts'

export interface ResponderOptions {
  readonly cache: ReadThrough<Lookup, Answer>
  readonly log: Log
  /** What is held, and the rest from AWS. Rejects with a defect of ours only. */
  readMany(lookups: ReadMany['lookups'], isRefresh: boolean): Promise<readonly Part[]>
  /** Learns of hits and misses; see engine.ts. None of these throws. */
  readonly engine: { onHit(): number; onMiss(): void; onAnswer(bytes: number): void }
}

/** How an endpoint reports an error to its client. */
export interface ErrorReplies {
  /** AWS refused, failed or could not be reached. */
  fail(response: ServerResponse, error: UpstreamError): void
  refuse(response: ServerResponse, reject: Reject): void
}

/** As the original does: the GET endpoints. */
export const PLAIN_ERRORS: ErrorReplies = { fail: reply.fail, refuse: reply.refuse }

export interface Responder {
  /** Answers from the cache or, joined with others who ask the same, from AWS. Never throws. A hit has no promise. */
  read(response: ServerResponse, question: Read, errors: ErrorReplies): void
  /** The same for many at once, in one body. */
  readMany(response: ServerResponse, question: ReadMany, errors: ErrorReplies): void
  /** A bug of ours: a bare 500, and a log line that names the kind of error and no more. */
  defect(response: ServerResponse, error: unknown, errors: ErrorReplies): void
}

export function createResponder({ cache, log, engine, readMany: readParts }: ResponderOptions): Responder {
  let hitsToGo = 1
  return { read, readMany, defect }

  function read(response: ServerResponse, question: Read, errors: ErrorReplies): void {
    const held = question.refreshNow ? undefined : cache.get(question.lookup)
    if (held === undefined) return load(response, question, errors)
    if (log.debugEnabled) log.debug(say`${callOf(question.lookup)}: hit`)
    if (hitsToGo > 0 && --hitsToGo === 0) hitsToGo = engine.onHit()
    if (question.shape === undefined) return reply.hit(response, held)
    const body = shaped(question, held)
    if (isReject(body)) errors.refuse(response, body)
    else reply.hit(response, body)
  }

  function readMany(response: ServerResponse, question: ReadMany, errors: ErrorReplies): void {
    readParts(question.lookups, question.refreshNow)
      .then((parts) => {
        const body = manyBody(question, parts)
        if (body instanceof UpstreamError) errors.fail(response, body)
        else if (!response.destroyed) {
          const isHit = parts.every((part) => part.isHit)
          ;(isHit ? reply.hit : reply.miss)(response, body)
        }
      })
      .catch((error: unknown) => defect(response, error, errors))
  }

  function load(response: ServerResponse, question: Read, errors: ErrorReplies): void {
    engine.onMiss()
    const { lookup, refreshNow } = question
    const answer = refreshNow ? cache.refresh(lookup) : cache.load(lookup)
    answer
      .then(
        (fresh) => {
          if (log.debugEnabled) log.debug(say`${callOf(lookup)}: ${refreshNow ? say`refreshed` : say`miss`}`)
          engine.onAnswer(fresh.bytes.length)
          const body = shaped(question, fresh)
          if (isReject(body)) errors.refuse(response, body)
          else reply.miss(response, body)
        },
        (error: unknown) => {
          if (error instanceof UpstreamError) errors.fail(response, error)
          else defect(response, error, errors)
        },
      )
      .catch((error: unknown) => defect(response, error, errors))
  }

  /** In the shape that was requested. */
  function shaped({ lookup, shape }: Read, answer: Answer): Body | Reject {
    if (shape === undefined) return answer
    const held = shapeHeld(answer, shape)
    if (held !== undefined) return held
    const made = makeShape(answer, shape)
    keepShape(answer, shape, made)
    cache.resize(lookup, answer)
    return made
  }

  function defect(response: ServerResponse, error: unknown, errors: ErrorReplies): void {
    log.error(say`internal error while answering a request: ${kindOf(error)}`)
    try {
      errors.refuse(response, rejects.internal)
    } catch {
      response.destroy()
    }
  }
}
