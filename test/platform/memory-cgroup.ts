// A bound on memory as Lambda sets one: a cgroup of the kernel, of either version. Only root can make one.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

export interface MemoryCgroup {
  /** Runs `start` inside, so that the processes which it starts are inside from their first page on. */
  during<T>(start: () => Promise<T>): Promise<T>
  /** How often the kernel killed a process in it for memory. */
  kills(): number
  /** Once it is empty. */
  remove(): Promise<void>
}

const V1 = '/sys/fs/cgroup/memory'
const V2 = '/sys/fs/cgroup'

/** Throws where none can be made. */
export function createMemoryCgroup(limitBytes: number): MemoryCgroup {
  const isV1 = existsSync(`${V1}/memory.limit_in_bytes`)
  const home = isV1 ? V1 + ownPath('memory') : V2 + ownPath('')
  const folder = mkdtempSync(`${isV1 ? V1 : V2}/extension-`)
  const limit = isV1 ? 'memory.limit_in_bytes' : 'memory.max'
  writeFileSync(`${folder}/${limit}`, String(limitBytes))
  const events = `${folder}/${isV1 ? 'memory.oom_control' : 'memory.events'}`
  const enter = (place: string) => writeFileSync(`${place}/cgroup.procs`, String(process.pid))
  return {
    async during(start) {
      enter(folder)
      try {
        return await start()
      } finally {
        enter(home)
      }
    },
    kills: () => Number(/^oom_kill (\d+)$/m.exec(readFileSync(events, 'latin1'))?.[1]),
    async remove() {
      for (let tries = 0; ; tries++) {
        try {
          return rmdirSync(folder)
        } catch (error) {
          if (tries === 100) throw error
          await sleep(20)
        }
      }
    },
  }
}

/** Why no cgroup can be made here; undefined if one can. */
export function whyNoMemoryCgroup(): string | undefined {
  try {
    const root = existsSync(`${V1}/memory.limit_in_bytes`) ? V1 : V2
    if (root === V2 && !/\bmemory\b/.test(readFileSync(`${V2}/cgroup.subtree_control`, 'latin1'))) {
      return 'the memory controller of cgroups is not available'
    }
    const probe = `${root}/extension-probe-${process.pid}`
    mkdirSync(probe)
    rmdirSync(probe)
    return undefined
  } catch (error) {
    return `no cgroup can be made: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}`
  }
}

function ownPath(controller: string): string {
  const lines = readFileSync('/proc/self/cgroup', 'latin1').split('\n')
  const own = lines.find((line) => line.split(':')[1]?.split(',').includes(controller))
  return own?.split(':')[2] ?? '/'
}
