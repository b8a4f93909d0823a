import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Ready } from '../answer/answer.ts'
import { isReject, type Reject } from '../errors.ts'
import { isLoopbackAuthority, readHeaders, type SeenHeaders } from './headers.ts'
import { createReader, PLAIN, type ReaderOptions } from './respond.ts'
import { rejects } from './rejects.ts'
import * as reply from './reply.ts'
import type { Handler } from './server/server.ts'
import type { AdmitRole } from './read.ts'
import { createRouter } from './get/route.ts'
import { createSdkEndpoint, type SdkOptions } from './sdk/endpoint.ts'
import { createFailureMemory } from './sdk/failures.ts'
import { createStrangers, type StrangersOptions } from './late-token.ts'

export interface HandlerOptions extends Omit<ReaderOptions, 'onAnswered'>, StrangersOptions {
  /** Whether the caller's token is one of those known from the environment. */
  isKnownToken(presented: string): boolean
  readonly sdk: SdkOptions
  /** Makes the body of `/environment`; undefined if there is nothing to tell. */
  readonly environment: (() => Promise<Ready | Reject>) | undefined
  readonly admitRole: AdmitRole
  /** Makes the body of `/metrics`; undefined if that is not asked for. */
  readonly metrics: (() => string) | undefined
}

/**
 * The way of a request: token → guards → route → cache, and on a miss → coalesce → upstream. The token is checked
 * first, as in the original. Never throws, and returns no promise, because `node:http` would not wait for one.
 */
export function createHandler(options: HandlerOptions): Handler {
  const { isKnownToken, sdk, environment, metrics } = options
  const failures = createFailureMemory()
  const reader = createReader({ ...options, onAnswered: failures.forget })
  const strangers = createStrangers(options)
  const bySdk = createSdkEndpoint(sdk, { reader, strangers, failures, isKnownToken, isGoodHost })
  const { read, ourFault } = reader
  const route = createRouter(options.admitRole)
  const seen: SeenHeaders = { token: '', host: undefined, forwarded: false }
  let lastGoodHost = 'localhost:2773'

  return (request, response) => {
    try {
      readHeaders(request.rawHeaders, seen)
      if (request.method === 'POST' && bySdk(request, response, seen)) return
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
    if (!isGoodHost(host)) return reply.refuse(response, rejects.foreignHost)
    if (!isGet(request)) return reply.refuse(response, rejects.method)
    const asked = route(request.url ?? '')
    if (asked.kind === 'read') return read(response, asked, PLAIN)
    if (asked.kind === 'many') return reader.readMany(response, asked, PLAIN)
    if (asked.kind === 'ping') return reply.pong(response)
    if (asked.kind === 'environment') return serveEnvironment(response)
    if (asked.kind === 'metrics') {
      return metrics === undefined
        ? reply.refuse(response, rejects.unknownPath)
        : reply.metrics(response, metrics())
    }
    return reply.refuse(response, asked)
  }

  function serveEnvironment(response: ServerResponse): void {
    if (environment === undefined) return reply.refuse(response, rejects.noEnvironment)
    environment()
      .then((made) => (isReject(made) ? reply.refuse(response, made) : reply.miss(response, made)))
      .catch((error: unknown) => ourFault(response, error, PLAIN))
  }

  /** The caller has shown no token of the environment: `/ping` needs none. */
  function serveStranger(request: IncomingMessage, response: ServerResponse): void {
    const { token, host, forwarded } = seen
    if (isGet(request) && route(request.url ?? '').kind === 'ping') {
      return isGoodHost(host) ? reply.pong(response) : reply.refuse(response, rejects.foreignHost)
    }
    if (!strangers.mayBeKnown(token)) return refuseStranger(response)
    strangers.decide(token, {
      serve: () => serve(request, response, host, forwarded),
      refuse: () => refuseStranger(response),
      fail: (error) => ourFault(response, error, PLAIN),
    })
  }

  function refuseStranger(response: ServerResponse): void {
    reply.refuse(response, rejects.badToken)
    strangers.refused()
  }

  /** No Host at all is accepted (HTTP/1.0). A name that is not this machine's is a sign of DNS rebinding. */
  function isGoodHost(host: string | undefined): boolean {
    if (host === undefined || host === lastGoodHost) return true
    if (!isLoopbackAuthority(host)) return false
    lastGoodHost = host
    return true
  }
}

/** A HEAD is answered as a GET; `node:http` leaves the body out. */
function isGet({ method }: IncomingMessage): boolean {
  return method === 'GET' || method === 'HEAD'
}
