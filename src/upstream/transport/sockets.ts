import { Agent as HttpAgent, type ClientRequestArgs } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { Duplex } from 'node:stream'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { say, shown, type Public } from '../../public.ts'
import type { ProxySettings } from '../../config/upstream.ts'
import { openTunnel, proxyFor, type Proxy } from './proxy.ts'
import { CALL_KINDS, Slots, waits, type CallKind } from './slots.ts'
import type { Trust } from './trust.ts'

// Sockets that may have slept. Between two invocations Lambda freezes the whole process, for milliseconds or for
// minutes, while AWS closes the idle connections at its end; no event reports it after the thaw. A request on such a
// socket is answered by a reset, or, behind a NAT that forgot the flow, by nothing at all. So a socket that idled
// for more than a few seconds of wall time counts as dead: a new handshake is cheaper than finding out.

/** Wall time, because the clock of timers may stand still while the sandbox is frozen. */
const LONGEST_IDLE_MS = 4_000
/**
 * Wall time too. A request that has brought no byte for this long was cut by a freeze: in a running process the SDK's
 * client gives it up after 13 s (upstream/sdk-config.ts). The timer for that has slept as well, and until it fires such
 * requests would hold all places of the pool. An answer that is still arriving may take as long as it needs.
 */
const LONGEST_SILENCE_MS = 15_000
/**
 * For name, connection and TLS together. The original has none: in a VPC without a route to the service its calls
 * hang until the function's own timeout, with nothing in the log.
 */
const CONNECT_TIMEOUT_MS = 2_000

export interface Sockets {
  readonly agent: HttpAgent | HttpsAgent
  /** To be called before each request. Closes the sockets that slept, idle or with a request under way. */
  dropStale(): void
  /**
   * Resolves when a call may send, with a function to be called when its answer is whole. Rejects when `signal` ends
   * the wait.
   */
  takeSlot(signal: AbortSignal | undefined): Promise<() => void>
  /** Closes the idle ones now and the others as soon as they are idle. */
  retire(): void
}

export interface SocketsOptions {
  readonly secure: boolean
  /** At once, of each kind; see slots.ts. */
  readonly maxCalls: number
  /** Epoch milliseconds: a call from before it does not count, because the process slept since. */
  readonly wokeAt: () => number
  readonly trust: Trust
  readonly proxy: ProxySettings | undefined
  /** Called for each TLS connection when it is made. */
  readonly onSecure?: ((socket: TLSSocket) => void) | undefined
}

/** Sockets to one origin. */
export function createSockets(options: SocketsOptions): Sockets {
  const { secure, maxCalls, wokeAt, trust, proxy, onSecure } = options
  const slots = Object.fromEntries(CALL_KINDS.map((kind) => [kind, new Slots(maxCalls, wokeAt)])) as Record<
    CallKind,
    Slots
  >
  // Twice, because calls that a freeze has cut may still have their sockets.
  const maxSockets = 2 * CALL_KINDS.length * maxCalls
  // Set here, because otherwise NODE_TLS_REJECT_UNAUTHORIZED decides, which a function may set for its own calls.
  const tls = { keepAlive: true, maxSockets, rejectUnauthorized: true, ...trust }
  const agent: HttpAgent = secure ? new HttpsAgent(tls) : new HttpAgent({ keepAlive: true, maxSockets })
  let retired = false
  /** When the socket became idle or busy, or brought its last byte. */
  const since = new WeakMap<Duplex, number>()

  const keepSocketAlive = agent.keepSocketAlive.bind(agent)
  agent.keepSocketAlive = (socket) => {
    if (retired) return false
    since.set(socket, Date.now())
    // Its type says void, but only a true result keeps the socket.
    return keepSocketAlive(socket)
  }

  const reuseSocket = agent.reuseSocket.bind(agent)
  agent.reuseSocket = (socket, request) => {
    since.set(socket, Date.now())
    reuseSocket(socket, request)
  }

  const createConnection = agent.createConnection.bind(agent)
  agent.createConnection = (connectOptions, callback) => {
    const { host, port } = connectOptions
    const target = { host: host ?? 'localhost', port: Number(port ?? (secure ? 443 : 80)) }
    const through = proxyFor(proxy, secure, target)
    if (through !== undefined && callback !== undefined) {
      connectThrough({ proxy: through, secure }, connectOptions, (error, socket) => {
        watch(socket)
        if (secure && error === undefined) onSecure?.(socket as TLSSocket)
        callback(error ?? null, socket)
      })
      return undefined
    }
    const socket = createConnection(connectOptions, callback)
    if (socket) watch(socket)
    if (socket) boundConnecting(socket, secure ? 'secureConnect' : 'connect')
    if (socket && secure && onSecure) socket.once('secureConnect', () => onSecure(socket as TLSSocket))
    return socket
  }

  function watch(socket: Duplex): void {
    since.set(socket, Date.now())
    socket.on('data', () => since.set(socket, Date.now()))
  }

  function close(sockets: typeof agent.sockets, isStale: (socket: Duplex) => boolean): void {
    for (const ofOrigin of Object.values(sockets)) {
      for (const socket of ofOrigin?.slice() ?? []) if (isStale(socket)) socket.destroy()
    }
  }

  return {
    agent,
    takeSlot(signal) {
      const wait = signal && waits.get(signal)
      return slots[wait?.kind ?? 'read'].take(signal, wait)
    },
    dropStale() {
      const now = Date.now()
      const age = (socket: Duplex) => now - (since.get(socket) ?? now)
      // Below zero the clock was set back, so how long the socket idled is unknown.
      close(agent.freeSockets, (socket) => age(socket) < 0 || age(socket) > LONGEST_IDLE_MS)
      close(agent.sockets, (socket) => age(socket) > LONGEST_SILENCE_MS)
    },
    retire() {
      retired = true
      close(agent.freeSockets, () => true)
    },
  }
}

