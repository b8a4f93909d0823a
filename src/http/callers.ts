import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'

// What the kernel knows about the callers on our port. A caller may close its sending half and still wait for the
// answer, so an end on the connection alone proves nothing, and Bun does not even report it. But all callers are on
// this machine, so their own ends of the connections are in the kernel's table too.

/** Neither end has closed. */
const ESTABLISHED = '01'
const REMEMBERED_MS = 100
/** Bun tells nothing of a connection that ended while its answer is due. */
const IS_UNTOLD = process.versions['bun'] !== undefined
/** Connections by their two ports, from the caller's end, which no process holds. */
let orphans: ReadonlySet<string> = new Set()
let readAt = 0

interface Row {
  readonly local: number
  readonly remote: number
  readonly state: string
  /** 0 if no process holds this end any more. */
  readonly inode: number
}

/**
 * Whether the caller on that connection has hung up: the connection has ended, and no process holds the caller's end
 * any more. False if the system does not tell. It may be late by a tenth of a second: the table is read ten times a
 * second at most, because reading it takes milliseconds on a machine with thousands of connections.
 */
export function hasHungUp({ readableEnded, localPort, remotePort }: Socket): boolean {
  if (!readableEnded && !IS_UNTOLD) return false
  const now = Date.now()
  if (Math.abs(now - readAt) > REMEMBERED_MS) {
    readAt = now
    orphans = new Set(
      connections()
        .filter(({ state, inode }) => state !== ESTABLISHED && inode === 0)
        .map(({ local, remote }) => `${local} ${remote}`),
    )
  }
  return orphans.has(`${remotePort} ${localPort}`)
}

function connections(): Row[] {
  return ['tcp', 'tcp6'].flatMap(tableOf)
}

/** Empty where there is no such table, as without IPv6. */
function tableOf(name: string): Row[] {
  try {
    const lines = readFileSync(`/proc/self/net/${name}`, 'latin1').split('\n').slice(1, -1)
    return lines.map((line) => {
      const [, local = '', remote = '', state = '', , , , , , inode] = line.trim().split(/\s+/)
      return { local: portOf(local), remote: portOf(remote), state, inode: Number(inode) }
    })
  } catch {
    return []
  }
}

/** `0100007F:0AD5` */
function portOf(address: string): number {
  return Number.parseInt(address.slice(address.lastIndexOf(':') + 1), 16)
}
