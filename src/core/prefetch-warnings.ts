import type { Log } from '../log.ts'
import { say, type Public } from '../public.ts'

/** The warnings of a prefetch, of which the first are written: its lists may have any length, and all may fail. */
export interface PrefetchWarnings {
  warn(line: Public): void
  /** Writes how many more there were, and begins anew. */
  end(): void
}

const MOST = 20

export function createPrefetchWarnings(log: Pick<Log, 'warn'>): PrefetchWarnings {
  let count = 0
  return {
    warn(line) {
      if (++count <= MOST) log.warn(line)
    },
    end() {
      if (count > MOST) log.warn(say`prefetch: and ${count - MOST} more warnings`)
      count = 0
    },
  }
}
