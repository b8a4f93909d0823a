import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type LambdaHost, startLambda } from '../../local/emulators/lambda/index.ts'
import { startRuntimeApi } from '../../local/emulators/lambda/runtime-api.ts'
import { EXTENSION_NAME } from '../../src/version.ts'
import { cpuMs, memoryOf } from '../../tools/proc.ts'
import { type Contender, extensionField, pairsOf } from '../contenders/contenders.ts'
import { node, ROOT } from '../contenders/runtimes.ts'
import { CREDENTIALS, secretName, target } from '../measuring/catalogue.ts'
import type { Context } from '../measuring/context.ts'
import { WHOLE_PROCESSOR_MB } from '../measuring/launch.ts'
import { emptyPageCache, howEmptied } from '../measuring/page-cache.ts'
import { canPin, freeDriver, pinDriver, pinned } from '../measuring/pinning.ts'
import { accepts } from '../measuring/request.ts'
import { schedule } from '../measuring/schedule.ts'
import { measureSeries, namesOf, uncounted, Unmeasurable } from '../measuring/series.ts'
import type { GroupResult } from '../storing/results.ts'
import { startUpstream, type Upstream } from '../upstream/upstream.ts'

// What users pay: INIT, from the first spawn until the function's runtime and the extension have both asked for their
// next event. The runtime is a real process that starts when the extension has registered, as on Lambda. What is added
// to INIT is measured in pairs: the same function without an extension right before.

/** AWS takes so long for each answer. */
const AWS_MS = 10
const NODE_MAJOR = 24
const PATIENCE_MS = 60_000
const NAME = secretName('100B', 0)
const WANTED = target(NAME)
/** The executable itself, as what is on the PATH may be a script that looks for one; and whether it has an SDK. */
const ASK_PYTHON = `
import sys
try:
    from boto3 import __version__ as sdk
except ImportError:
    sdk = ""
print(sys.executable, sdk, sep="\\n")`

const ALONE: Contender = { name: 'no extension', command: [], ready: 'registered', isExact: false }
const SDK: Contender = { ...ALONE, name: 'SDK in the function' }

interface Scenario {
  readonly name: string
  readonly runtime: 'Node' | 'Python'
  readonly reads: 'nothing' | 'secret' | 'prefetched'
  readonly processors: 1 | 2
  readonly isCold: boolean
  /** Of the function. INIT has a whole processor all the same. */
  readonly memoryMb: number
}

const READS = { nothing: 'reads nothing', secret: 'reads a secret', prefetched: 'reads a prefetched secret' }

function scenario(
  runtime: Scenario['runtime'],
  reads: Scenario['reads'],
  around: Partial<Pick<Scenario, 'processors' | 'isCold' | 'memoryMb'>> = {},
): Scenario {
  const { processors = 2, isCold = false, memoryMb = WHOLE_PROCESSOR_MB } = around
  const memory = memoryMb === WHOLE_PROCESSOR_MB ? '' : `, ${memoryMb} MB`
  const name = `${runtime} ${READS[reads]} while it loads${memory}${isCold ? ', cold' : ''}${processors === 1 ? ', one processor' : ''}`
  return { name, runtime, reads, processors, isCold, memoryMb }
}

const RUNTIMES = ['Node', 'Python'] as const
const SMALL_MB = 128
const SCENARIOS: readonly Scenario[] = [false, true].flatMap((isCold) => [
  ...([2, 1] as const).flatMap((processors) =>
    RUNTIMES.flatMap((runtime) =>
      (['nothing', 'secret', 'prefetched'] as const).map((reads) =>
        scenario(runtime, reads, { processors, isCold }),
      ),
    ),
  ),
  ...RUNTIMES.flatMap((runtime) =>
    (['nothing', 'secret'] as const).map((reads) => scenario(runtime, reads, { isCold, memoryMb: SMALL_MB })),
  ),
])

export async function measureInit(context: Context): Promise<GroupResult> {
  const { amount, random } = context
  const field = await extensionField({ ...context, peers: [] }, [NODE_MAJOR])
  const contenders = [ALONE, SDK, ...field.contenders]
  const all = SCENARIOS.filter(({ processors }) => canPin || processors === 2)
  const sdk = python()?.sdk
  const of = (isCold: boolean) => all.filter((one) => one.isCold === isCold)
  const turns = [
    ...schedule(contenders, of(false), amount.initRounds, random),
    ...schedule(contenders, of(true), amount.initColdRounds, random),
  ].filter((turn) => isIn(turn.contender, turn.scenario))
  const upstream = await startUpstream({ kind: 'aws', tls: true, secrets: [{ size: '100B', keys: 1 }] })
  await upstream.delay(AWS_MS)
  try {
    const measured = await measureSeries(
      {
        group: 'init',
        turns,
        upstream,
        async prepare() {
          for (const runtime of ['Node', 'Python'] as const) {
            const warm = scenario(runtime, 'secret')
            const ours = contenders.filter((one) => isIn(one, warm))
            for (const one of ours) await uncounted(start(one, warm, context, upstream))
          }
        },
        measure: async (contender, one) => ({ values: await measure(contender, one, context, upstream) }),
      },
      context,
    )
    return {
      group: 'init',
      method: `first spawn to the last \`next\`, the runtime's own included, by the emulated Lambda host; AWS takes ${AWS_MS} ms; added: less the same function's without an extension right before; SDK in the function: AWS's for JavaScript, ${sdk ? `boto3 ${sdk}` : 'and none for Python, as boto3 is not installed'}; cold: ${howEmptied()} before each start`,
      contenders: namesOf(contenders),
      scenarios: namesOf(all),
      ...pairsOf(contenders),
      skipped: field.skipped,
      ...measured,
    }
  } finally {
    pinDriver()
  }
}

