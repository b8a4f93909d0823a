import { createServer, request as ask, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'

// A door before the extension, which listens on this machine's loopback and refuses every other Host: for containers,
// and for who wants to see each request. Only there is it used, for it costs more than a hit does.

export interface FrontOptions {
  /** Where to listen: `0.0.0.0` for everybody. */
  readonly host: string
  readonly port: number
  /** Of the extension, on loopback. */
  readonly behind: number
  /** Names by which callers may call it, besides those of this machine. */
  readonly allowedHosts: readonly string[]
  /** A line for each request: method, target, what came of it, and the milliseconds it took. */
  readonly say: ((line: string) => void) | undefined
}

/** Resolves when it listens, with what closes it. Rejects when it cannot. */
export async function startFront(options: FrontOptions): Promise<() => void> {
  const server = createServer((incoming, response) => forward(options, incoming, response))
  server.listen(options.port, options.host)
  await once(server, 'listening')
  return () => {
    server.closeAllConnections()
    server.close()
  }
}

function forward(
  { behind, allowedHosts, say }: FrontOptions,
  incoming: IncomingMessage,
  response: ServerResponse,
): void {
  const startedAt = performance.now()
  const { method = '', url = '', headers } = incoming
  const name = headers.host?.replace(/:\d+$/, '').toLowerCase() ?? ''
  // Any other name goes on as it is, and the extension refuses it.
  const host = allowedHosts.includes(name) ? `localhost:${behind}` : headers.host
  const target = { host: '127.0.0.1', port: behind, method, path: url, headers: { ...headers, host } }
  const outgoing = ask(target, (answer) => {
    const { statusCode = 0, rawHeaders } = answer
    response.writeHead(statusCode, rawHeaders)
    answer.pipe(response)
    response.once('finish', () => {
      const outcome = statusCode === 200 ? (answer.headers['x-cache'] ?? 200) : statusCode
      say?.(`${method} ${url} ${String(outcome)} ${(performance.now() - startedAt).toFixed(1)} ms`)
    })
  })
  outgoing.on('error', () => response.destroy())
  response.on('close', () => outgoing.destroy())
  incoming.pipe(outgoing)
}
