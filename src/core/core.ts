import type { Answer } from '../answer/answer.ts'
import type { Part } from '../answer/many-reply.ts'
import type { ReadThrough } from '../cache/read-through.ts'
import type { Config } from '../config/config.ts'
import type { UpstreamError } from '../errors.ts'
import { SnapshotGuard } from '../lambda/snapshot.ts'
import type { Log } from '../log.ts'
import type { Lookup, SingleLookup } from '../lookup.ts'
import { Meter, type Totals } from '../metrics/meter.ts'
import { createCache, isKept } from './cache.ts'
import { createEnvironment, type Environment } from './environment.ts'
import { isOutage } from './failure-kind.ts'
import { createFetch } from './fetch.ts'
import { createLazyUpstream, type LazyUpstream } from './lazy-upstream.ts'
import { createObserver, createPassThrough, type PassThrough } from './pass-through.ts'
import { createPrefetch, type Prefetch } from './prefetch.ts'
import { readMany } from './read-many.ts'
import { createSessionTokenCheck } from './session-token.ts'
import { createWake } from './wake.ts'

/** What all our programs share. It is made from the config alone, and opens no socket, process or signal. */
export interface Core {
  readonly cache: ReadThrough<Lookup, Answer>
  readonly guard: SnapshotGuard
  readonly upstream: LazyUpstream
  /** Undefined if nothing is to be prefetched. */
  readonly prefetch: Prefetch | undefined
  /** Undefined if nothing is to become a variable of the function. */
  readonly environment: Environment | undefined
  /** Many at once; see read-many.ts. */
  readMany(lookups: readonly SingleLookup[], isRefresh: boolean): Promise<Part[]>
  readonly passThrough: PassThrough
  /** Calls that the other region has answered. */
  failovers(): number
  /** Undefined if nobody wants to know what is counted. */
  readonly metrics: Metrics | undefined
  /** Whether it is the session token of the current container credentials; undefined if there are none. */
  readonly isCurrentToken: ((presented: string) => Promise<boolean>) | undefined
}

export interface Metrics {
  readonly meter: Meter
  totals(): Totals
}

/** `given` is in place of AWS, for a test. */
export function createCore(config: Config, log: Log, given?: LazyUpstream): Core {
  const isSnapStart = config.initializationType === 'snap-start'
  const meter = config.metrics && new Meter(Math.random)
  let failovers = 0
  const wake = createWake(Date.now)
  const upstream =
    given ??
    createLazyUpstream(config.upstream, log, {
      observe: meter && createObserver(meter),
      wokeAt: wake.wokeAt,
      failover: {
        isOutage,
        failedOver: () => void failovers++,
      },
    })
  const guard = new SnapshotGuard(isSnapStart, {
    forgetConnections: upstream.reset,
    forgetAll() {
      cache.forget()
      upstream.reset()
    },
  })
  const during = <T>(call: () => Promise<T>) => wake.during(() => guard.during(call))
  const environment =
    config.environment &&
    createEnvironment({
      settings: config.environment,
      log,
      isSnapStart,
      isKept: isKept(config, { store: 'parameter-path' }),
      load: async (lookup) => cache.get(lookup) ?? cache.load(lookup),
    })
  const isExpected = (lookup: Lookup, error: UpstreamError) => environment?.isExpected(lookup, error) ?? false
  const common = { config, log, upstream, isExpected, cache: () => cache }
  const prefetch = createPrefetch({ ...common, lookups: environment?.lookups ?? [], wake })
  const { fetch, answerOf } = createFetch({ ...common, prefetch })
  const cache = createCache(config, {
    guard,
    wake,
    fetch: (lookup, purpose, page) => during(() => fetch(lookup, purpose, page)),
  })
  const passThrough = createPassThrough({
    upstream,
    log,
    meter,
    changed(subjects) {
      if (subjects === 'everything') cache.forget()
      else cache.changed(subjects)
      prefetch?.changed()
    },
  })
  const many = {
    cache,
    answerOf,
    during,
    upstream,
    maxConnections: config.upstream.maxConnections,
    isSecretBatched: true,
    isBackground: false,
  }

  return {
    cache,
    guard,
    upstream,
    prefetch,
    environment,
    readMany: (lookups, isRefresh) => readMany(lookups, isRefresh, many),
    failovers: () => failovers,
    passThrough: (call, changes) => during(() => passThrough(call, changes)),
    metrics: meter && {
      meter,
      totals: () => meter.totals(cache.stats(), { prefetched: prefetch?.count ?? 0, failovers }),
    },
    isCurrentToken: createSessionTokenCheck(config.upstream, { upstream, during, log }),
  }
}
