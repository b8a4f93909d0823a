import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import type { RequestListener, Server } from 'node:http'
import { createHttpServer } from '../src/http/server/http-server.ts'

/** The addresses of this machine that nobody else reaches: a client of `localhost` tries either. */
const LOOPBACK = ['127.0.0.1', '::1']

/**
 * Listens on loopback, and on `host` where one is given. Resolves with what closes it. Rejects with a sentence that
 * names `option`, whose address or port it was, and listens nowhere then.
 */
export async function listen(
  handler: RequestListener,
  {
    host,
    port,
    option,
  }: { readonly host?: string | undefined; readonly port: number; readonly option: string },
): Promise<() => void> {
  const servers: Server[] = []
  const close = (): void => {
    for (const server of servers) {
      server.closeAllConnections()
      server.close()
    }
  }
  const wanted = host === undefined ? undefined : await addressOf(host, option)
  const isEverywhere = wanted === '0.0.0.0' || wanted === '::'
  for (const address of new Set(wanted === undefined ? LOOPBACK : [wanted, ...LOOPBACK])) {
    const server = createHttpServer(handler)
    try {
      server.listen(port, address)
      await once(server, 'listening')
      servers.push(server)
    } catch (error) {
      const { code = 'no reason given' } = error as NodeJS.ErrnoException
      const isAsked = address === (wanted ?? LOOPBACK[0])
      // Where all addresses are listened on, this one is already; and a machine may be without IPv6.
      const isThere = isEverywhere && servers.length > 0 && code === 'EADDRINUSE'
      if (!isAsked && (isThere || (address === '::1' && code !== 'EADDRINUSE' && code !== 'EACCES'))) continue
      close()
      throw new Error(`${option}: ${whyNot(address, port, code)}`, { cause: error })
    }
  }
  return close
}

async function addressOf(host: string, option: string): Promise<string> {
  try {
    return (await lookup(host)).address
  } catch (error) {
    const { code = 'no reason given' } = error as NodeJS.ErrnoException
    throw new Error(`${option}: ${whyNot(host, 0, code)}`, { cause: error })
  }
}

function whyNot(address: string, port: number, code: string): string {
  if (code === 'EADDRINUSE') return `port ${port} is in use`
  if (code === 'EACCES') return `port ${port} needs rights that you do not have`
  return `"${address}" is no address of this machine (${code}); 0.0.0.0 is all of them`
}
