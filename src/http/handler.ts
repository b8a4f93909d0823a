import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { say } from '../public.ts'
import { isLoopbackAuthority, readHeaders, type SeenHeaders } from './headers.ts'
import { createReader, PLAIN, type ReaderOptions } from './reader.ts'
import { rejects } from './rejects.ts'
import * as reply from './reply.ts'
import { createRouter } from './route.ts'

export interface HandlerOptions extends ReaderOptions {
  /** Whether the caller's token is one of those known from the environment. */
  isKnownToken(presented: string): boolean
  /** Whether it is the session token of the current container credentials; undefined if there are none. */
  readonly isCurrentToken: ((presented: string) => Promise<boolean>) | undefined
  /**
   * This process will answer on that socket later, and so must answer all that is pipelined behind, to keep the
   * order.
   */
  keepHere(socket: Socket): void
}

const WARN_EVERY_MS = 60_000

export type Handler = (request: IncomingMessage, response: ServerResponse) => void

/**
 * The way of a request: token → guards → route → cache, and on a miss → coalesce → upstream. The token is checked
 * first, as in the original. Never throws, and returns no promise, because `node:http` would not wait for one.
 */
export function createHandler(options: HandlerOptions): Handler {
  const { log, isKnownToken, isCurrentToken, answerAside, keepHere } = options
  const { read, ourFault } = createReader(options)
  const route = createRouter()
  const seen: SeenHeaders = { token: '', host: undefined, forwarded: false }
  let lastGoodHost = 'localhost:2773'
  let refused = 0
  let warnedAt = 0

  return (request, response) => {
    try {
      readHeaders(request.rawHeaders, seen)
      if (isKnownToken(seen.token)) serve(request, response, seen.host, seen.forwarded)
      else serveStranger(request, response)
    } catch (error) {
      ourFault(response, error, PLAIN)
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
    if (asked.kind === 'read') return read(request, response, asked, PLAIN)
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
    decide().catch((error: unknown) => ourFault(response, error, PLAIN))
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

  /** No Host at all is accepted (HTTP/1.0). A name that is not this machine's is a sign of DNS rebinding. */
  function isGoodHost(host: string | undefined): boolean {
    if (host === undefined) return true
    if (!isLoopbackAuthority(host)) return false
    lastGoodHost = host
    return true
  }
}
