import { readFileSync } from 'node:fs'

// What the kernel knows of the callers on our port. A caller may close its sending half and still wait for the answer,
// so a connection that ended says little, and Bun does not even tell that. All callers are on this machine, so their own
// ends of the connections are in the same table.

/** Neither end has closed. */
const ESTABLISHED = '01'

interface Row {
  readonly local: number
  readonly remote: number
  readonly state: string
  /** 0: no process holds this end any more. */
  readonly inode: number
}

/** The remote ports of connections to our `port` whose other end has not closed; undefined where nobody tells. */
export function portsOfCallers(port: number): Set<number> | undefined {
  const rows = connections()
  const open = rows?.filter(({ local, state }) => local === port && state === ESTABLISHED)
  return open && new Set(open.map(({ remote }) => remote))
}

/** Whether no process holds the caller's end any more; false where nobody tells. */
export function hasHungUp(port: number, callersPort: number): boolean {
  const rows = connections()
  if (rows === undefined) return false
  return !rows.some(({ local, remote, inode }) => local === callersPort && remote === port && inode !== 0)
}

function connections(): Row[] | undefined {
  const tables = ['tcp', 'tcp6'].map(tableOf)
  return tables.every((rows) => rows === undefined) ? undefined : tables.flatMap((rows) => rows ?? [])
}

/** Undefined: there is no such table, as without IPv6. */
function tableOf(name: string): Row[] | undefined {
  try {
    const lines = readFileSync(`/proc/self/net/${name}`, 'latin1').split('\n').slice(1, -1)
    return lines.map((line) => {
      const [, local = '', remote = '', state = '', , , , , , inode] = line.trim().split(/\s+/)
      return { local: portOf(local), remote: portOf(remote), state, inode: Number(inode) }
    })
  } catch {
    return undefined
  }
}

/** `0100007F:0AD5` */
function portOf(address: string): number {
  return Number.parseInt(address.slice(address.lastIndexOf(':') + 1), 16)
}
