import { request as send, type IncomingMessage, type ServerResponse } from 'node:http'
import { listen } from './listen.ts'

// A door before the extension, which listens on this machine's loopback and refuses every other Host: for containers,
// and for who wants to see each request. Only there is it used, for it costs more than a hit does.

export interface FrontOptions {
  /** Where to listen besides loopback: `0.0.0.0` for everybody. */
  readonly host: string | undefined
  readonly port: number
  /** Of the extension, on loopback. */
  readonly behind: number
  /** Names by which callers may call it, besides those of this machine. */
  readonly allowedHosts: readonly string[]
  /** A line for each request: method, target, what came of it, and the milliseconds it took. */
  readonly say: ((line: string) => void) | undefined
}

/** Resolves when it listens, with what closes it. Rejects with a sentence when it cannot. */
export function startFront(options: FrontOptions): Promise<() => void> {
  const { host, port } = options
  return listen((incoming, response) => forward(options, incoming, response), {
    host,
    port,
    option: host === undefined ? '--port' : '--host',
  })
}

function forward(
  { behind, allowedHosts, say }: FrontOptions,
  incoming: IncomingMessage,
  response: ServerResponse,
): void {
  const startedAt = performance.now()
  const { method = '', url = '' } = incoming
  const headers = headersFor(incoming, allowedHosts, behind)
  const target = { host: '127.0.0.1', port: behind, method, path: url, headers }
  const outgoing = send(target, (answer) => {
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

/**
 * As they came, repeated ones too: the extension refuses what is wrong with them. One Host that is allowed becomes the
 * extension's own, and any other goes on as it is.
 */
function headersFor(
  { rawHeaders, headersDistinct: { host = [] } }: IncomingMessage,
  allowedHosts: readonly string[],
  behind: number,
): string[] {
  const [name = ''] = host
  const isAllowed = host.length === 1 && allowedHosts.includes(name.replace(/:\d+$/, '').toLowerCase())
  if (!isAllowed) return rawHeaders
  return rawHeaders.map((text, at) =>
    at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === 'host' ? `localhost:${behind}` : text,
  )
}
