import type { Config } from '../config/config.ts'
import { createCore, type Metrics } from '../core/core.ts'
import { createRoleGate } from '../http/role-gate.ts'
import { kindOfFailure } from '../core/failure-kind.ts'
import { createEngine } from '../engine.ts'
import { createHandler } from '../http/handler.ts'
import type { Handler } from '../http/server/server.ts'
import { createTokenCheck } from '../token.ts'
import { warmUpRequests } from '../http/warm-up.ts'
import type { Log } from '../log.ts'
import { createEmbedded, type Embedded } from '../metrics/embedded.ts'
import { prometheusText } from '../metrics/prometheus.ts'
import { watchProcessor, whenOthersRest } from '../processor.ts'
import { say, type Public } from '../public.ts'

// What answers requests. The bundle loads it after `register`, or with the first request if that is earlier: nothing
// before needs it.

/** Between two looks whether a line of metrics is due. */
const MANAGED_TICK_MS = 10_000

export interface Serving {
  readonly handler: Handler
  /**
   * Starts the prefetch; resolves when it is settled, or has had its time. Undefined if there is nothing to wait for.
   */
  fetchAhead(accountId: string | undefined): Promise<void> | undefined
  /** Runs, while the function's own runtime starts, what its first request would run first. */
  warmUp(how: WarmUp): Promise<void>
  /** An INVOKE has come. Returns what the next `next` is to wait for. */
  invoked(accountId: string | undefined): Promise<void> | undefined
  /** What the cache did. */
  summary(): Public
  /** Writes what was counted since the last time. */
  flushMetrics(): void
}

interface WarmUp {
  /** Whether the port is ours. */
  readonly isListening: boolean
  /** INIT waits for it. */
  readonly isAwaited: boolean
}

export function createServing(config: Config, log: Log): Serving {
  const core = createCore(config, log)
  const engine = createEngine(config.functionMemoryMb)
  const { cache, guard, prefetch, metrics, isCurrentToken } = core
  const embedded = config.metrics?.form === 'emf' && metrics && embeddedIn(metrics, config.metrics)
  const answer = createHandler({
    cache,
    log,
    isKnownToken: createTokenCheck(config.callerTokens),
    isCurrentToken,
    readMany: core.readMany,
    environment: core.environment?.answer,
    admitRole: createRoleGate(config.upstream.roles.arns, log),
    metrics:
      config.metrics?.form === 'prometheus' && metrics ? () => prometheusText(metrics.totals()) : undefined,
    sdk: {
      cache,
      region: config.upstream.region,
      isTransient: (error) => kindOfFailure(error) === 'transient',
      passThrough: core.passThrough,
    },
    engine,
  })

  const handler: Handler = embedded
    ? (request, response) => {
        answer(request, response)
        embedded.tick()
      }
    : answer

  return {
    handler,
    // What a snapshot would hold is not fetched before it.
    fetchAhead: (accountId) => (guard.isBeforeRestore ? undefined : fetchAhead(accountId)),
    warmUp,
    invoked(accountId) {
      if (!guard.isBeforeRestore) return undefined
      guard.invoked()
      if (embedded) embedded.restart()
      return fetchAhead(accountId)
    },
    summary,
    flushMetrics: () => {
      if (embedded) embedded.flush()
    },
  }

  function embeddedIn({ meter, totals }: Metrics, { functionName }: { functionName: string }): Embedded {
    const lines = createEmbedded({ functionName, meter, totals, now: Date.now, write: log.raw })
    // Never frozen, and perhaps without a request for hours: only there a timer is of use.
    if (config.initializationType === 'lambda-managed-instances')
      setInterval(lines.tick, MANAGED_TICK_MS).unref()
    return lines
  }

  function fetchAhead(accountId: string | undefined): Promise<void> | undefined {
    core.environment?.begin()
    if (prefetch === undefined) return undefined
    const settled = prefetch.run(accountId)
    if (config.prefetch.waitMs === 0) return undefined
    let timer: NodeJS.Timeout | undefined
    const waited = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, config.prefetch.waitMs)
    })
    return Promise.race([settled, waited]).finally(() => clearTimeout(timer))
  }

  async function warmUp({ isListening, isAwaited }: WarmUp): Promise<void> {
    const isWanted = (): boolean => cache.stats().hits + cache.stats().misses > 0
    // The runtime starts on the same processor then, and INIT waits for it. The engine's settings cannot wait as long:
    // made while misses are many, they cost 40 % more processor for the next hundreds.
    if (!isAwaited) await whenOthersRest(isWanted)
    const isStarved = watchProcessor()
    const aws = await core.upstream.load()
    // A client that waits already does the same work. A starved processor shows that INIT is over: a warm-up then
    // costs as much as it would save, and delays the call itself. A prefetch is such a first call, except before a
    // snapshot.
    const isWarmedUp = prefetch === undefined || guard.isBeforeRestore
    const goesOn = (): boolean => !isWanted() && !isStarved()
    // The longer one first: in a small function the time for both ends with INIT.
    if (isWarmedUp) await aws.warmUp(goesOn)
    const [token] = config.callerTokens
    // Whoever else has the port must not be shown the token.
    if (isListening && token !== undefined && goesOn()) await warmUpRequests(config.port, token)
    await engine.settle()
  }

  /** A setting of ours is reported only where it is set. */
  function summary(): Public {
    const { refreshAheadPercent, revalidateMs, staleMs } = config.freshness
    const { hits, misses, coalesced, evictions, refreshedAhead, stale, negative } = cache.stats()
    const always = say`${hits} hits, ${misses} misses, ${coalesced} coalesced, ${evictions} evictions`
    const isAnySet = [refreshAheadPercent, revalidateMs, staleMs, config.negativeTtlMs].some((one) => one > 0)
    const counts = prefetch === undefined ? always : say`${always}, ${prefetch.count} prefetched`
    const ofFreshness = isAnySet
      ? say`${counts}, ${refreshedAhead} refreshed ahead, ${stale} stale, ${negative} negative`
      : counts
    return config.upstream.failoverRegion === undefined
      ? ofFreshness
      : say`${ofFreshness}, ${core.failovers()} failed over`
  }
}
