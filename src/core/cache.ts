import { asStale, bytesOf, type Answer } from '../answer/answer.ts'
import { ReadThrough, type ReadThroughOptions } from '../cache/read-through.ts'
import type { Config } from '../config/config.ts'
import type { SnapshotGuard } from '../lambda/snapshot.ts'
import type { Lookup } from '../lookup.ts'
import { kindOfFailure } from './failure-kind.ts'
import { subjectsOf, ttlMsOf } from './stores.ts'
import { overlap } from './subjects.ts'
import type { Wake } from './wake.ts'

/** Of the cache's bytes, what a list may take itself. */
const LIST_SHARE = 1 / 2

/** How long the answer of a replica is kept, in milliseconds. */
const REPLICA_MS = 30_000

export interface CacheOptions {
  readonly guard: SnapshotGuard
  readonly wake: Wake
  /** What a miss calls. */
  readonly fetch: ReadThroughOptions<Lookup, Answer>['fetch']
}

/** The cache of answers, as large and as fresh as the settings say. Before a restore it keeps nothing. */
export function createCache(
  config: Config,
  { guard, wake, fetch }: CacheOptions,
): ReadThrough<Lookup, Answer> {
  const { capacity, cacheMaxBytes: maxBytes, freshness: rules, negativeTtlMs } = config
  return new ReadThrough<Lookup, Answer>({
    capacity,
    maxBytes,
    bytesOf,
    mostBytes: ({ store }) => (store === 'parameter-path' ? maxBytes * LIST_SHARE : maxBytes),
    aliasesOf: ({ aliases }) => aliases,
    substituteMs: ({ replicaRegion }) => (replicaRegion === undefined ? undefined : REPLICA_MS),
    subjectsOf,
    overlap,
    ttlMs: (lookup) => (guard.isBeforeRestore ? 0 : ttlMsOf(config, lookup)),
    rules,
    negativeTtlMs,
    kindOf: kindOfFailure,
    asStale,
    now: Date.now,
    wokeAt: wake.wokeAt,
    after(ms, action) {
      const timer = setTimeout(action, ms)
      return () => clearTimeout(timer)
    },
    random: Math.random,
    fetch,
  })
}

/** Whether an answer to such a question is kept, but for what a snapshot would hold. */
export function isKept(config: Config, lookup: Pick<Lookup, 'store'>): boolean {
  return config.capacity > 0 && ttlMsOf(config, lookup) > 0
}
