import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'

// What the kernel knows about the callers on our port. A caller may close its sending half and still wait for the
// answer, so an end on the connection alone proves nothing, and Bun does not even report it. But all callers are on
// this machine, so their own ends of the connections are in the kernel's table too.

/** At most so much of the time goes into reading the table, and it is read ten times a second at most. */
const SHARE = 0.05
const REMEMBERED_MS = 100
/** Bun tells nothing of a connection that ended while its answer is due. */
const IS_UNTOLD = process.versions['bun'] !== undefined
/**
 * A row of an end that has closed and that no process holds: its ports, the state, and, five fields on, the inode 0. Not
 * one that both ends have closed (06, TIME_WAIT): ours is open. Linux, Documentation/networking/proc_net_tcp.rst.
 */
const ORPHAN = /: [\dA-F]+:([\dA-F]{4}) [\dA-F]+:([\dA-F]{4}) (?:0[2-57-9]|0B) \S+ \S+ +\S+ +\d+ +\d+ 0 /g
/** Connections by their two ports, from the caller's end, which no process holds. */
let orphans: ReadonlySet<string> = new Set()
let readAt = 0
let rememberedMs = REMEMBERED_MS

/**
 * Whether the caller on that connection has hung up: the connection has ended, and no process holds the caller's end
 * any more. False if the system does not tell. It may be late by a tenth of a second, and by more on a machine with
 * so many connections that reading them takes milliseconds.
 */
export function hasHungUp({ readableEnded, localPort, remotePort }: Socket): boolean {
  if (!readableEnded && !IS_UNTOLD) return false
  const now = Date.now()
  if (Math.abs(now - readAt) > rememberedMs) {
    const startedAt = performance.now()
    orphans = new Set(['tcp', 'tcp6'].flatMap(orphansIn))
    rememberedMs = Math.max(REMEMBERED_MS, (performance.now() - startedAt) / SHARE)
    readAt = now
  }
  return orphans.has(`${remotePort} ${localPort}`)
}

/** Empty where there is no such table, as without IPv6. */
function orphansIn(name: string): string[] {
  try {
    const table = readFileSync(`/proc/self/net/${name}`, 'latin1')
    return Array.from(table.matchAll(ORPHAN), ([, local, remote]) => `${port(local)} ${port(remote)}`)
  } catch {
    return []
  }
}

function port(hexadecimal = ''): number {
  return Number.parseInt(hexadecimal, 16)
}
