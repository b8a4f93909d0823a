import { PLAIN } from '../src/cache/freshness.ts'
import { ReadThrough, type Purpose, type ReadThroughOptions } from '../src/cache/read-through.ts'

export interface Question {
  readonly key: string
  readonly ttlMs?: number
}

interface Fetch {
  readonly key: string
  readonly purpose: Purpose
  resolve(answer: string): void
  reject(error: unknown): void
}

export const TTL_MS = 60_000

/** Failures whose message says what kind they are of. */
export const failure = (kind: 'transient' | 'absent' | 'other'): Error => new Error(kind)

/** A read-through cache of texts whose fetches the test ends by hand, and whose clock and dice it sets. */
export function readThroughBench(
  changes: Partial<ReadThroughOptions<Question, string>> & { ttl?: number } = {},
) {
  const clock = { now: 1_000_000, wokeAt: 0 }
  const dice = { next: 0.5 }
  const fetches: Fetch[] = []
  const timers = new Set<{ readonly at: number; action(): void }>()
  const { ttl = TTL_MS, ...options } = changes
  const cache = new ReadThrough<Question, string>({
    capacity: 10,
    maxBytes: 1_000_000,
    bytesOf: (answer) => answer.length,
    mostBytes: () => Infinity,
    aliasesOf: () => [],
    substituteMs: () => undefined,
    subjectsOf: ({ key }) => [key],
    overlap: (one, other) => one === other,
    ttlMs: (question) => question.ttlMs ?? ttl,
    rules: PLAIN,
    negativeTtlMs: 0,
    kindOf: (error) => (error as Error).message as 'transient' | 'absent' | 'other',
    asStale: (answer, ageMs) => `${answer} (stale after ${ageMs})`,
    now: () => clock.now,
    wokeAt: () => clock.wokeAt,
    after(ms, action) {
      const timer = { at: clock.now + ms, action }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    random: () => dice.next,
    fetch: ({ key }, purpose) =>
      new Promise((resolve, reject) => fetches.push({ key, purpose, resolve, reject })),
    ...options,
  })
  /** Asks, lets the fetch take `tookMs`, and answers. */
  const read = async (question: Question, answer: string, tookMs = 0): Promise<string> => {
    const loading = cache.load(question)
    clock.now += tookMs
    fetches.at(-1)!.resolve(answer)
    return loading
  }
  /** Lets the time pass, with its timers. */
  const pass = (ms: number): void => {
    const until = clock.now + ms
    for (const timer of [...timers].toSorted((one, other) => one.at - other.at)) {
      if (timer.at > until) break
      clock.now = Math.max(clock.now, timer.at)
      timers.delete(timer)
      timer.action()
    }
    clock.now = until
  }
  return { cache, clock, dice, fetches, pass, read, timers }
}
