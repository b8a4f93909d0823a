import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { bundle } from '../contenders/artefacts.ts'
import { CREDENTIALS } from '../measuring/catalogue.ts'
import { type Contender, extensionField, pairsOf } from '../contenders/contenders.ts'
import type { Amount, Context } from '../measuring/context.ts'
import { launch } from '../measuring/launch.ts'
import { drive, type Job, type Outcome } from '../load/drive.ts'
import { pinned } from '../measuring/pinning.ts'
import { node } from '../contenders/runtimes.ts'
import { schedule } from '../measuring/schedule.ts'
import { measureSeries, namesOf, type Measured } from '../measuring/series.ts'
import type { GroupResult, Skipped } from '../storing/results.ts'
import { startUpstream, type Upstream } from '../upstream/upstream.ts'
import { figures } from './hit.ts'

interface MissScenario {
  readonly name: string
  readonly load: Pick<Job, 'connections' | 'mode' | 'keys' | 'warmup'>
  /** Milliseconds that AWS takes for each answer. */
  readonly upstreamMs: number
  readonly maxConnections?: number
}

const SDK = { name: 'SDK in the function, Node 24' }
const ONE_BY_ONE = 'one after the other'
/**
 * As many as ask at a time: then all of a driver's connections are accepted before the measured part. libuv accepts one
 * in each turn of its loop (libuv/libuv#3696), and while misses are many a turn takes 50 ms.
 */
const WARMUP = 64

/** Behind a delay like AWS's own, more connections carry more misses. */
const UPSTREAM_MS = 10
/** Where AWS answers at once, a server that joins nothing makes one call for many callers, too. */
const SLOW_MS = 200

export async function measureMiss(context: Context): Promise<GroupResult> {
  const { amount, random } = context
  const { contenders, skipped } = await extensionField(context, [24])
  const scenarios = scenariosOf(amount)
  const upstream = await startUpstream({
    kind: 'aws',
    tls: true,
    secrets: [{ size: '100B', keys: Math.max(amount.crowd, amount.misses) + WARMUP }],
  })
  const script = await bundle('bench/load/sdk.ts')
  const runtime = node(24)
  const alone: Skipped[] = 'reason' in runtime ? [{ contender: SDK.name, reason: runtime.reason }] : []
  const turns = schedule([...contenders, SDK], scenarios, amount.missRounds, random)
  const measured = await measureSeries(
    {
      group: 'miss',
      turns,
      upstream,
      async measure(contender, scenario) {
        if ('command' in contender) return miss(contender, scenario, context, upstream)
        if (scenario.name !== ONE_BY_ONE || 'reason' in runtime) return undefined
        return shown(await direct([runtime.path, script.path], amount.misses, upstream))
      },
    },
    context,
  )
  const method = `each secret asked once, from the AWS emulator over TLS; the SDK calls the same one from its own process`
  const names = namesOf(contenders)
  return {
    group: 'miss',
    method,
    contenders: [SDK.name, ...names],
    scenarios: namesOf(scenarios),
    ...pairsOf(contenders),
    floors: Object.fromEntries(names.map((name) => [name, SDK.name])),
    skipped: [...skipped, ...alone],
    ...measured,
  }
}

function scenariosOf({ misses, crowd: size }: Amount): MissScenario[] {
  const crowd = { connections: size, keys: size, warmup: 1 }
  const many = size.toLocaleString('en')
  const busy = { mode: 'each', connections: WARMUP, keys: misses, warmup: WARMUP } as const
  return [
    { name: ONE_BY_ONE, load: { mode: 'each', connections: 1, keys: misses, warmup: WARMUP }, upstreamMs: 0 },
    {
      name: `${many} at once for one secret, AWS takes ${SLOW_MS} ms`,
      load: { ...crowd, mode: 'burst' },
      upstreamMs: SLOW_MS,
    },
    { name: `${many} at once for ${many} secrets`, load: { ...crowd, mode: 'each' }, upstreamMs: 0 },
    {
      name: `${WARMUP} at a time, AWS takes ${UPSTREAM_MS} ms, MAX_CONNECTIONS 3`,
      load: busy,
      upstreamMs: UPSTREAM_MS,
      maxConnections: 3,
    },
    {
      name: `${WARMUP} at a time, AWS takes ${UPSTREAM_MS} ms, MAX_CONNECTIONS 50`,
      load: busy,
      upstreamMs: UPSTREAM_MS,
      maxConnections: 50,
    },
  ]
}

async function miss(
  contender: Contender,
  { load, upstreamMs, maxConnections }: MissScenario,
  { port }: Context,
  upstream: Upstream,
): Promise<Measured> {
  const env =
    maxConnections === undefined
      ? {}
      : { PARAMETERS_SECRETS_EXTENSION_MAX_CONNECTIONS: String(maxConnections) }
  await upstream.delay(upstreamMs)
  const { endpoint, caBundle } = upstream
  const running = await launch(contender, { port, endpoint, caBundle, env })
  try {
    await upstream.reset()
    const job = {
      port,
      serverPid: running.pid,
      isExact: contender.isExact,
      size: '100B',
      measureMs: 0,
      ...load,
    } as const
    const outcome = await drive(job)
    const upstreamCalls = (await upstream.calls()) - load.warmup
    const measured = shown(outcome)
    return { ...measured, values: { ...measured.values, upstreamCalls, answeredMs: outcome.elapsedMs } }
  } finally {
    await running.stop()
  }
}

function shown(outcome: Outcome): Measured {
  const { cpuUsPerHit, driverCpuUsPerHit: _, ...others } = figures(outcome)
  return { values: { ...others, cpuUsPerMiss: cpuUsPerHit ?? Number.NaN }, latency: outcome.latency }
}

async function direct(command: string[], misses: number, upstream: Upstream): Promise<Outcome> {
  await upstream.delay(0)
  const [file = '', ...args] = pinned([...command, JSON.stringify({ misses, warmup: WARMUP })])
  const env = {
    PATH: process.env.PATH,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    AWS_SESSION_TOKEN: CREDENTIALS.sessionToken,
    AWS_ENDPOINT_URL: upstream.endpoint,
    AWS_CA_BUNDLE: upstream.caBundle,
  }
  const { stdout } = await promisify(execFile)(file, args, { env })
  return JSON.parse(stdout) as Outcome
}
