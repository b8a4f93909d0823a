import type { CacheStats } from '../cache/read-through.ts'
import type { Config } from '../config.ts'
import type { Core } from '../core/core.ts'
import { kindOfFailure } from '../core/failure-kind.ts'
import { compileHotCode, HOT_AFTER_HITS, HOT_AFTER_MISSES, keepMemorySmall } from '../engine.ts'
import { createAside } from '../snap-start/aside.ts'
import { createExtensionsClient } from '../extension/client.ts'
import { live, type Shutdown } from '../extension/lifecycle.ts'
import { createHandler } from '../http/handler.ts'
import { rehearseRequests } from '../http/rehearsal.ts'
import { createLocalServer } from '../http/server.ts'
import type { Log } from '../log.ts'
import { watchProcessor } from '../processor.ts'
import { say, shown, type Public } from '../public.ts'
import { EXTENSION_NAME, VERSION } from '../version.ts'
import { asideQuestion } from './aside.ts'

// The program that Lambda starts: it listens, registers, and only then loads the half that holds the AWS SDK.

/** The last milliseconds before Lambda kills us, in which the process leaves by itself. */
const LEAVE_EARLY_MS = 300
const STANDALONE_DRAIN_MS = 2_000

export interface Extension {
  readonly config: Config
  readonly log: Log
  readonly core: Core
  /** Logs an error that nobody caught. */
  survive(error: unknown): void
}

/** Serves until SHUTDOWN, and ends the process. Never rejects. */
export async function runExtension({ config, log, core, survive }: Extension): Promise<void> {
  const { cache, guard, prefetch, isKnownToken, isCurrentToken } = core
  const aside = createAside()
  const handler = createHandler({
    cache,
    log,
    isKnownToken,
    isCurrentToken,
    answerAside: (socket, asked, token) =>
      guard.isBeforeRestore ? aside.answer(socket, asideQuestion(asked, token)) : undefined,
    callers: core.callers,
    readMany: core.readMany,
    sdk: {
      cache,
      region: config.upstream.region,
      isTransient: (error) => kindOfFailure(error) === 'transient',
      passOn: core.passOn,
      changed: core.changed,
    },
    keepHere: (socket) => {
      if (guard.isBeforeRestore) aside.keepHere(socket)
    },
    onBusy: { hits: HOT_AFTER_HITS, misses: HOT_AFTER_MISSES, reached: compileHotCode },
  })
  const server = createLocalServer({ port: config.port, handler, log, isKnownToken })

  let accountId: string | undefined

  const isListening = await server.listen()
  const shutdown = config.runtimeApi === undefined ? standalone() : register(config.runtimeApi)
  report(isListening)
  await leave(await shutdown)

  /** Resolves when it is settled, or has had its time; until then no `next` tells Lambda that it may freeze us. */
  function fetchAhead(): Promise<void> | undefined {
    if (prefetch === undefined) return undefined
    const settled = prefetch.run(accountId)
    if (config.prefetch.waitMs === 0) return undefined
    let timer: NodeJS.Timeout | undefined
    const waited = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, config.prefetch.waitMs)
    })
    return Promise.race([settled, waited]).finally(() => clearTimeout(timer))
  }

  function register(runtimeApi: string): Promise<Shutdown> {
    return live({
      client: createExtensionsClient(runtimeApi),
      name: EXTENSION_NAME,
      events: guard.isBeforeRestore ? ['INVOKE', 'SHUTDOWN'] : ['SHUTDOWN'],
      log,
      onAccount: prefetch === undefined ? undefined : (id) => (accountId = id),
      // What a snapshot would hold is not fetched before it.
      onRegistered: () => (guard.isBeforeRestore ? undefined : fetchAhead()),
      onReady: warmUp,
      onInvoke() {
        if (!guard.isBeforeRestore) return undefined
        guard.invoked()
        return fetchAhead()
      },
    })
  }

  /** Outside Lambda, in a container or on a laptop, a signal is the only SHUTDOWN there is. */
  function standalone(): Promise<Shutdown> {
    void fetchAhead()
    warmUp()
    return new Promise((resolve) => {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) {
        process.once(signal, () =>
          resolve({ reason: shown(signal), deadlineAt: Date.now() + STANDALONE_DRAIN_MS }),
        )
      }
    })
  }

  /** While the function's own runtime starts, so that the first miss does not wait for it. */
  function warmUp(): void {
    setImmediate(() => {
      prepareUpstream().catch(survive)
    })
  }

  async function prepareUpstream(): Promise<void> {
    const isStarved = watchProcessor()
    const half = await core.upstream.load()
    // A caller who waits already does the same work. A starved processor shows that INIT is over: a rehearsal then
    // costs as much as it would save, and delays the call itself. A prefetch is such a first call, except before a
    // snapshot.
    const isRehearsed = prefetch === undefined || guard.isBeforeRestore
    const goesOn = (): boolean => cache.stats().hits + cache.stats().misses === 0 && !isStarved()
    const [token] = config.callerTokens
    // Whoever else has the port must not be shown the token.
    if (isListening && token !== undefined && goesOn()) await rehearseRequests(config.port, token)
    if (isRehearsed) await half.rehearse(goesOn)
    keepMemorySmall()
  }

  function report(isServing: boolean): void {
    for (const note of config.notes) log[note.level](note.message)
    log.info(
      say`Systems Manager Parameter Store and Secrets Manager Lambda Extension ${shown(VERSION)} (open)`,
    )
    if (config.callerTokens.length === 0 && config.upstream.container === undefined) {
      log.error(say`AWS_SESSION_TOKEN is not present: every request will be refused`)
    }
    if (isServing) log.info(say`Serving on port ${config.port}`)
    if (isServing) log.info(say`ready to serve traffic`)
  }

  async function leave({ reason, deadlineAt }: Shutdown): Promise<void> {
    await server.close(deadlineAt - LEAVE_EARLY_MS)
    log.info(say`shutting down (${reason}): ${summary(config, cache.stats(), prefetch?.count)}`)
    process.exit(0)
  }
}

/** What the cache did. What a setting of ours did is told only if it is set. */
function summary({ freshness, negativeTtlMs }: Config, stats: CacheStats, prefetched?: number): Public {
  const { hits, misses, coalesced, evictions, refreshedAhead, stale, negative } = stats
  const always = say`${hits} hits, ${misses} misses, ${coalesced} coalesced, ${evictions} evictions`
  const isAnySet = freshness.refreshAheadPercent > 0 || freshness.staleMs > 0 || negativeTtlMs > 0
  const told = prefetched === undefined ? always : say`${always}, ${prefetched} prefetched`
  return isAnySet
    ? say`${told}, ${refreshedAhead} refreshed ahead, ${stale} stale, ${negative} negative`
    : told
}
