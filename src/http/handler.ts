import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { ReadThrough } from '../cache/read-through.ts'
import { kindOf, UpstreamError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Lookup } from '../lookup.ts'
import { say, shown, type Public } from '../public.ts'
import type { Answer, Ready } from '../answer/answer.ts'
import { makeShape, shapeHeld } from '../answer/shape.ts'
import { hasHungUp } from './callers.ts'
import { isLoopbackAuthority, readHeaders, type SeenHeaders } from './headers.ts'
import { rejects } from './rejects.ts'
import * as reply from './reply.ts'
import { createRouter, type Read } from './route.ts'

export interface HandlerOptions {
  readonly cache: ReadThrough<Lookup, Answer>
  readonly log: Log
  /** Who waits for an answer of AWS, by the question's key. */
  readonly callers: { enter(key: string, isThere: () => boolean): () => void }
  /** Whether the caller's token is one of those known from the environment. */
  isKnownToken(presented: string): boolean
  /** Whether it is the session token of the current container credentials; undefined if there are none. */
  readonly isCurrentToken: ((presented: string) => Promise<boolean>) | undefined
  /**
   * Lets another process answer on this socket, because this one must not hold the answer; undefined if it may. That
   * process checks `token`; undefined means that it is known to be good. False: answer here after all.
   */
  answerAside(socket: Socket, asked: Read, token: string | undefined): Promise<boolean> | undefined
  /**
   * This process will answer on that socket later, and so must answer all that is pipelined behind, to keep the
   * order.
   */
  keepHere(socket: Socket): void
  /** Called at the hit with that number, and at the miss with that number, once each. Must not throw. */
  readonly onBusy: { readonly hits: number; readonly misses: number; reached(): void }
}

const WARN_EVERY_MS = 60_000

export type Handler = (request: IncomingMessage, response: ServerResponse) => void

/**
 * The way of a request: token → guards → route → cache, and on a miss → coalesce → upstream. The token is checked
 * first, as in the original. Never throws, and returns no promise, because `node:http` would not wait for one.
 */
