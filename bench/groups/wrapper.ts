import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { secretName } from '../measuring/catalogue.ts'
import { type Contender, extensionField, pairsOf } from '../contenders/contenders.ts'
import type { Context } from '../measuring/context.ts'
import { launch, type Running } from '../measuring/launch.ts'
import { schedule } from '../measuring/schedule.ts'
import { measureSeries, namesOf } from '../measuring/series.ts'
import type { GroupResult } from '../storing/results.ts'
import { startUpstream, type Upstream } from '../upstream/upstream.ts'

// What the wrapper adds to a function's start: the time of `wrapper true`, less that of `true`. It is run when Lambda
// would start the runtime, so it waits for AWS, and again when the values are in the cache, so it waits for nobody.

const WRAPPER = fileURLToPath(new URL('../../layer/exec/parameters-secrets-exec', import.meta.url))
const COMMAND = ['/bin/true']
const REPEATED = 5

interface Scenario {
  readonly name: string
  readonly variables: number
}

const SCENARIOS: readonly Scenario[] = [0, 1, 20].map((variables) => ({
  name: `${variables} variables`,
  variables,
}))

export async function measureWrapper(context: Context): Promise<GroupResult> {
  const { amount, random } = context
  const { contenders, skipped } = await extensionField({ ...context, peers: [] }, [24])
  const upstream = await startUpstream({ kind: 'aws', tls: true, secrets: [{ size: '100B', keys: 20 }] })
  const turns = schedule(contenders, SCENARIOS, amount.startRounds, random)
  const measure = async (contender: Contender, scenario: Scenario) => ({
    values: await wrap(contender, context, upstream, scenario),
  })
  const measured = await measureSeries({ group: 'wrapper', turns, upstream, measure }, context)
  return {
    group: 'wrapper',
    method: `time of \`parameters-secrets-exec ${COMMAND.join(' ')}\`, less that of the command; later: the median of ${REPEATED}`,
    contenders: namesOf(contenders),
    scenarios: namesOf(SCENARIOS),
    ...pairsOf(contenders),
    skipped,
    ...measured,
  }
}

async function wrap(
  contender: Contender,
  { port }: Context,
  { endpoint, caBundle }: Upstream,
  { variables }: Scenario,
): Promise<Record<string, number>> {
  const references = Array.from({ length: variables }, (_, i) => [
    `BENCH_${i}`,
    `resolve:secretsmanager:${secretName('100B', i)}`,
  ])
  const values: Record<string, number> = {}
  const env = Object.fromEntries(references) as Record<string, string>
  const onRegistered = async ({ host }: Running) => {
    values.wrapperFirstMs = await addedMs(host.environment)
  }
  const running = await launch(contender, { port, endpoint, caBundle, env, onRegistered })
  try {
    const later: number[] = []
    for (let i = 0; i < REPEATED; i++) later.push(await addedMs(running.host.environment))
    values.wrapperMs = later.sort((a, b) => a - b)[Math.floor(REPEATED / 2)]!
    return values
  } finally {
    await running.stop()
  }
}

async function addedMs(env: Readonly<Record<string, string>>): Promise<number> {
  const alone = await runMs(COMMAND, env)
  return (await runMs([WRAPPER, ...COMMAND], env)) - alone
}

/** Rejects if the command fails: its time would be that of a failure. */
async function runMs(
  [file, ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<number> {
  const startedAt = performance.now()
  const child = spawn(file!, args, { env, stdio: 'ignore' })
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`${file} ended with ${code}`)
  return performance.now() - startedAt
}
