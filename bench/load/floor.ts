// The floors of a hit: the same bytes for the same request with nothing in between. `http` is a bare node:http server,
// `net` a socket that looks for the end of the request and writes. Neither knows a token, a cache or a clock.
import { writeSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer as createNetServer } from 'node:net'
import { targetOf } from '../measuring/catalogue.ts'

const port = Number(process.env.PARAMETERS_SECRETS_EXTENSION_HTTP_PORT)
const bodies = new Map<string, string>()
const written = new Map<string, string>()
const server = process.env.BENCH_FLOOR === 'net' ? overNet() : overHttp()
server.listen(port, '127.0.0.1', () => writeSync(1, 'listening\n'))

function overHttp() {
  return createHttpServer({ keepAliveTimeout: 0, noDelay: true }, (request, response) => {
    const body = bodyOf(request.url ?? '')
    response.writeHead(200, [
      'Content-Type',
      'text/plain',
      'Content-Length',
      String(body.length),
      'X-Cache',
      'HIT',
    ])
    response.end(body, 'latin1')
  })
}

function overNet() {
  return createNetServer({ noDelay: true }, (socket) => {
    let pending = ''
    socket.setEncoding('latin1')
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk: string) => {
      pending += chunk
      if (!pending.endsWith('\r\n\r\n')) return
      const path = pending.slice(4, pending.indexOf(' ', 4))
      const closes = pending.includes('\r\nConnection: close\r\n')
      pending = ''
      const bytes = bytesOf(path, closes ? 'close' : 'keep-alive')
      if (closes) socket.end(bytes, 'latin1')
      else socket.write(bytes, 'latin1')
    })
  })
}

function bodyOf(path: string): string {
  let body = bodies.get(path)
  if (body === undefined) {
    body = targetOf(path)?.body ?? ''
    bodies.set(path, body)
  }
  return body
}

function bytesOf(path: string, connection: string): string {
  const key = connection + path
  let bytes = written.get(key)
  if (bytes === undefined) {
    const body = bodyOf(path)
    const head = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\nX-Cache: HIT\r\n`
    bytes = `${head}Date: Fri, 02 Jan 2026 03:04:05 GMT\r\nConnection: ${connection}\r\n\r\n${body}`
    written.set(key, bytes)
  }
  return bytes
}
