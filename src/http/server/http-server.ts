import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Reject } from '../../errors.ts'
import { rejects } from '../rejects.ts'
import { refusalBytes } from '../reply.ts'
import { ignoreUpgrades } from './upgrades.ts'

// Session tokens alone can be several KB, and Node's own bound for all the headers is 16 KB.
const MAX_HEADER_BYTES = 64 * 1024
// Long, because the time of a freeze counts: a client that was frozen while it sent must find its connection alive.
const SLOW_REQUEST_MS = 300_000

/**
 * A server of `node:http` that leaves to `listener` whatever can be read as a request, and refuses the rest with a
 * sentence. `refuseConnect` says why a CONNECT is refused, which never reaches the listener.
 */
export function createHttpServer(
  listener: RequestListener,
  refuseConnect: (request: IncomingMessage) => Reject = () => rejects.method,
): Server {
  const server = createServer(
    {
      // 0 never closes an idle connection: with Node's 5 s, a client that reuses a connection after a freeze is reset.
      keepAliveTimeout: 0,
      headersTimeout: SLOW_REQUEST_MS,
      requestTimeout: SLOW_REQUEST_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
      requireHostHeader: false,
      noDelay: true,
      // A request without a body costs a stream's events less. It has ended before it is handed on: see body.ts.
      optimizeEmptyRequests: true,
    },
    listener,
  )
  // A client may close its sending half after its last request, and still wait for the answer.
  Object.assign(server, { httpAllowHalfOpen: true })
  // Only the bytes are bounded: Node 20 silently drops the headers after the 2,000th, and a guard would miss one of
  // them.
  server.maxHeadersCount = 0
  ignoreUpgrades(server)
  // Without these Node answers 417 before the token is checked, and hangs up on a CONNECT without a byte.
  server.on('checkExpectation', listener)
  server.on('connect', (request: IncomingMessage, socket: Duplex) => {
    hangUp(socket, refusalBytes(refuseConnect(request), false))
  })
  server.on('clientError', (error: UnreadError, socket: Socket) => {
    // The client has sent nothing, or an incomplete request, for minutes, so no answer is due.
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') return void socket.destroy()
    const reject = error.code === 'HPE_HEADER_OVERFLOW' ? rejects.headersTooLarge : rejects.malformedRequest
    hangUp(socket, refusalBytes(reject, mayBeHead(error, socket)))
  })
  return server
}

/** Why a request could not be read, with the bytes that were read last. */
type UnreadError = NodeJS.ErrnoException & { readonly rawPacket?: Buffer }

/**
 * Whether the request may be a HEAD, whose answer has no body (RFC 9110, 9.3.2). Node keeps no more of a request that
 * it cannot read than the last packet, and headers that are too large have begun in an earlier one.
 */
function mayBeHead({ code, rawPacket }: UnreadError, { bytesRead }: Socket): boolean {
  if (code === 'HPE_HEADER_OVERFLOW' || rawPacket === undefined) return true
  const text = rawPacket.toString('latin1')
  if (/(?:^|\n)HEAD /.test(text)) return true
  const isWhole = bytesRead <= rawPacket.length
  return !isWhole && !/^(?:GET|POST|PUT|PATCH|DELETE|OPTIONS|TRACE) /.test(text)
}

/** Writes the answer, if the connection is still writable, and closes it. */
function hangUp(socket: Duplex, bytes: string): void {
  socket.on('error', () => socket.destroy())
  if (!socket.writable) return void socket.destroy()
  socket.end(bytes, () => socket.destroy())
}
