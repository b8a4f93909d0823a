import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Config } from '../config/config.ts'
import { createExtensionsClient } from '../lambda/extensions-api.ts'
import type { InheritedSockets } from '../lambda/inherited.ts'
import { live } from '../lambda/lifecycle.ts'
import { createPhases } from '../lambda/phases.ts'
import { createLocalServer } from '../http/server/server.ts'
import { createTokenCheck } from '../token.ts'
import type { Log } from '../log.ts'
import { say, shown, type Public } from '../public.ts'
import { EXTENSION_NAME, VERSION } from '../version.ts'
import type { Serving } from './serving.ts'

// The program that Lambda starts: it listens, registers, and only then loads what answers requests.

// How long answers under way are waited for at SHUTDOWN. Lambda gives the runtime 300 ms before it kills it; after a
// failure or a timeout the function's processes are dead already. The next start of the function may wait for our end.
const DRAIN_MS = 300
const DRAIN_AFTER_FAILURE_MS = 100
const STANDALONE_DRAIN_MS = 2_000
/** Real reasons differ from the documented ones in letter case. */
const FAILED = /^(failure|timeout)$/i
/** The last milliseconds before Lambda kills us, in which the process leaves by itself. */
const LEAVE_EARLY_MS = 300
/**
 * Megabytes of a function's memory below which it has less than half of a processor after INIT, and a whole one until
 * then: what warms up there takes more than twice as long after INIT, so INIT waits for it.
 */
const SLOW_BELOW_MB = 885
/** Milliseconds that INIT waits at most. Read from a cold disk, all of it takes 150. */
const MOST_WARM_UP_MS = 500

export interface Extension {
  readonly config: Config
  readonly log: Log
  readonly inherited: InheritedSockets
  /** Loads what answers requests, once. */
  load(): Promise<Serving>
  /** Logs an error that nobody caught. */
  survive(error: unknown): void
}

interface Shutdown {
  readonly reason: Public
  /** Epoch milliseconds; what is not answered by then is cut off. */
  readonly drainUntil: number
}

/** Serves until SHUTDOWN, and ends the process. Never rejects. */
export async function runExtension({ config, log, inherited, load, survive }: Extension): Promise<void> {
  const phases = log.debugEnabled ? createPhases(log) : undefined
  phases?.ended(say`runtime`)
  const isNothingAhead = config.prefetch.isEmpty && config.environment === undefined
  const isSlow = config.functionMemoryMb !== undefined && config.functionMemoryMb < SLOW_BELOW_MB
  let serving: Serving | undefined
  const loaded = async (): Promise<Serving> => (serving ??= await load())
  const server = createLocalServer({
    port: config.port,
    inherited,
    handler: phases === undefined ? handle : phases.watching(handle),
    log,
    isKnownToken: createTokenCheck(config.callerTokens),
  })

  let accountId: string | undefined

  const isListening = await server.listen()
  phases?.ended(inherited.v4 === undefined ? say`listen` : say`listen by the starter`)
  const shutdown = config.runtimeApi === undefined ? standalone() : register(config.runtimeApi)
  report(isListening)
  await leave(await shutdown)

  function handle(request: IncomingMessage, response: ServerResponse): void {
    if (serving !== undefined) return serving.handler(request, response)
    loaded()
      .then(({ handler }) => handler(request, response))
      .catch((error: unknown) => {
        survive(error)
        response.destroy()
      })
  }

  async function register(runtimeApi: string): Promise<Shutdown> {
    const { reason, deadlineAt } = await live({
      client: createExtensionsClient(runtimeApi, inherited.api),
      name: EXTENSION_NAME,
      events: config.initializationType === 'snap-start' ? ['INVOKE', 'SHUTDOWN'] : ['SHUTDOWN'],
      log,
      onAccount: isNothingAhead ? undefined : (id) => (accountId = id),
      onRegistered() {
        phases?.ended(inherited.api === undefined ? say`register` : say`register sent by the starter`)
        if (isSlow) return prepare()
        return isNothingAhead ? undefined : fetchAhead()
      },
      onReady() {
        phases?.ended(say`next`)
        if (!isSlow) void warmUp()
      },
      onInvoke: () => loaded().then((it) => it.invoked(accountId)),
    })
    const drainMs = FAILED.test(reason) ? DRAIN_AFTER_FAILURE_MS : DRAIN_MS
    return { reason, drainUntil: Math.min(Date.now() + drainMs, deadlineAt - LEAVE_EARLY_MS) }
  }

  async function fetchAhead(): Promise<void> {
    await (await loaded()).fetchAhead(accountId)
  }

  /** Everything that a first request needs, within a bound. Never rejects. */
  async function prepare(): Promise<void> {
    if (!isNothingAhead) await fetchAhead().catch(survive)
    let timer: NodeJS.Timeout | undefined
    const bound = new Promise<void>((resolve) => (timer = setTimeout(resolve, MOST_WARM_UP_MS)))
    await Promise.race([warmUp(), bound])
    clearTimeout(timer)
    phases?.ended(say`warm-up`)
  }

  /** Outside Lambda, in a container or on a laptop, a signal is the only SHUTDOWN there is. */
  function standalone(): Promise<Shutdown> {
    if (!isNothingAhead) fetchAhead().catch(survive)
    void warmUp()
    return new Promise((resolve) => {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) {
        process.once(signal, () =>
          resolve({ reason: shown(signal), drainUntil: Date.now() + STANDALONE_DRAIN_MS }),
        )
      }
    })
  }

  /** While the function's own runtime starts, so that the first miss does not wait for it. Never rejects. */
  async function warmUp(): Promise<void> {
    await new Promise(setImmediate)
    try {
      const it = await loaded()
      await it.warmUp({ isListening, isAwaited: isSlow })
      if (log.debugEnabled) await tellCode()
    } catch (error) {
      survive(error)
    }
  }

  /** Not imported above: it needs node:crypto, which is not loaded before `register`. */
  async function tellCode(): Promise<void> {
    const { codeOutcomes } = await import('../code-cache.ts')
    const outcomes = codeOutcomes()
    if (outcomes !== undefined) log.debug(say`Code that V8 compiled earlier: ${outcomes}`)
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

  async function leave({ reason, drainUntil }: Shutdown): Promise<void> {
    await server.close(drainUntil)
    const it = await loaded()
    it.flushMetrics()
    phases?.tell()
    log.info(say`shutting down (${reason}): ${it.summary()}`)
    process.exit(0)
  }
}
