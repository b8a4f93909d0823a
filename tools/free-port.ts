import { createServer } from 'node:net'

// All are below Linux' ephemeral range, so that no outgoing connection takes one.
const FIRST = 20_000
const ROOMS = 240
/** Of each room. A process takes its ports from one room, in turn, so processes side by side take none twice. */
const PORTS = 50
const room = FIRST + (process.pid % ROOMS) * PORTS
let taken = 0

/** Free on both loopback addresses. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = room + (taken++ % PORTS)
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
