import type { ServerResponse } from 'node:http'
import type { Answer, Ready } from '../answer/answer.ts'
import { keepShape, makeShape, shapeHeld } from '../answer/shape.ts'
import type { ReadThrough } from '../cache/read-through.ts'
import { isReject, kindOf, UpstreamError, type Reject } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Lookup } from '../lookup.ts'
import { say, shown, type Public } from '../public.ts'
import { rejects } from './rejects.ts'
import * as reply from './reply.ts'
import type { Read, ReadMany } from './read.ts'
import { manyReady, type Part } from '../answer/many-reply.ts'

export interface ReaderOptions {
  readonly cache: ReadThrough<Lookup, Answer>
  readonly log: Log
  /** What is held, and the rest from AWS. Rejects with a defect of ours only. */
  readMany(lookups: ReadMany['lookups'], isRefresh: boolean): Promise<readonly Part[]>
  /** Called when AWS has answered a read. Must not throw. */
  readonly onAnswered: () => void
  /** Is told of hits and misses; see engine.ts. None of these throws. */
  readonly engine: { onHit(): number; onMiss(): void; onAnswer(bytes: number): void }
}

/** How the caller of an endpoint is told what went wrong. */
export interface Voice {
  /** AWS refused, failed or could not be reached. */
  fail(response: ServerResponse, error: UpstreamError): void
  refuse(response: ServerResponse, reject: Reject): void
}

/** The contract's own words: the GET endpoints. */
export const PLAIN: Voice = { fail: reply.fail, refuse: reply.refuse }

export interface Reader {
  /** Answers from the cache or, joined with others who ask the same, from AWS. Never throws. A hit has no promise. */
  read(response: ServerResponse, asked: Read, voice: Voice): void
  /** The same for many at once, in one body. */
  readMany(response: ServerResponse, asked: ReadMany, voice: Voice): void
  /** A bug of ours: a bare 500, and a log line that names the kind of error and no more. */
  ourFault(response: ServerResponse, error: unknown, voice: Voice): void
}

export function createReader({ cache, log, onAnswered, engine, readMany: readParts }: ReaderOptions): Reader {
  let hitsToGo = 1
  return { read, readMany, ourFault }

  function read(response: ServerResponse, asked: Read, voice: Voice): void {
    const held = asked.refreshNow ? undefined : cache.get(asked.lookup)
    if (held === undefined) return load(response, asked, voice)
    if (log.debugEnabled) log.debug(say`${describe(asked.lookup)}: hit`)
    if (hitsToGo > 0 && --hitsToGo === 0) hitsToGo = engine.onHit()
    if (asked.shape === undefined) reply.hit(response, held)
    else send(response, asked, held, reply.hit, voice)
  }

  function readMany(response: ServerResponse, asked: ReadMany, voice: Voice): void {
    readParts(asked.lookups, asked.refreshNow)
      .then((parts) => {
        if (parts.some(isAnswered)) onAnswered()
        const ready = manyReady(asked, parts)
        if (ready instanceof UpstreamError) voice.fail(response, ready)
        else if (!response.destroyed) {
          const isHit = parts.every((part) => part.isHit)
          ;(isHit ? reply.hit : reply.miss)(response, ready)
        }
      })
      .catch((error: unknown) => ourFault(response, error, voice))
  }

  function load(response: ServerResponse, asked: Read, voice: Voice): void {
    engine.onMiss()
    const { lookup, refreshNow } = asked
    const answer = refreshNow ? cache.refresh(lookup) : cache.load(lookup)
    answer
      .then(
        (fresh) => {
          if (log.debugEnabled)
            log.debug(say`${describe(lookup)}: ${refreshNow ? say`refreshed` : say`miss`}`)
          if (fresh.staleForMs === undefined) onAnswered()
          engine.onAnswer(fresh.bytes.length)
          send(response, asked, fresh, reply.miss, voice)
        },
        (error: unknown) => {
          if (error instanceof UpstreamError) voice.fail(response, error)
          else ourFault(response, error, voice)
        },
      )
      .catch((error: unknown) => ourFault(response, error, voice))
  }

  /** In the shape that was asked for. */
  function send(
    response: ServerResponse,
    { lookup, shape }: Read,
    answer: Answer,
    sendReady: (response: ServerResponse, ready: Ready) => void,
    voice: Voice,
  ): void {
    if (shape === undefined) return sendReady(response, answer)
    let shaped = shapeHeld(answer, shape)
    if (shaped === undefined) {
      shaped = makeShape(answer, shape)
      keepShape(answer, shape, shaped)
      cache.resize(lookup, answer)
    }
    if (isReject(shaped)) voice.refuse(response, shaped)
    else sendReady(response, shaped)
  }

  function ourFault(response: ServerResponse, error: unknown, voice: Voice): void {
    log.error(say`internal error while answering a request: ${kindOf(error)}`)
    try {
      voice.refuse(response, rejects.internal)
    } catch {
      response.destroy()
    }
  }
}

function describe(lookup: Lookup): Public {
  if (lookup.store === 'secrets-manager') return say`GetSecretValue ${shown(lookup.secretId)}`
  return lookup.store === 'parameter-store'
    ? say`GetParameter ${shown(lookup.name)}`
    : say`GetParametersByPath ${shown(lookup.path)}`
}

/** Whether AWS has just answered it: a stale answer stands in for one that failed. */
function isAnswered({ got, isHit }: Part): boolean {
  return !isHit && !(got instanceof UpstreamError) && got.staleForMs === undefined
}
