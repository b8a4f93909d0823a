// What a TLS client offers in its first message, read from the bytes on the wire (RFC 8446, 4.1.2 and 4.2).

import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

interface ClientHello {
  /** Groups of the extension `supported_groups`, in the client's order of preference. */
  readonly groups: readonly number[]
  /** Groups that the client has sent a key of: with any other a server costs a round trip more. */
  readonly keyShares: readonly number[]
}

/** Of IANA's registry "TLS Supported Groups". */
export const GROUPS = { x25519: 0x001d, x25519MlKem768: 0x11ec } as const

interface Listener {
  readonly port: number
  /** One for each connection, in the order in which they came. */
  readonly hellos: readonly ClientHello[]
  close(): void
}

/** Passes everything on to a port of this machine, and reads the first message of each connection. */
export async function startHelloListener(targetPort: number): Promise<Listener> {
  const hellos: ClientHello[] = []
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(targetPort, '127.0.0.1')
    let head: Buffer | undefined = Buffer.alloc(0)
    near.on('data', (bytes: Buffer) => {
      if (head === undefined) return
      head = Buffer.concat([head, bytes])
      if (head.length < 5 || head.length < 5 + head.readUInt16BE(3)) return
      hellos.push(clientHelloIn(head))
      head = undefined
    })
    near.pipe(far).pipe(near)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => socket.destroy())
    }
    near.once('close', () => far.destroy())
    far.once('close', () => near.destroy())
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    port: (server.address() as AddressInfo).port,
    hellos,
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

/** `record`: at least the first record of the connection. Throws where that holds no ClientHello. */
function clientHelloIn(record: Buffer): ClientHello {
  const HANDSHAKE = 22
  const CLIENT_HELLO = 1
  if (record[0] !== HANDSHAKE || record[5] !== CLIENT_HELLO) throw new Error('no ClientHello')
  // Record and handshake header, version, random.
  let at = 5 + 4 + 2 + 32
  at += 1 + record.readUInt8(at)
  at += 2 + record.readUInt16BE(at) // cipher suites
  at += 1 + record.readUInt8(at) // compression methods
  const end = at + 2 + record.readUInt16BE(at)
  at += 2
  const extensions = new Map<number, Buffer>()
  while (at < end) {
    const length = record.readUInt16BE(at + 2)
    extensions.set(record.readUInt16BE(at), record.subarray(at + 4, at + 4 + length))
    at += 4 + length
  }
  return { groups: groupsIn(extensions.get(10)), keyShares: keySharesIn(extensions.get(51)) }
}

function groupsIn(extension: Buffer = Buffer.alloc(2)): number[] {
  return Array.from({ length: extension.readUInt16BE(0) / 2 }, (_, i) => extension.readUInt16BE(2 + 2 * i))
}

function keySharesIn(extension: Buffer = Buffer.alloc(2)): number[] {
  const groups: number[] = []
  for (let at = 2; at < extension.length; at += 4 + extension.readUInt16BE(at + 2))
    groups.push(extension.readUInt16BE(at))
  return groups
}