export function createHandler(options: HandlerOptions): Handler {
  const { cache, log, isKnownToken, isCurrentToken, answerAside, keepHere, callers, onBusy } = options
  const route = createRouter()
  const seen: SeenHeaders = { token: '', host: undefined, forwarded: false }
  let lastGoodHost = 'localhost:2773'
  let refused = 0
  let warnedAt = 0
  let hitsToGo = onBusy.hits
  let missesToGo = onBusy.misses

  return (request, response) => {
    try {
      readHeaders(request.rawHeaders, seen)
      if (isKnownToken(seen.token)) serve(request, response, seen.host, seen.forwarded)
      else serveStranger(request, response)
    } catch (error) {
      ourFault(response, error)
    }
  }

  /** The caller has shown the token. A hit ends here: no promise, no await. */
  function serve(
    request: IncomingMessage,
    response: ServerResponse,
    host: string | undefined,
    isForwarded: boolean,
  ): void {
    if (isForwarded) return reply.refuse(response, rejects.forwarded)
    if (host !== lastGoodHost && !isGoodHost(host)) return reply.refuse(response, rejects.foreignHost)
    if (request.method !== 'GET') return reply.refuse(response, rejects.method)
    const asked = route(request.url ?? '')
    if (asked.kind === 'read') {
      if (asked.refreshNow) return load(request, response, asked)
      const held = cache.get(asked.lookup)
      if (held === undefined) return load(request, response, asked)
      if (log.debugEnabled) log.debug(say`${describe(asked.lookup)}: hit`)
      if (hitsToGo > 0 && --hitsToGo === 0) onBusy.reached()
      return asked.shape === undefined ? reply.hit(response, held) : send(response, asked, held, reply.hit)
    }
    if (asked.kind === 'ping') return reply.pong(response)
    return reply.refuse(response, asked)
  }

  /** The caller has shown no token of the environment: `/ping` needs none, a SnapStart caller may have a newer one. */
  function serveStranger(request: IncomingMessage, response: ServerResponse): void {
    const { token, host, forwarded } = seen
    const asked = request.method === 'GET' ? route(request.url ?? '') : undefined
    if (asked?.kind === 'ping') {
      return isGoodHost(host) ? reply.pong(response) : reply.refuse(response, rejects.foreignHost)
    }
    if (token === '' || isCurrentToken === undefined) return refuseStranger(response)
    // Only the other process can check this token. Until then the caller may get a 401, and no guard's answer.
    const isRead = asked?.kind === 'read' && !forwarded && isGoodHost(host)
    const elsewhere = isRead ? answerAside(request.socket, asked, token) : undefined
    if (elsewhere === undefined) keepHere(request.socket)
    const decide = async (): Promise<void> => {
      if (await elsewhere) request.socket.destroy()
      else if (await isCurrentToken(token)) serve(request, response, host, forwarded)
      else refuseStranger(response)
    }
    decide().catch((error: unknown) => ourFault(response, error))
  }

  /** Logged once a minute, so that a caller who tries a wrong token again and again does not fill the log. */
  function refuseStranger(response: ServerResponse): void {
    reply.refuse(response, rejects.badToken)
    refused++
    const now = Date.now()
    if (Math.abs(now - warnedAt) < WARN_EVERY_MS) return
    log.warn(say`${refused} requests without a good X-Aws-Parameters-Secrets-Token were refused`)
    warnedAt = now
    refused = 0
  }

  function load(request: IncomingMessage, response: ServerResponse, asked: Read): void {
    if (missesToGo > 0 && --missesToGo === 0) onBusy.reached()
    const elsewhere = answerAside(request.socket, asked, undefined)
    if (elsewhere === undefined) return loadHere(response, asked)
    elsewhere
      .then((isAnswered) => {
        if (isAnswered) request.socket.destroy()
        else loadHere(response, asked)
      })
      .catch((error: unknown) => ourFault(response, error))
  }

  function loadHere(response: ServerResponse, asked: Read): void {
    const { lookup, refreshNow } = asked
    const { socket } = response.req
    const isThere = () => !socket.destroyed && !hasHungUp(socket)
    response.once('close', callers.enter(lookup.key, isThere))
    const answer = refreshNow ? cache.refresh(lookup) : cache.load(lookup)
    answer
      .then(
        (fresh) => {
          if (log.debugEnabled)
            log.debug(say`${describe(lookup)}: ${refreshNow ? say`refreshed` : say`miss`}`)
          send(response, asked, fresh, reply.miss)
        },
        (error: unknown) => {
          if (error instanceof UpstreamError) reply.fail(response, error)
          else ourFault(response, error)
        },
      )
      .catch((error: unknown) => ourFault(response, error))
  }

  /** In the shape that was asked for. */
  function send(
    response: ServerResponse,
    { lookup, shape }: Read,
    answer: Answer,
    sendReady: (response: ServerResponse, ready: Ready) => void,
  ): void {
    if (shape === undefined) return sendReady(response, answer)
    let shaped = shapeHeld(answer, shape)
    if (shaped === undefined) {
      shaped = makeShape(answer, shape)
      cache.resize(lookup, answer)
    }
    if ('kind' in shaped) reply.refuse(response, shaped)
    else sendReady(response, shaped)
  }

  /** A bug of ours: a bare 500, and a log line that names the kind of error and no more. */
  function ourFault(response: ServerResponse, error: unknown): void {
    log.error(say`internal error while answering a request: ${kindOf(error)}`)
    try {
      reply.refuse(response, rejects.internal)
    } catch {
      response.destroy()
    }
  }

  /** No Host at all is accepted (HTTP/1.0). A name that is not this machine's is a sign of DNS rebinding. */
  function isGoodHost(host: string | undefined): boolean {
    if (host === undefined) return true
    if (!isLoopbackAuthority(host)) return false
    lastGoodHost = host
    return true
  }
}

function describe(lookup: Lookup): Public {
  return lookup.store === 'secrets-manager'
    ? say`GetSecretValue ${shown(lookup.secretId)}`
    : say`GetParameter ${shown(lookup.name)}`
}
