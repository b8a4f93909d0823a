import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Body } from '../answer/answer.ts'
import { isReject, type Reject } from '../errors.ts'
import { isLoopbackAuthority } from '../loopback.ts'
import { readHeaders, type SeenHeaders } from './headers.ts'
import { createResponder, PLAIN_ERRORS, type ResponderOptions } from './respond.ts'
import { rejects } from './rejects.ts'
import * as reply from './reply.ts'
import type { Handler } from './server/server.ts'
import { asRefresh, type AdmitRole } from './read.ts'
import { createRouter } from './get/route.ts'
import { createSdkEndpoint, type SdkOptions } from './sdk/endpoint.ts'
import { createFailureMemory } from './sdk/failures.ts'
import { createLateTokens, type LateTokenOptions } from './late-token.ts'

export interface HandlerOptions extends ResponderOptions, LateTokenOptions {
  /** Whether the caller's token is one of those known from the environment. */
  isKnownToken(presented: string): boolean
  readonly sdk: SdkOptions
  /** Makes the body of `/environment`; undefined if there are no variables. */
  readonly environment: (() => Promise<Body | Reject>) | undefined
  readonly admitRole: AdmitRole
  /** Makes the body of `/metrics`; undefined if the setting is off. */
  readonly metrics: (() => string) | undefined
}

/**
 * The way of a request: token → guards → route → cache, and on a miss → coalesce → upstream. The token is checked
 * first, as in the original. Never throws, and returns no promise, because `node:http` would not wait for one.
 */
export function createHandler(options: HandlerOptions): Handler {
  const { isKnownToken, sdk, environment, metrics } = options
  const failures = createFailureMemory(() => options.cache.answers)
  const responder = createResponder(options)
  const lateTokens = createLateTokens(options)
  const bySdk = createSdkEndpoint(sdk, { responder, lateTokens, failures, isKnownToken, refusalOf })
  const { read, defect } = responder
  const route = createRouter(options.admitRole)
  const seen: SeenHeaders = { token: '', host: undefined, forwarded: false, noCache: false }
  let lastGoodHost = 'localhost:2773'

  return (request, response) => {
    try {
      readHeaders(request.rawHeaders, seen)
      if (request.method === 'POST' && bySdk(request, response, seen)) return
      if (isKnownToken(seen.token)) serve(request, response, seen)
      else serveWithoutToken(request, response)
    } catch (error) {
      defect(response, error, PLAIN_ERRORS)
    }
  }

  /** The caller has shown the token. A hit ends here: no promise, no await. */
  function serve(request: IncomingMessage, response: ServerResponse, headers: Readonly<SeenHeaders>): void {
    const refusal = refusalOf(headers)
    if (refusal !== undefined) return reply.refuse(response, refusal)
    if (!isGet(request)) return reply.refuse(response, rejects.method)
    const routed = route(request.url ?? '')
    const question = headers.noCache ? asRefresh(routed) : routed
    if (question.kind === 'read') return read(response, question, PLAIN_ERRORS)
    if (question.kind === 'many') return responder.readMany(response, question, PLAIN_ERRORS)
    if (question.kind === 'ping') return reply.pong(response)
    if (question.kind === 'environment') return serveEnvironment(response)
    if (question.kind === 'metrics') {
      return metrics === undefined
        ? reply.refuse(response, rejects.unknownPath)
        : reply.metrics(response, metrics())
    }
    return reply.refuse(response, question)
  }

  function serveEnvironment(response: ServerResponse): void {
    if (environment === undefined) return reply.refuse(response, rejects.noEnvironment)
    environment()
      .then((made) => (isReject(made) ? reply.refuse(response, made) : reply.miss(response, made)))
      .catch((error: unknown) => defect(response, error, PLAIN_ERRORS))
  }

  /** The caller has shown no token of the environment: `/ping` needs none. */
  function serveWithoutToken(request: IncomingMessage, response: ServerResponse): void {
    const { token } = seen
    if (isGet(request) && route(request.url ?? '').kind === 'ping') {
      return isGoodHost(seen.host) ? reply.pong(response) : reply.refuse(response, rejects.foreignHost)
    }
    const kept = { ...seen }
    lateTokens.check(token, {
      serve: () => serve(request, response, kept),
      refuse: () => refuseToken(response),
      fail: (error) => defect(response, error, PLAIN_ERRORS),
    })
  }

  function refuseToken(response: ServerResponse): void {
    reply.refuse(response, rejects.badToken)
    lateTokens.refused()
  }

  /** The guards: why a request with these headers is not answered, whichever endpoint it is for. */
  function refusalOf({ host, forwarded }: Readonly<SeenHeaders>): Reject | undefined {
    if (forwarded) return rejects.forwarded
    return isGoodHost(host) ? undefined : rejects.foreignHost
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
