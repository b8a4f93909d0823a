import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answer } from '../../answer/answer.ts'
import type { ReadThrough } from '../../cache/read-through.ts'
import { UpstreamError } from '../../errors.ts'
import type { Lookup } from '../../lookup.ts'
import type { RawAnswer, RawCall } from '../../raw-call.ts'
import type { SeenHeaders } from '../headers.ts'
import { receiveBody } from './body.ts'
import type { Reader, Voice } from '../respond.ts'
import { rejects } from '../rejects.ts'
import { createFailureMemory } from './failures.ts'
import { readSdkHeaders, type SdkHeaders } from './headers.ts'
import { BAD_TOKEN, SDK_VOICE, sendError, sendRaw } from './reply.ts'
import { createSdkRouter, type Pass, type SdkQuestion } from './question.ts'
import type { Strangers } from '../late-token.ts'

// `POST /`: what an AWS SDK asks whose endpoint is this process. Reads are answered from the cache that the GET
// endpoints use; every other call is handed on to AWS. The caller's signature is not checked: its session token is.

export interface SdkOptions {
  readonly cache: ReadThrough<Lookup, Answer>
  /** The function's own region. */
  readonly region: string | undefined
  /** Whether AWS could not be asked now, so that an SDK would try again. */
  isTransient(error: unknown): boolean
  /** Asks AWS. Rejects with UpstreamError, or with a defect of ours. */
  passOn(call: RawCall): Promise<RawAnswer>
  /** Called after a call that may have changed what has one of those names, whatever became of the call. */
  changed(names: readonly string[]): void
}

export interface SdkGuards {
  readonly reader: Reader
  readonly strangers: Strangers
  isKnownToken(presented: string): boolean
  isGoodHost(host: string | undefined): boolean
}

const TOO_LONG = {
  status: 413,
  code: 'RequestEntityTooLargeException',
  message: 'the request body is longer than 256 KiB',
}

/** Takes the request if it is one of an SDK; false if it is not. Never throws. */
export type SdkEndpoint = (
  request: IncomingMessage,
  response: ServerResponse,
  seen: Readonly<SeenHeaders>,
) => boolean

export function createSdkEndpoint(
  { cache, region, isTransient, passOn, changed }: SdkOptions,
  { reader, strangers, isKnownToken, isGoodHost }: SdkGuards,
): SdkEndpoint {
  const questionOf = createSdkRouter(region)
  const failures = createFailureMemory()

  return (request, response, { host, forwarded }) => {
    if (request.url !== '/' && request.url !== '') return false
    const headers = readSdkHeaders(request.rawHeaders)
    const { token } = headers
    if (headers.target === '') return false
    const isKnown = isKnownToken(token)
    if (!isKnown && !strangers.mayBeKnown(token)) {
      refuseStranger(response)
      return true
    }
    const guard = forwarded ? rejects.forwarded : isGoodHost(host) ? undefined : rejects.foreignHost
    const fail = (error: unknown) => reader.ourFault(response, error, SDK_VOICE)
    receiveBody(
      request,
      (body) => {
        if (body === undefined) return sendError(response, TOO_LONG, true)
        const question = questionOf(headers, body)
        const serveIt = () =>
          guard === undefined ? serve(response, headers, question) : SDK_VOICE.refuse(response, guard)
        if (isKnown) return serveIt()
        strangers.decide(token, { serve: serveIt, refuse: () => refuseStranger(response), fail })
      },
      fail,
    )
    return true
  }

  function refuseStranger(response: ServerResponse): void {
    sendError(response, BAD_TOKEN, true)
    strangers.refused()
  }

  function serve(response: ServerResponse, headers: SdkHeaders, question: SdkQuestion): void {
    if (question.kind === 'refusal') return sendError(response, { ...question, status: 400 })
    if (question.kind === 'pass') return passAlong(response, question)
    const failed = headers.isRetry ? failures.of(headers.invocation) : undefined
    if (failed !== undefined) {
      const lookups = question.kind === 'many' ? question.lookups : [question.lookup]
      if (lookups.some((lookup) => cache.peek(lookup) === undefined)) return SDK_VOICE.fail(response, failed)
    }
    if (question.kind === 'many') reader.readMany(response, question, voiceOf(headers))
    else reader.read(response, question, voiceOf(headers))
  }

  /** Remembers a failure that the caller's SDK will try again. */
  function voiceOf({ invocation }: SdkHeaders): Voice {
    if (invocation === '') return SDK_VOICE
    return {
      refuse: SDK_VOICE.refuse,
      fail(response, error) {
        if (isTransient(error)) failures.remember(invocation, error)
        SDK_VOICE.fail(response, error)
      },
    }
  }

  function passAlong(response: ServerResponse, { call, changes }: Pass): void {
    passOn(call)
      .finally(() => {
        if (changes.length > 0) changed(changes)
      })
      .then(
        (answer) => sendRaw(response, answer),
        (error: unknown) => {
          if (error instanceof UpstreamError) SDK_VOICE.fail(response, error)
          else reader.ourFault(response, error, SDK_VOICE)
        },
      )
      .catch((error: unknown) => reader.ourFault(response, error, SDK_VOICE))
  }
}
