import type { Server } from 'node:net'

// `server.listen` compiles Node's regular expression for IPv6, only to learn that 127.0.0.1 is an address, and loads
// `dns` and `cluster`: some 7 of the 45 ms from start to register in a CPU profile of Node 24. It ends in `_listen2`,
// whose name and arguments are the same from Node 0.8 to 26. Where that is missing, as on Bun, `listen` is called.

interface Listens {
  _listen2?(
    address: string | null,
    port: number | null,
    family: 4 | 6 | null,
    backlog: number,
    fd?: number,
  ): void
}

// Node's own default.
const BACKLOG = 511

/** As `server.listen({ port, host })` for an address, not a name: then `listening` or `error` is emitted. */
export function bindAddress(server: Server, port: number, address: string): void {
  const { _listen2: listenTo } = server as Listens
  if (typeof listenTo === 'function')
    listenTo.call(server, address, port, address.includes(':') ? 6 : 4, BACKLOG)
  else server.listen({ port, host: address })
}

/** As `server.listen({ fd })`, for a socket that listens already. */
export function takeSocket(server: Server, fd: number): void {
  const { _listen2: listenTo } = server as Listens
  if (typeof listenTo === 'function') listenTo.call(server, null, null, null, BACKLOG, fd)
  else server.listen({ fd })
}

/** Whether it listens on exactly that address and port. */
export function isBoundTo(server: Server, port: number, address: string): boolean {
  const bound = server.address()
  return typeof bound === 'object' && bound?.port === port && bound.address === address
}
