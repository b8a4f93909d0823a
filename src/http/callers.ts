import { readFileSync } from 'node:fs'

/** `ESTABLISHED` in the kernel's table of connections: neither end has closed. */
const ESTABLISHED = '01'

/**
 * The remote ports of connections to our `port` whose other end has not closed, as the kernel knows it; undefined where
 * it does not tell. Bun says nothing of a caller who has closed while an answer is due.
 */
export function portsOfCallers(port: number): Set<number> | undefined {
  const ports = new Set<number>()
  try {
    for (const table of ['tcp', 'tcp6']) {
      for (const row of readFileSync(`/proc/self/net/${table}`, 'latin1').split('\n').slice(1)) {
        const [, local = '', remote = '', state] = row.trim().split(/\s+/)
        if (state === ESTABLISHED && portOf(local) === port) ports.add(portOf(remote))
      }
    }
    return ports
  } catch {
    return ports.size > 0 ? ports : undefined
  }
}

/** `0100007F:0AD5` */
function portOf(address: string): number {
  return Number.parseInt(address.slice(address.lastIndexOf(':') + 1), 16)
}