/** Without an extension there is nobody to read from, and the SDK of a function that reads nothing is not loaded. */
function isIn({ name }: Contender, { runtime, reads }: Scenario): boolean {
  if (name === ALONE.name) return reads === 'nothing'
  if (name === SDK.name) return reads === 'secret' && (runtime === 'Node' || Boolean(python()?.sdk))
  return true
}

async function measure(
  contender: Contender,
  one: Scenario,
  context: Context,
  upstream: Upstream,
): Promise<Record<string, number>> {
  if (contender.name === ALONE.name || one.reads !== 'nothing')
    return start(contender, one, context, upstream)
  const alone = await start(ALONE, one, context, upstream)
  const values = await start(contender, one, context, upstream)
  return { ...values, addedMs: values.initMs! - alone.initMs! }
}

async function start(
  contender: Contender,
  one: Scenario,
  { port }: Context,
  { endpoint, caBundle = '' }: Upstream,
): Promise<Record<string, number>> {
  if (await accepts(port))
    throw new Unmeasurable(`port ${port} is taken by another process: choose one with --port`)
  const command = commandOf(one)
  if (one.isCold) emptyPageCache([contender, { ...ALONE, command }])
  // Taskset is a process more, so it stands before the commands only where it must.
  const on = (words: readonly string[]) => (one.processors === 1 ? pinned(words) : [...words])
  if (one.processors === 1) pinDriver()
  else freeDriver()
  const api = await startRuntimeApi()
  const started: { runtime?: ChildProcess } = {}
  const starting: Promise<LambdaHost> = startLambda({
    extensions:
      contender.command.length === 0 ? [] : [{ name: EXTENSION_NAME, command: on(contender.command) }],
    functionEnvironment: {
      PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: String(port),
      AWS_ENDPOINT_URL: endpoint,
      AWS_CA_BUNDLE: caBundle,
      ...(one.reads === 'prefetched' && { PARAMETERS_SECRETS_EXTENSION_PREFETCH_SECRETS: NAME }),
    },
    hostEnvironment: { PATH: process.env.PATH ?? '' },
    credentials: CREDENTIALS,
    memorySizeMb: one.memoryMb,
    initTimeoutMs: PATIENCE_MS,
    async functionInit() {
      const { environment } = await starting
      const [file = '', ...args] = on(command)
      started.runtime = spawn(file, args, {
        env: {
          ...environment,
          AWS_LAMBDA_RUNTIME_API: api.address,
          BENCH_READS:
            one.reads === 'nothing' ? 'nothing' : contender.name === SDK.name ? 'sdk' : 'extension',
          BENCH_PATH: WANTED.path,
          BENCH_SECRET: NAME,
          BENCH_VALUE: WANTED.value,
          // For the function's own SDK, which Lambda's Node brings.
          NODE_EXTRA_CA_CERTS: caBundle,
          NODE_PATH: `${ROOT}/node_modules`,
        },
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      const errors: string[] = []
      started.runtime.stderr!.setEncoding('utf8').on('data', (text: string) => errors.push(text))
      started.runtime.once('exit', () => api.fail(new Error(errors.join('') || 'the function has ended')))
      await api.ready
    },
  })
  const host = await starting
  try {
    const { initMs, extensions } = await host.initialized()
    const [times] = extensions
    if (times === undefined) return { initMs }
    const { registeredAt, readyAt, pid } = times
    const cpuInitMs = cpuMs(pid)
    return { initMs, registeredMs: registeredAt, nextMs: readyAt, cpuInitMs, rssMb: memoryOf(pid).rssMb }
  } finally {
    await end(started.runtime)
    await host.close()
    api.close()
  }
}

async function end(runtime: ChildProcess | undefined): Promise<void> {
  if (runtime === undefined || runtime.exitCode !== null) return
  const ended = once(runtime, 'exit')
  runtime.kill('SIGKILL')
  await ended
}

function commandOf({ runtime }: Scenario): readonly string[] {
  const loop = (name: string) => fileURLToPath(new URL(`../function/${name}`, import.meta.url))
  if (runtime === 'Python') {
    const path = python()?.path
    if (path === undefined) throw new Error('there is no python3 here')
    return [path, loop('loop.py')]
  }
  const found = node(NODE_MAJOR)
  if ('reason' in found) throw new Error(found.reason)
  return [found.path, loop('loop.cjs')]
}

interface Python {
  readonly path: string
  /** The version of boto3; empty where there is none. */
  readonly sdk: string
}

const found: { python?: Python | undefined } = {}

function python(): Python | undefined {
  if ('python' in found) return found.python
  const { status, stdout } = spawnSync('python3', ['-c', ASK_PYTHON], { encoding: 'utf8' })
  const [path = '', sdk = ''] = status === 0 ? stdout.split('\n') : []
  found.python = path === '' ? undefined : { path, sdk }
  return found.python
}
