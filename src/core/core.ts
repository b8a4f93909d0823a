import { answerOfBytes, asStale, bytesOf, createAnswer, type Answer } from '../answer/answer.ts'
import { goShape } from '../answer/go-shape.ts'
import { pathBytes } from '../answer/many.ts'
import { ReadThrough, type Purpose } from '../cache/read-through.ts'
import type { Config } from '../config/config.ts'
import { UpstreamError } from '../errors.ts'
import { SnapshotGuard } from '../lambda/snapshot.ts'
import { createCurrentTokenCheck } from '../token.ts'
import type { Log } from '../log.ts'
import { Meter, type Outcome, type Totals } from '../metrics/meter.ts'
import type { CallObserver } from '../upstream/calls.ts'
import {
  nameOf,
  parameterLookup,
  type Lookup,
  type ParameterLookup,
  type PathLookup,
  type SecretLookup,
} from '../lookup.ts'
import type { Fields } from '../fields.ts'
import type { RawAnswer, RawCall } from '../raw-call.ts'
import { say } from '../public.ts'
import { createEnvironment, type Environment } from './environment.ts'
import { isThrottling, kindOfFailure } from './failure-kind.ts'
import { createPrefetch, type Prefetch } from './prefetch.ts'
import { isOf, spellingsOf } from './spellings.ts'
import { createManyReader } from './read-many.ts'
import type { Part } from '../answer/many-reply.ts'
import { createLazyUpstream, type LazyUpstream } from './lazy-upstream.ts'

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
  readMany(lookups: readonly (SecretLookup | ParameterLookup)[], isRefresh: boolean): Promise<Part[]>
  /** Hands a call of an SDK on to AWS; logs a failure. Rejects with UpstreamError, or with a defect of ours. */
  passOn(call: RawCall): Promise<RawAnswer>
  /** Forgets what is held of the secrets and parameters with these names or ARNs, in every spelling and version. */
  changed(names: readonly string[]): void
  /** Undefined if nobody wants to know what is counted. */
  readonly metrics: Metrics | undefined
  /** Whether it is the session token of the current container credentials; undefined if there are none. */
  readonly isCurrentToken: ((presented: string) => Promise<boolean>) | undefined
}

export interface Metrics {
  readonly meter: Meter
  totals(): Totals
}

