// The network between the extension and AWS. It does to single connections what a load balancer or a NAT does to
// those that idle while the sandbox is frozen. New connections always work.

import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** What happens to connections that are open: closed in order, reset, or forgotten without a word to anyone. */
export type Loss = 'FIN' | 'RST' | 'silence'

export interface Relay {
  readonly port: number
  /** Does it to every open connection; says how many there were. */
  lose(loss: Loss): number
  close(): Promise<void>
}

/** TCP to a port of this machine, which is looked up at each connection. */
export async function startRelay(upstreamPort: () => number): Promise<Relay> {
  const open = new Map<Socket, Socket>()
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect(upstreamPort(), '127.0.0.1')
    open.set(near, far)
    near.pipe(far).pipe(near)
    near.on('error', () => {})
    far.on('error', () => {})
    near.once('close', () => {
      open.delete(near)
      far.destroy()
    })
    far.once('close', () => near.destroySoon())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  return {
    port: (server.address() as AddressInfo).port,
    lose(loss) {
      const pairs = [...open]
      for (const [near, far] of pairs) {
        if (loss === 'FIN') near.end()
        else if (loss === 'RST') near.resetAndDestroy()
        else forget(near, far)
      }
      return pairs.length
    },
    async close() {
      for (const near of open.keys()) near.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** From now on all bytes are dropped, in both directions, and neither side notices. */
function forget(near: Socket, far: Socket): void {
  near.unpipe(far)
  far.unpipe(near)
  near.resume()
  far.resume()
}
