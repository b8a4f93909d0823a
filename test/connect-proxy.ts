// A proxy that is asked by CONNECT and leads everywhere to one port of this machine, so that names need no DNS.

import { createServer } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'

export interface ConnectProxy {
  readonly port: number
  /** What was requested, in order: `host:port`. */
  readonly targets: readonly string[]
  /** `Proxy-Authorization` of each. */
  readonly authorizations: readonly (string | undefined)[]
  /** What it does with the next ones. */
  behaviour: 'serve' | 'refuse' | 'stall' | 'talk nonsense' | 'hang up'
  /** Cuts every tunnel. */
  cut(): void
  close(): Promise<void>
}

/** Serves on a free port of 127.0.0.1. `authorization`: refuses with 407 without this header. */
export async function startConnectProxy(targetPort: number, authorization?: string): Promise<ConnectProxy> {
  const targets: string[] = []
  const authorizations: (string | undefined)[] = []
  const sockets = new Set<Duplex>()
  const server = createServer((_, response) => response.writeHead(400).end())
  const keep = (socket: Duplex): void => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
  }
  server.on('connection', keep)
  server.on('connect', (request, socket: Socket): void => {
    targets.push(request.url ?? '')
    authorizations.push(request.headers['proxy-authorization'])
    if (authorization !== undefined && request.headers['proxy-authorization'] !== authorization) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n')
      return
    }
    if (proxy.behaviour !== 'serve') return misbehave(proxy.behaviour, socket)
    const target = connect(targetPort, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      target.pipe(socket)
      socket.pipe(target)
    })
    keep(target)
    socket.on('close', () => target.destroy())
    target.on('close', () => socket.destroy())
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const proxy: ConnectProxy = {
    port: (server.address() as AddressInfo).port,
    targets,
    authorizations,
    behaviour: 'serve',
    cut: () => sockets.forEach((socket) => socket.destroy()),
    close: () =>
      new Promise((closed) => {
        server.close(() => closed())
        proxy.cut()
      }),
  }
  return proxy
}

function misbehave(behaviour: Exclude<ConnectProxy['behaviour'], 'serve'>, socket: Socket): void {
  if (behaviour === 'refuse') socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n')
  if (behaviour === 'talk nonsense') socket.end('SSH-2.0-OpenSSH\r\n\r\n')
  if (behaviour === 'hang up') socket.destroy()
}
