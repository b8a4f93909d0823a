import { createServer } from 'node:net'

/** Free on both loopback addresses; below Linux' ephemeral range, so that no outgoing connection takes it. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    if ((await isFree(port, '127.0.0.1')) && (await isFree(port, '::1'))) return port
  }
}

function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === 'EADDRNOTAVAIL' && host === '::1'),
    )
    server.listen({ port, host }, () => server.close(() => resolve(true)))
  })
}
