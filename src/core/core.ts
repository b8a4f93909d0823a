import { asStale, bytesOf, type Answer } from '../answer/answer.ts'
import type { Part } from '../answer/many-reply.ts'
import { ReadThrough } from '../cache/read-through.ts'
import type { Config } from '../config/config.ts'
import type { UpstreamError } from '../errors.ts'
import { SnapshotGuard } from '../lambda/snapshot.ts'
import type { Log } from '../log.ts'
import type { Lookup, SingleLookup } from '../lookup.ts'
import { Meter, type Totals } from '../metrics/meter.ts'
import type { CallObserver } from '../upstream/calls.ts'
import { createEnvironment, type Environment } from './environment.ts'
import { kindOfFailure } from './failure-kind.ts'
import { createFetch } from './fetch.ts'
import { createLazyUpstream, type LazyUpstream } from './lazy-upstream.ts'
import { createPassThrough, outcomeOf, type PassThrough } from './pass-through.ts'
import { createPrefetch, type Prefetch } from './prefetch.ts'
import { readMany } from './read-many.ts'
import { createSessionTokenCheck } from './session-token.ts'
import { overlap, subjectsOf } from './subjects.ts'
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
  /** Undefined if nobody wants to know what is counted. */
  readonly metrics: Metrics | undefined
  /** Whether it is the session token of the current container credentials; undefined if there are none. */
  readonly isCurrentToken: ((presented: string) => Promise<boolean>) | undefined
}

export interface Metrics {
  readonly meter: Meter
  totals(): Totals
}

/** Of the cache's bytes, what a list may take itself; and of bytes and entries, what its parameters may. */
const LIST_SHARE = 1 / 2
const PARTS_SHARE = { count: 1 / 2, bytes: 1 / 4 }

/** `given` is in place of AWS, for a test. */
export function createCore(config: Config, log: Log, given?: LazyUpstream): Core {
  const { capacity, cacheEnabled, cacheMaxBytes: maxBytes } = config
  const { maxConnections, region } = config.upstream
  const meter = config.metrics && new Meter(Math.random)
  const observe: CallObserver | undefined =
    meter &&
    ((tookMs, error) => meter.called(tookMs, error === undefined ? 'answered' : outcomeOf(error.code)))
  const upstream = given ?? createLazyUpstream(config.upstream, log, observe)
  const isSnapStart = config.initializationType === 'snap-start'
  const wake = createWake(Date.now)
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
      isKept: cacheEnabled && capacity > 0 && config.parametersTtlMs > 0,
      load: (lookup) => {
        const held = cache.get(lookup)
        return held === undefined ? cache.load(lookup) : Promise.resolve(held)
      },
    })
  const prefetch = createPrefetch({
    config,
    lookups: environment?.lookups ?? [],
    isExpected,
    log,
    upstream,
    wake,
    cache: () => cache,
  })
  const { fetch, answerOf } = createFetch({
    upstream,
    log,
    isExpected,
    prefetch,
    region,
    share: { count: capacity * PARTS_SHARE.count, bytes: maxBytes * PARTS_SHARE.bytes },
    cache: () => cache,
  })
  const cache = new ReadThrough<Lookup, Answer>({
    capacity: cacheEnabled ? capacity : 0,
    maxBytes,
    bytesOf,
    mostBytes: ({ store }) => (store === 'parameter-path' ? maxBytes * LIST_SHARE : maxBytes),
    aliasesOf: ({ aliases }) => aliases,
    subjectsOf,
    overlap,
    ttlMs,
    rules: config.freshness,
    negativeTtlMs: config.negativeTtlMs,
    kindOf: kindOfFailure,
    asStale,
    now: Date.now,
    wokeAt: wake.wokeAt,
    random: Math.random,
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
  const many = { cache, answerOf, upstream, maxConnections, isSecretBatched: true }

  return {
    cache,
    guard,
    upstream,
    prefetch,
    environment,
    readMany: (lookups, isRefresh) => during(() => readMany(lookups, isRefresh, many)),
    passThrough: (call, changes) => guard.during(() => passThrough(call, changes)),
    metrics: meter && { meter, totals: () => meter.totals(cache.stats(), prefetch?.count ?? 0) },
    isCurrentToken: createSessionTokenCheck(config.upstream, { upstream, guard, log }),
  }

  function isExpected(lookup: Lookup, error: UpstreamError): boolean {
    return environment?.isExpected(lookup, error) ?? false
  }

  function ttlMs(lookup: Lookup): number {
    if (guard.isBeforeRestore) return 0
    return lookup.store === 'secrets-manager' ? config.secretsTtlMs : config.parametersTtlMs
  }
}