export function createCore(config: Config, log: Log): Core {
  const meter = config.metrics && new Meter(Math.random)
  const upstream = createLazyUpstream(config.upstream, log, meter && observed(meter))
  const isSnapStart = config.initializationType === 'snap-start'
  const environment =
    config.environment &&
    createEnvironment({
      settings: config.environment,
      log,
      upstream,
      isSnapStart,
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
    cache: () => cache,
  })
  const guard = new SnapshotGuard(isSnapStart, {
    forgetConnections: upstream.reset,
    forgetAll: () => {
      cache.forget()
      upstream.reset()
    },
  })
  const many = createManyReader({
    upstream,
    maxConnections: config.upstream.maxConnections,
    isSecretBatched: true,
  })
  const cache = new ReadThrough<Lookup, Answer>({
    capacity: config.cacheEnabled ? config.capacity : 0,
    maxBytes: config.cacheMaxBytes,
    bytesOf,
    aliasesOf: ({ aliases }) => aliases,
    ttlMs,
    rules: config.freshness,
    negativeTtlMs: config.negativeTtlMs,
    kindOf: kindOfFailure,
    asStale,
    now: Date.now,
    random: Math.random,
    fetch(lookup, purpose) {
      const coming = many.collect(lookup)
      return guard.during(() => fetchAnswer(lookup, purpose, coming))
    },
  })
  return {
    cache,
    guard,
    upstream,
    prefetch,
    environment,
    readMany: (lookups, isRefresh) => guard.during(() => many.read(cache, lookups, isRefresh)),
    passOn,
    changed: (names) => cache.dropWhere((answer) => names.some((name) => isOf(answer, name))),
    metrics: meter && { meter, totals: () => meter.totals(cache.stats(), prefetch?.count ?? 0) },
    isCurrentToken: currentTokenCheck(),
  }

  function isExpected(lookup: Lookup, error: UpstreamError): boolean {
    return environment?.isExpected(lookup, error) ?? false
  }

  function ttlMs(lookup: Lookup): number {
    if (guard.isBeforeRestore) return 0
    return lookup.store === 'secrets-manager' ? config.secretsTtlMs : config.parametersTtlMs
  }

  /**
   * Asks AWS, past the cache. Logs a failure; if nobody waits for the answer, at DEBUG only. Rejects with
   * UpstreamError, or with a defect of ours.
   */
  async function fetchAnswer(lookup: Lookup, purpose: Purpose, coming?: Promise<Fields>): Promise<Answer> {
    try {
      if (coming !== undefined) return createAnswer(goShape(await coming))
      if (lookup.store === 'parameter-path') return await fetchBelow(lookup)
      const awaited = purpose === 'read' ? prefetch?.awaited(lookup) : undefined
      const prefetched = awaited && (await awaited)
      if (prefetched !== undefined) return prefetched
      const half = await upstream.load()
      return createAnswer(goShape(await half.fetch(lookup)))
    } catch (error) {
      if (error instanceof UpstreamError) {
        const isQuiet = purpose === 'ahead' || isExpected(lookup, error)
        log[isQuiet ? 'debug' : 'error'](say`${error.report} (${nameOf(lookup)})`)
      }
      throw error
    }
  }

  /** All below a path. Each parameter is kept as an answer of its own, too. */
  async function fetchBelow(lookup: PathLookup): Promise<Answer> {
    const half = await upstream.load()
    const bodies: string[] = []
    await half.fetchPath(lookup, (page, askedAt) => {
      for (const parameter of page) {
        const { withDecryption, role } = lookup
        const single = parameterLookup(parameter.Name ?? '', undefined, withDecryption, role)
        const fields = { store: 'parameter-store', parameter } as const
        const own = { accountId: undefined, region: config.upstream.region }
        const answer = createAnswer(goShape(fields), spellingsOf(single, fields, own))
        bodies.push(answer.bytes)
        cache.lead(single, Promise.resolve(answer), askedAt).catch(() => undefined)
      }
      return true
    })
    return answerOfBytes(pathBytes(bodies))
  }

  function passOn(call: RawCall): Promise<RawAnswer> {
    return guard.during(async () => {
      try {
        const half = await upstream.load()
        meter?.handedOn()
        const answer = await half.passOn(call)
        if (answer.status >= 400) meter?.ended(outcomeOf(codeIn(answer)))
        return answer
      } catch (error) {
        if (error instanceof UpstreamError) log.error(error.report)
        throw error
      }
    })
  }

  /** With container credentials, a caller may show the session token that the same endpoint gave it. */
  function currentTokenCheck(): Core['isCurrentToken'] {
    const { container, credentials } = config.upstream
    if (container === undefined || credentials !== undefined) return undefined
    return createCurrentTokenCheck({
      current: () => sessionTokens('sessionTokens'),
      renewed: () => sessionTokens('renewedSessionTokens'),
      now: Date.now,
    })
  }

  function sessionTokens(which: 'sessionTokens' | 'renewedSessionTokens'): Promise<readonly string[]> {
    return guard.during(async () => {
      try {
        const half = await upstream.load()
        return await half[which]()
      } catch (error) {
        if (!(error instanceof UpstreamError)) throw error
        log.error(error.report)
        return []
      }
    })
  }
}

function observed(meter: Meter): CallObserver {
  return (tookMs, error) => meter.called(tookMs, error === undefined ? 'answered' : outcomeOf(error.code))
}

function outcomeOf(code: string): Outcome {
  return isThrottling(code) ? 'throttled' : 'failed'
}

/** AWS's error code in an answer that is handed on; empty where there is none. */
function codeIn({ bytes }: RawAnswer): string {
  return /"__type"\s*:\s*"(?:[\w.]+#)?(\w+)"/.exec(bytes)?.[1] ?? ''
}
