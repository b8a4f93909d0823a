import { readdirSync, readFileSync } from 'node:fs'

// What Linux reports of a process, in /proc.

/** User and system time of all threads so far, in milliseconds: by the scheduler's nanoseconds, not by its ticks. */
export function cpuMs(pid: number): number {
  let nanoseconds = 0
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ', 1)[0])
    } catch {
      // A thread that ended since the listing; its share is lost, and no server here ends threads while it serves.
    }
  }
  return nanoseconds / 1e6
}

/**
 * What it made the kernel read from the disk so far, in megabytes of 10⁶ bytes: what it requested, and what was read
 * ahead.
 */
export function readMb(pid: number): number {
  return Number(/^read_bytes: (\d+)/m.exec(readFileSync(`/proc/${pid}/io`, 'latin1'))?.[1]) / 1e6
}

/** How often one of its threads waited for a page from the disk. */
export function majorFaults(pid: number): number {
  // proc_pid_stat(5): the twelfth field; the second is a name, which may hold anything.
  return Number(readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ')[9])
}

/** Megabytes of 10⁶ bytes. */
export interface Memory {
  readonly rssMb: number
  /** Of it, what is no file's: heaps, stacks, compiled code. */
  readonly anonMb: number
  /** The most that was resident since the start. */
  readonly peakRssMb: number
}

export function memoryOf(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1')
  const megabytes = (name: string) =>
    (Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]) * 1024) / 1e6
  return { rssMb: megabytes('VmRSS'), anonMb: megabytes('RssAnon'), peakRssMb: megabytes('VmHWM') }
}

/** Resident memory in which a page that several processes share counts by shares, in megabytes of 10⁶ bytes. */
export function proportionalMb(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1')
  return (Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1]) * 1024) / 1e6
}

/** How many files and sockets it has open. */
export function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length
}