/** Logs what the first connection is encrypted with: the key exchange where the runtime names it. */
export function onFirstConnection(debug: (line: Public) => void): (socket: TLSSocket) => void {
  let isLogged = false
  return (socket) => {
    if (isLogged) return
    isLogged = true
    const { boringssl, openssl } = process.versions
    const library = boringssl === undefined ? say`OpenSSL ${shown(openssl)}` : say`BoringSSL`
    // Node 22 and Bun do not name a group of ML-KEM: they give an empty object.
    const group = (socket.getEphemeralKeyInfo() as { name?: string } | null)?.name
    const exchange = group === undefined ? say`` : say`, key exchange ${shown(group)}`
    debug(say`TLS to AWS: ${shown(socket.getProtocol() ?? 'unknown')} by ${library}${exchange}`)
  }
}

// Not by the SDK's `connectionTimeout`, which also counts the time that a request waits for a free socket.
function boundConnecting(socket: Duplex, connected: 'connect' | 'secureConnect'): void {
  const timer = setTimeout(() => {
    socket.destroy(connectTimeout())
  }, CONNECT_TIMEOUT_MS)
  const clear = () => clearTimeout(timer)
  socket.once(connected, clear)
  socket.once('close', clear)
}

/** As an agent's own connection, but through a proxy. Calls back once, when TLS is ready, within the same bound. */
function connectThrough(
  { proxy, secure }: { readonly proxy: Proxy; readonly secure: boolean },
  { host = 'localhost', port = 443, ...options }: ClientRequestArgs,
  callback: (error: Error | undefined, socket: Duplex) => void,
): void {
  let isDone = false
  const done = (error: Error | undefined, socket: Duplex): void => {
    if (isDone) return
    isDone = true
    clearTimeout(timer)
    if (error !== undefined) tunnel.destroy()
    callback(error, socket)
  }
  const tunnel = openTunnel(proxy, { host: host ?? 'localhost', port: Number(port) }, (error, socket) => {
    if (error !== undefined || !secure || isDone) return done(error, socket)
    const tls = connectTls({ ...(options as object), host: host ?? 'localhost', socket, path: undefined })
    const onError = (problem: Error): void => done(problem, tls)
    tls.once('error', onError)
    tls.once('close', () => done(Object.assign(new Error('closed'), { code: 'ECONNRESET' }), tls))
    tls.once('secureConnect', () => {
      tls.off('error', onError)
      done(undefined, tls)
    })
  })
  const timer = setTimeout(() => done(connectTimeout(), tunnel), CONNECT_TIMEOUT_MS)
}

function connectTimeout(): Error {
  return Object.assign(new Error('connect timeout'), { code: 'ETIMEDOUT', syscall: 'connect' })
}
