import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Log } from '../../log.ts'
import { say, shown } from '../../public.ts'
import { rejects } from '../rejects.ts'
import { bindAddress, isBoundTo, takeSocket } from '../../bind.ts'
import { createHttpServer } from './http-server.ts'
import { readHeaders, type SeenHeaders } from '../headers.ts'

export type Handler = (request: IncomingMessage, response: ServerResponse) => void

export interface LocalServerOptions {
  readonly port: number
  /** Descriptors of sockets that may listen on that port of 127.0.0.1 and ::1 already. */
  readonly inherited?: { readonly v4: number | undefined; readonly v6: number | undefined }
  readonly handler: Handler
  readonly log: Log
  /** For requests that never reach the handler: without the token, a CONNECT gets a 401 and no more, too. */
  isKnownToken(presented: string): boolean
}

export interface LocalServer {
  /**
   * Listens on both loopback addresses. Resolves with whether 127.0.0.1 is ours; never rejects. If it is not, goes on
   * trying in the background, and takes the port when it is freed.
   */
  listen(): Promise<boolean>
  /** Accepts no new connection, answers what it has, and is done at `deadlineAt` (epoch ms) at the latest. */
  close(deadlineAt: number): Promise<void>
}

interface LoopbackServer {
  readonly server: Server
  /** The address that it listens on. */
  readonly host: string
}

const RETRY_LISTEN_MS = 250
const RETRY_LISTEN_MAX_MS = 5_000
const DRAIN_POLL_MS = 10
// Time for the last bytes of answers. A connection that is not idle by then has sent nothing, or an incomplete request.
const FLUSH_MS = 100

export function createLocalServer(options: LocalServerOptions): LocalServer {
  const { port, inherited, log } = options
  const waiting = new Set<ServerResponse>()
  const v4 = serverFor(options, waiting)
  const v6 = serverFor(options, waiting)
  const timers = new Set<NodeJS.Timeout>()
  let closing = false

  return { listen, close }

  async function listen(): Promise<boolean> {
    const [isListening] = await Promise.all([
      bind({ server: v4, host: '127.0.0.1' }, inherited?.v4),
      bind({ server: v6, host: '::1' }, inherited?.v6),
    ])
    return isListening
  }

  function bind(loopback: LoopbackServer, fd: number | undefined, attempt = 0): Promise<boolean> {
    const { server, host } = loopback
    return new Promise((resolve) => {
      const onError = (error: NodeJS.ErrnoException) => {
        server.removeListener('listening', onListening)
        if (fd !== undefined) return resolve(bind(loopback, undefined))
        retry(loopback, attempt, error)
        resolve(false)
      }
      const onListening = () => {
        server.removeListener('error', onError)
        // A socket of another process, which a function's own variable names.
        if (fd !== undefined && !isBoundTo(server, port, host)) {
          server.close(() => resolve(bind(loopback, undefined)))
          return
        }
        // Out of descriptors, for example. Open connections go on, and accepting resumes by itself.
        server.on('error', (error: NodeJS.ErrnoException) =>
          log.error(say`server: ${shown(error.code ?? error.name)}`),
        )
        if (attempt > 0) {
          log.info(say`Serving on port ${port} of ${shown(host)}`)
          if (server === v4) log.info(say`ready to serve traffic`)
        }
        resolve(true)
      }
      server.once('error', onError)
      server.once('listening', onListening)
      if (fd === undefined) bindAddress(server, port, host)
      else takeSocket(server, fd)
    })
  }

  function retry(loopback: LoopbackServer, attempt: number, error: NodeJS.ErrnoException): void {
    const { host } = loopback
    const code = shown(error.code ?? error.name)
    // A machine without IPv6 says EADDRNOTAVAIL or EAFNOSUPPORT for ::1, and that will not change.
    if (host === '::1' && error.code !== 'EADDRINUSE') return log.debug(say`not listening on ::1: ${code}`)
    if (attempt === 0) log.error(say`cannot listen on port ${port} of ${shown(host)}: ${code}. Trying again.`)
    const delayMs = Math.min(RETRY_LISTEN_MS * 2 ** attempt, RETRY_LISTEN_MAX_MS)
    const timer = setTimeout(() => {
      timers.delete(timer)
      if (!closing) void bind(loopback, undefined, attempt + 1)
    }, delayMs)
    timers.add(timer)
  }

  async function close(deadlineAt: number): Promise<void> {
    closing = true
    for (const timer of timers) clearTimeout(timer)
    const open = new Set([v4, v6])
    for (const server of open) server.close(() => open.delete(server))
    while (isAwaited(waiting) && Date.now() < deadlineAt) await sleep(DRAIN_POLL_MS)
    const flushedAt = Math.min(deadlineAt, Date.now() + FLUSH_MS)
    while (open.size > 0 && Date.now() < flushedAt) {
      for (const server of open) server.closeIdleConnections()
      await sleep(DRAIN_POLL_MS)
    }
    for (const server of open) server.closeAllConnections()
  }
}

/**
 * Whether a client still waits for an answer. While we serve, one that has closed its sending half may be waiting, and
 * is answered. At SHUTDOWN its process has most likely been killed.
 */
function isAwaited(waiting: ReadonlySet<ServerResponse>): boolean {
  for (const { req } of waiting) {
    // An incomplete request is due no answer.
    if (req.complete && !req.socket.readableEnded && !req.socket.destroyed) return true
  }
  return false
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** `waiting` holds the responses that still wait for AWS. A hit is over when `handler` returns, and never gets in. */
function serverFor({ handler, isKnownToken }: LocalServerOptions, waiting: Set<ServerResponse>): Server {
  const listener: Handler = (request, response) => {
    handler(request, response)
    if (response.writableEnded) return
    waiting.add(response)
    response.once('close', () => waiting.delete(response))
  }
  return createHttpServer(listener, ({ rawHeaders }) => {
    const seen: SeenHeaders = { token: '', host: undefined, forwarded: false, noCache: false }
    readHeaders(rawHeaders, seen)
    return isKnownToken(seen.token) ? rejects.method : rejects.badToken
  })
}
