import { createAnswer, type Answer } from './http/answer.ts'
import { ReadThrough } from './cache/read-through.ts'
import { readConfig, type Config } from './config.ts'
import { compileHotCode, HOT_AFTER_HITS, keepYoungSmall } from './engine.ts'
import { kindOf, placeOf, UpstreamError } from './errors.ts'
import { answerAside, createAside, isAside, leaveUnanswered } from './extension/aside.ts'
import { createExtensionsClient } from './extension/client.ts'
import { live, type Shutdown } from './extension/lifecycle.ts'
import { SnapshotGuard } from './extension/snapshot.ts'
import { createHandler } from './http/handler.ts'
import { failureBytes, missBytes, refusalBytes } from './http/reply.ts'
import { rejects } from './http/rejects.ts'
import { createLocalServer } from './http/server.ts'
import { createCurrentTokenCheck, createTokenCheck } from './http/token.ts'
import { createLog, type Log } from './log.ts'
import type { Lookup } from './lookup.ts'
import { say, shown } from './public.ts'
import type { Upstream } from './upstream/index.ts'
import { VERSION } from './version.ts'

// Builds each part from the right and hands it the one function it needs of its neighbour; then listens, registers,
// and only then loads the half that holds the AWS SDK.

const EXTENSION_NAME = 'AWSParametersAndSecretsLambdaExtension'
// Of the time until Lambda kills us, what is kept for leaving.
const LEAVE_EARLY_MS = 300
const STANDALONE_DRAIN_MS = 2_000

const config = readConfig(process.env)
const log = createLog(config.logLevel, config.logFormat)
process.on('uncaughtException', (error) => survive(log, error))
process.on('unhandledRejection', (reason) => survive(log, reason))

const isSnapStart = config.initializationType === 'snap-start'
const upstream = lazyUpstream(config)
const guard = new SnapshotGuard(isSnapStart, {
  forgetConnections: upstream.reset,
  forgetAll: () => {
    cache.forget()
    upstream.reset()
  },
})
const cache = new ReadThrough<Lookup, Answer>({
  capacity: config.cacheEnabled ? config.capacity : 0,
  ttlMs,
  now: Date.now,
  fetch: (lookup) => guard.during(() => fetchAnswer(lookup)),
})
const isKnownToken = createTokenCheck(config.callerTokens)
const isCurrentToken = currentTokenCheck()
const aside = createAside()
const handler = createHandler({
  cache,
  log,
  isKnownToken,
  isCurrentToken,
  answerAside: (socket, lookup, token) =>
    guard.mayBeSnapshot ? aside.answer(socket, JSON.stringify({ lookup, token })) : undefined,
  onHits: { count: HOT_AFTER_HITS, reached: compileHotCode },
})
const server = createLocalServer({ port: config.port, handler, log, isKnownToken })

if (isAside) answerAside(replyTo).catch(leaveUnansweredFor)
else void run()

async function run(): Promise<void> {
  const isListening = await server.listen()
  const shutdown = config.runtimeApi === undefined ? standalone() : register(config.runtimeApi)
  report(isListening)
  await leave(await shutdown)
}

function register(runtimeApi: string): Promise<Shutdown> {
  return live({
    client: createExtensionsClient(runtimeApi),
    name: EXTENSION_NAME,
    events: isSnapStart ? ['INVOKE', 'SHUTDOWN'] : ['SHUTDOWN'],
    log,
    onReady: warmUp,
    onInvoke: () => guard.invoked(),
  })
}

/** Outside Lambda, in a container or on a laptop, a signal is the only SHUTDOWN there is. */
function standalone(): Promise<Shutdown> {
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
    prepareUpstream().catch((error: unknown) => survive(log, error))
  })
}

async function prepareUpstream(): Promise<void> {
  const half = await upstream.load()
  // Whoever came during that has asked by the turn after the next.
  for (const _ of [1, 2]) await new Promise((resolve) => setImmediate(resolve))
  // A caller who waits already does the same work, and should not have to share the processor.
  if (cache.stats().misses === 0) await half.rehearse()
  keepYoungSmall()
}

function report(isListening: boolean): void {
  for (const note of config.notes) log[note.level](note.message)
  log.info(say`Systems Manager Parameter Store and Secrets Manager Lambda Extension ${shown(VERSION)} (open)`)
  if (config.callerTokens.length === 0 && config.upstream.container === undefined) {
    log.error(say`AWS_SESSION_TOKEN is not present: every request will be refused`)
  }
  if (isListening) log.info(say`Serving on port ${config.port}`)
  if (isListening) log.info(say`ready to serve traffic`)
}

/** The bytes of the answer to a question that another process of ours was asked: see aside.ts. */
async function replyTo(question: string): Promise<string> {
  const { lookup, token } = JSON.parse(question) as { lookup: Lookup; token?: string }
  try {
    if (token !== undefined && !(await isCurrentToken?.(token))) return refusalBytes(rejects.badToken)
    return missBytes(await fetchAnswer(lookup))
  } catch (error) {
    if (error instanceof UpstreamError) return failureBytes(error)
    throw error
  }
}

function leaveUnansweredFor(error: unknown): void {
  survive(log, error)
  leaveUnanswered()
}

async function leave({ reason, deadlineAt }: Shutdown): Promise<void> {
  await server.close(deadlineAt - LEAVE_EARLY_MS)
  const { hits, misses, coalesced, evictions } = cache.stats()
  log.info(
    say`shutting down (${reason}): ${hits} hits, ${misses} misses, ${coalesced} coalesced, ${evictions} evictions`,
  )
  process.exit(0)
}

function ttlMs(lookup: Lookup): number {
  if (guard.mayBeSnapshot) return 0
  return lookup.store === 'secrets-manager' ? config.secretsTtlMs : config.parametersTtlMs
}

async function fetchAnswer(lookup: Lookup): Promise<Answer> {
  try {
    const half = await upstream.load()
    return createAnswer(await half.fetch(lookup))
  } catch (error) {
    if (error instanceof UpstreamError) log.error(error.report)
    throw error
  }
}

interface LazyUpstream {
  /** Loads the half with the AWS SDK, once. */
  load(): Promise<Upstream>
  /** Drops its sockets and credentials, if it is there. */
  reset(): void
}

function lazyUpstream({ upstream: settings }: Config): LazyUpstream {
  let loading: Promise<Upstream> | undefined
  let loaded: Upstream | undefined
  return {
    load: () =>
      (loading ??= import('./upstream/index.ts').then((half) => (loaded = half.createUpstream(settings)))),
    reset: () => loaded?.reset(),
  }
}

/** With container credentials a caller may show the session token that it got from the same endpoint. */
function currentTokenCheck(): ((presented: string) => Promise<boolean>) | undefined {
  if (config.upstream.container === undefined || config.upstream.credentials !== undefined) return undefined
  const ask = (which: 'sessionToken' | 'renewedSessionToken') =>
    guard.during(async () => {
      try {
        const half = await upstream.load()
        return await half[which]()
      } catch (error) {
        if (!(error instanceof UpstreamError)) throw error
        log.error(error.report)
        return undefined
      }
    })
  return createCurrentTokenCheck({
    current: () => ask('sessionToken'),
    renewed: () => ask('renewedSessionToken'),
    now: Date.now,
  })
}

/** What nobody caught: named, never quoted, and lived through. */
function survive(to: Log, error: unknown): void {
  to.error(say`unexpected ${kindOf(error)} ${placeOf(error)}`)
}
