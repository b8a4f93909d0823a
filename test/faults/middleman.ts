// An HTTP proxy in front of the emulated AWS. It refuses connections, rewrites answers, or answers with bytes of its
// own, as proxies, appliances and outages do, and AWS itself never does.

import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'

export interface Passed {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
}

/** What is sent in place of the true answer: another answer, or bytes after which the connection ends. */
type Tamper = (answer: Passed) => Passed | string

export interface Middleman {
  readonly url: string
  /** In force for every request until it is set to undefined. */
  tamper: Tamper | undefined
  /** Closes every connection and the port: what comes now is refused. */
  refuse(): Promise<void>
  /** Listens on the same port again. */
  listen(): Promise<void>
  close(): Promise<void>
}

export async function startMiddleman(upstreamPort: number): Promise<Middleman> {
  const open = new Set<Socket>()
  let port = 0

  const server = createServer({ keepAliveTimeout: 0 }, (incoming, response) => {
    // Rejects when either side hangs up: there is nobody left to answer.
    relay(incoming, response).catch(() => response.destroy())
  })
  server.on('connection', (socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })

  async function relay(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = await ask(upstreamPort, incoming, await buffer(incoming))
    const sent = middleman.tamper === undefined ? answer : middleman.tamper(answer)
    if (typeof sent === 'string') {
      incoming.socket.end(sent, 'latin1')
      return
    }
    response.sendDate = false
    response.writeHead(sent.status, { ...sent.headers, 'content-length': sent.body.length })
    response.end(sent.body)
  }

  async function listen(): Promise<void> {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
  }

  async function refuse(): Promise<void> {
    const closed = new Promise((resolve) => server.close(resolve))
    for (const socket of open) socket.destroy()
    await closed
  }

  await listen()
  const middleman: Middleman = {
    url: `http://127.0.0.1:${port}`,
    tamper: undefined,
    refuse,
    listen,
    close: async () => {
      if (server.listening) await refuse()
    },
  }
  return middleman
}

/** The request as it came, Host included: its signature covers that. */
async function ask(port: number, { method, url, headers }: IncomingMessage, body: Buffer): Promise<Passed> {
  const outgoing = request({ host: '127.0.0.1', port, method, path: url, headers, agent: false })
  // What breaks later shows in the body.
  outgoing.on('error', () => {})
  outgoing.end(body)
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  const { connection: _, 'content-length': __, ...kept } = response.headers
  return { status: response.statusCode ?? 0, headers: kept, body: await buffer(response) }
}
