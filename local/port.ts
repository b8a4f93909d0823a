import { createServer, type AddressInfo } from 'node:net'

/**
 * The port that was requested, or a free one for 0. Throws a sentence where the extension could not listen there. It
 * would go on trying, as on Lambda, where a taken port may become free.
 */
export async function availablePort(wanted: number): Promise<number> {
  for (;;) {
    const port = await probe(wanted, '127.0.0.1')
    try {
      await probe(port, '::1')
      return port
    } catch (error) {
      if (wanted !== 0) throw error
    }
  }
}

/** Listens there for a moment. */
function probe(port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', ({ code = 'no reason given' }: NodeJS.ErrnoException) => {
      // A machine without IPv6: the extension does without it, too.
      if (host === '::1' && code !== 'EADDRINUSE' && code !== 'EACCES') resolve(port)
      else reject(new Error(`${whyNot(port, code)}; choose another with: npm start -- --port N`))
    })
    server.listen({ port, host }, () => {
      const { port: bound } = server.address() as AddressInfo
      server.close(() => resolve(bound))
    })
  })
}

function whyNot(port: number, code: string): string {
  if (code === 'EADDRINUSE') return `port ${port} is in use`
  if (code === 'EACCES')
    return `port ${port} needs rights that you do not have (most systems keep those below 1024)`
  return `port ${port} cannot be listened on (${code})`
}
