import { existsSync, mkdtempSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

// A memory cgroup, in place of the memory of a function's sandbox. It counts what its processes hold and what they have
// read from files.

/** Version 1 has a hierarchy for memory alone, version 2 one for everything. */
const KINDS = [
  { root: '/sys/fs/cgroup/memory', limit: 'memory.limit_in_bytes', file: 'total_cache' },
  { root: '/sys/fs/cgroup', limit: 'memory.max', file: 'file' },
] as const

export interface Cgroup {
  /** The command, started in it. */
  around(command: readonly string[]): string[]
  /** What its page cache holds, in megabytes of 10⁶ bytes. */
  cacheMb(): number
  /** To be called when its processes have been signalled to end; waits for them. */
  remove(): Promise<void>
}

/** A new one, limited to so many bytes; undefined where this user may make none. */
export function createCgroup(limitBytes: number): Cgroup | undefined {
  for (const { root, limit, file } of KINDS) {
    const path = tryCreate(root, limit, limitBytes)
    if (path === undefined) continue
    return {
      // The shell joins, and is then replaced: the process keeps its number.
      around: (command) => [
        '/bin/sh',
        '-c',
        `echo $$ > ${join(path, 'cgroup.procs')} && exec "$@"`,
        'sh',
        ...command,
      ],
      cacheMb: () => {
        const stat = readFileSync(join(path, 'memory.stat'), 'latin1')
        return Number(new RegExp(`^${file} (\\d+)`, 'm').exec(stat)?.[1]) / 1e6
      },
      remove: () => remove(path),
    }
  }
  return undefined
}

function tryCreate(root: string, limit: string, limitBytes: number): string | undefined {
  let path: string | undefined
  try {
    path = mkdtempSync(join(root, 'bench-'))
    // Files of a cgroup are there by themselves or not at all.
    if (!existsSync(join(path, limit))) throw new Error(`${root} does not limit memory`)
    writeFileSync(join(path, limit), String(limitBytes))
    return path
  } catch {
    if (path !== undefined && existsSync(path)) rmdirSync(path)
    return undefined
  }
}

async function remove(path: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      return rmdirSync(path)
    } catch (error) {
      if (attempt === 100) throw error
      await sleep(20)
    }
  }
}
