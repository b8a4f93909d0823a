import { cpuMs } from '../../tools/proc.ts'

// A small function's share of a processor, where the machine's cgroups are not ours to make: as the kernel does it, a
// process that has used up its share of a period is stopped until the next one begins.

const PERIOD_MS = 100
const POLL_MS = 1

/** Holds the process to that share of one processor from now on, until the answer is called. */
export function limitProcessor(pid: number, share: number): () => void {
  let periodAt = performance.now()
  let usedAtMs = cpuMs(pid)
  let isStopped = false
  const timer = setInterval(() => {
    const now = performance.now()
    const usedMs = cpuMs(pid)
    if (now - periodAt >= PERIOD_MS) {
      periodAt += PERIOD_MS * Math.floor((now - periodAt) / PERIOD_MS)
      // What was used beyond the share, because the poll came late, is owed.
      usedAtMs = Math.min(usedAtMs + share * PERIOD_MS, usedMs)
      if (isStopped) process.kill(pid, 'SIGCONT')
      isStopped = false
    }
    if (!isStopped && usedMs - usedAtMs >= share * PERIOD_MS) {
      process.kill(pid, 'SIGSTOP')
      isStopped = true
    }
  }, POLL_MS)
  return () => {
    clearInterval(timer)
    if (isStopped) process.kill(pid, 'SIGCONT')
  }
}
