import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { bufferOf } from '../../byte-string.ts'

// A request may offer another protocol, as Java's HttpClient does with `Upgrade: h2c`, and is answered in this one.
// Where nobody listens for `upgrade` Node answers it so too, but drops what is pipelined behind it in the same packet.
// So the request is put back in front of what follows it, without its offer, and the connection begins anew.

/**
 * What Node keeps on a socket: the response that is being sent, of several the first. Its name is as old as Node 0.12.
 */
interface HttpSocket extends Socket {
  readonly _httpMessage?: ServerResponse | null
}

/** Bytes that are read while the answers to earlier requests are awaited. The rest stays in the kernel. */
const MOST_KEPT = 64 * 1024

/** To be called once for a server. */
export function ignoreUpgrades(server: Server): void {
  // Bun drops nothing, and would wait for a listener to answer.
  if (process.versions['bun'] !== undefined) return
  // From Node 26 on a body is read before `upgrade` is emitted, and could not be put back.
  Object.assign(server, { shouldUpgradeCallback: ({ headers }: IncomingMessage) => !hasBody(headers) })
  server.on('upgrade', (request: IncomingMessage, socket: HttpSocket, rest: Buffer) => {
    const kept = [withoutOffer(request), rest]
    let size = rest.length
    const keep = (chunk: Buffer): void => {
      kept.push(chunk)
      size += chunk.length
      if (size > MOST_KEPT) socket.pause()
    }
    const onError = (): void => void socket.destroy()
    socket.on('error', onError).on('data', keep)
    begin()

    function begin(): void {
      if (socket.destroyed) return
      // The responses to earlier requests belong to the connection as it was.
      if (socket._httpMessage) return void socket._httpMessage.once('close', () => setImmediate(begin))
      socket.off('error', onError).off('data', keep)
      socket.unshift(Buffer.concat(kept))
      server.emit('connection', socket)
      // Only this event makes Node read on where it had stopped to read.
      socket.pause().resume()
    }
  })
}

function hasBody(headers: IncomingMessage['headers']): boolean {
  return 'content-length' in headers || 'transfer-encoding' in headers
}

function withoutOffer({ method, url, httpVersion, rawHeaders }: IncomingMessage): Buffer {
  let head = `${method} ${url} HTTP/${httpVersion}\r\n`
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if (rawHeaders[i]!.toLowerCase() !== 'upgrade') head += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`
  }
  return bufferOf(`${head}\r\n`)
}
