import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answer } from '../../answer/answer.ts'
import type { ReadThrough } from '../../cache/read-through.ts'
import { isRefusal, UpstreamError, type Reject } from '../../errors.ts'
import type { Lookup } from '../../lookup.ts'
import type { Changes, RawAnswer, RawCall } from '../../raw-call.ts'
import type { SeenHeaders } from '../headers.ts'
import { receiveBody } from './body.ts'
import type { Responder, ErrorReplies } from '../respond.ts'
import { asRefresh, type Read, type ReadMany } from '../read.ts'
import type { FailureMemory } from './failures.ts'
import { readSdkHeaders, type SdkHeaders } from './headers.ts'
import { BAD_TOKEN, SDK_ERRORS, sendError, sendRaw } from './reply.ts'
import { createSdkRouter, type Pass, type SdkQuestion } from './question.ts'
import type { LateTokens } from '../late-token.ts'

// `POST /`: what an AWS SDK asks whose endpoint is this process. Reads are answered from the cache that the GET
// endpoints use; every other call is passed through to AWS. The caller's signature is not checked: its session token
// is. With `/refresh` as its endpoint, or `Cache-Control: no-cache`, a read is answered from AWS, and kept.

export interface SdkOptions {
  readonly cache: ReadThrough<Lookup, Answer>
  /** The function's own region. */
  readonly region: string | undefined
  /** Whether AWS could not be asked now, so that an SDK would try again. */
  isTransient(error: unknown): boolean
  /** Sends a call to AWS as it is. Rejects with UpstreamError, or with a defect of ours. */
  passThrough(call: RawCall, changes: Changes): Promise<RawAnswer>
}

export interface SdkGuards {
  readonly responder: Responder
  readonly lateTokens: LateTokens
  readonly failures: FailureMemory
  isKnownToken(presented: string): boolean
  /** Why a request with these headers is not answered. */
  refusalOf(seen: Readonly<SeenHeaders>): Reject | undefined
}

const TOO_LONG = {
  status: 413,
  code: 'RequestEntityTooLargeException',
  message: 'the request body is longer than 1 MiB',
}

/** Takes the request if it is one of an SDK; false if it is not. Never throws. */
export type SdkEndpoint = (
  request: IncomingMessage,
  response: ServerResponse,
  seen: Readonly<SeenHeaders>,
) => boolean

export function createSdkEndpoint(
  { cache, region, isTransient, passThrough }: SdkOptions,
  { responder, lateTokens, failures, isKnownToken, refusalOf }: SdkGuards,
): SdkEndpoint {
  const questionOf = createSdkRouter(region)

  return (request, response, seen) => {
    const isRefresh = request.url === '/refresh' || request.url === '/refresh/'
    if (!isRefresh && request.url !== '/' && request.url !== '') return false
    const headers = readSdkHeaders(request.rawHeaders)
    const { token } = headers
    if (headers.target === '') return false
    // Taken now: the next request is read into the same object.
    const { noCache } = seen
    const refusal = refusalOf(seen)
    const fail = (error: unknown) => responder.defect(response, error, SDK_ERRORS)
    const receive = () =>
      receiveBody(
        request,
        (body) => {
          if (body === undefined) return sendError(response, TOO_LONG, true)
          const sent = questionOf(headers, body)
          const question = isRefresh || noCache ? asRefresh(sent) : sent
          if (refusal !== undefined) SDK_ERRORS.refuse(response, refusal)
          else serve(response, headers, question)
        },
        fail,
      )
    // Nobody who has not shown the token makes us hold a body.
    if (isKnownToken(token)) receive()
    else lateTokens.check(token, { serve: receive, refuse: () => refuseToken(response), fail })
    return true
  }

  function refuseToken(response: ServerResponse): void {
    sendError(response, BAD_TOKEN, true)
    lateTokens.refused()
  }

  function serve(response: ServerResponse, headers: SdkHeaders, question: SdkQuestion): void {
    if (question.kind === 'refusal') return sendError(response, { ...question, status: 400 })
    if (question.kind === 'pass') return passToAws(response, question)
    if (headers.isRetry) {
      const lookups = lookupsOf(question)
      const failed = failures.of(headers.invocation, lookups)
      const isHeld = !question.refreshNow && lookups.every((lookup) => cache.peek(lookup) !== undefined)
      if (failed !== undefined && !isHeld) {
        return SDK_ERRORS.fail(response, failed)
      }
    }
    const errors = errorsFor(headers, question)
    if (question.kind === 'many') responder.readMany(response, question, errors)
    else responder.read(response, question, errors)
  }

  /** Remembers a failure that the caller's SDK will try again. */
  function errorsFor({ invocation }: SdkHeaders, question: Read | ReadMany): ErrorReplies {
    if (invocation === '') return SDK_ERRORS
    return {
      refuse: SDK_ERRORS.refuse,
      fail(response, error) {
        if (isTransient(error)) failures.remember(invocation, lookupsOf(question), error)
        SDK_ERRORS.fail(response, error)
      },
    }
  }

  function passToAws(response: ServerResponse, { call, changes }: Pass): void {
    passThrough(call, changes)
      .then(
        (answer) => {
          if (answer.status < 400 || mayHaveChanged(changes, answer.status)) failures.forget()
          sendRaw(response, answer)
        },
        (error: unknown) => {
          if (mayHaveChanged(changes, error instanceof UpstreamError ? error.status : 0)) failures.forget()
          if (error instanceof UpstreamError) SDK_ERRORS.fail(response, error)
          else responder.defect(response, error, SDK_ERRORS)
        },
      )
      .catch((error: unknown) => responder.defect(response, error, SDK_ERRORS))
  }
}

/** After a write: what AWS has refused has changed nothing, and what failed otherwise may have. */
function mayHaveChanged(changes: Changes, status: number): boolean {
  return changes.length > 0 && !isRefusal(status)
}

function lookupsOf(question: Read | ReadMany): readonly Lookup[] {
  return question.kind === 'many' ? question.lookups : [question.lookup]
}
