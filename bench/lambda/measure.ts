import { InvokeCommand, UpdateFunctionConfigurationCommand } from '@aws-sdk/client-lambda'
import { schedule } from '../measuring/schedule.ts'
import { Histogram } from '../storing/histogram.ts'
import type { Failure, GroupResult, Sample } from '../storing/results.ts'
import { isNamed, patiently, textOf } from './clients.ts'
import { environmentOf, type Making, settled } from './make.ts'
import { type Architecture, CONTENDERS, type Contender, HITS, MISSES, type PlannedFunction } from './plan.ts'
import { type Report, reportIn } from './report-line.ts'

/** Functions that are measured at once. Each has a sandbox of its own, and Lambda allows 15 changes a second. */
const AT_ONCE = 6
/** A start that Lambda made ahead of the invocation has no init phase in its report. It is repeated so often. */
const ATTEMPTS = 3

/**
 * Starts every function anew in each round, in drawn order, and reads its figures. A function that fails has its reason
 * among the failures, and no more rounds; so the others go on. Rejects when the signal aborts.
 */
export async function measureAll(
  making: Making,
  random: () => number,
  progress: (text: string, done: number, of: number) => void,
): Promise<GroupResult> {
  const { plan, signal } = making
  const { starts } = plan.options
  const samples: Sample[] = []
  const failed = new Map<string, Failure>()
  /** By runtime: it decides whether the nodejs layer, and the SDK in the function, exchange keys with ML-KEM. */
  const openssl = new Map<string, string>()
  const turns = schedule(plan.functions, [undefined], starts + 1, random)
  let done = 0
  const work = async (queue: PlannedFunction[], round: number): Promise<void> => {
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
      signal.throwIfAborted()
      progress(one.name, done++, turns.length)
      if (failed.has(one.name)) continue
      try {
        // The round before the first one is not kept: it waits until the role may read, everywhere.
        if (round === 0) await invokeWhenAllowed(making, one)
        else {
          const invoked = await startAnew(making, one, round)
          samples.push(sampleOf(one, round - 1, invoked))
          openssl.set(one.runtime, invoked.reads.openssl ?? 'unknown')
        }
      } catch (error) {
        signal.throwIfAborted()
        failed.set(one.name, { ...placeOf(one), reason: textOf(error) })
      }
    }
  }
  // Round by round: no function is started again while it is measured.
  for (let round = 0; round <= starts; round++) {
    const queue = turns.filter((turn) => turn.round === round).map(({ contender }) => contender)
    await Promise.all(Array.from({ length: AT_ONCE }, () => work(queue, round)))
  }
  return resultOf(making, samples, [...failed.values()], openssl)
}

/** What a function returns: microseconds. Of the one that reads nothing, its runtime's OpenSSL alone. */
interface Reads {
  readonly openssl?: string
  readonly first?: number
  readonly hits?: readonly number[]
  readonly misses?: readonly number[]
}

interface Invoked {
  readonly reads: Reads
  readonly report: Report
}

class FunctionFailed extends Error {}

async function invokeWhenAllowed(making: Making, one: PlannedFunction): Promise<void> {
  const { signal } = making
  const isTooEarly = (error: unknown) => error instanceof FunctionFailed && /AccessDenied/.test(error.message)
  await patiently(() => invoke(making, one), isTooEarly, { everyMs: 2_000, signal })
}

async function startAnew(making: Making, one: PlannedFunction, round: number): Promise<Invoked> {
  const { clients, plan, signal } = making
  for (let attempt = 1; ; attempt++) {
    const change = new UpdateFunctionConfigurationCommand({
      FunctionName: one.name,
      Environment: environmentOf(plan, one, round + attempt / 10),
    })
    const isBusy = (error: unknown) => isNamed(error, 'ResourceConflictException')
    await patiently(() => clients.lambda.send(change), isBusy, { signal })
    await settled(clients, one.name, signal)
    const invoked = await invoke(making, one)
    if (invoked.report.initMs !== undefined) return invoked
    if (attempt === ATTEMPTS) throw new Error(`no cold start in ${ATTEMPTS} attempts`)
  }
}

async function invoke({ clients, signal }: Making, { name }: PlannedFunction): Promise<Invoked> {
  const command = new InvokeCommand({ FunctionName: name, LogType: 'Tail' })
  const {
    FunctionError,
    Payload,
    LogResult = '',
  } = await clients.lambda.send(command, { abortSignal: signal })
  const payload: unknown = JSON.parse(Payload?.transformToString() || 'null')
  if (FunctionError !== undefined) {
    const { errorType = FunctionError, errorMessage = '' } = payload as Record<string, string>
    throw new FunctionFailed(`${errorType}: ${errorMessage}`)
  }
  return { reads: payload as Reads, report: reportIn(Buffer.from(LogResult, 'base64').toString()) }
}

function sampleOf(one: PlannedFunction, round: number, { reads, report }: Invoked): Sample {
  const { first, hits = [], misses = [] } = reads
  const values: Record<string, number> = {
    initMs: report.initMs ?? 0,
    invokedMs: report.durationMs,
    billedMs: report.billedMs,
    maxMemoryMb: report.maxMemoryMb,
  }
  if (first === undefined) return { ...placeOf(one), round, values }
  const [histogram, missed] = [hits, misses].map(histogramOf) as [Histogram, Histogram]
  values.firstReadMs = first / 1e3
  values.p50Us = histogram.percentile(0.5)
  values.p99Us = histogram.percentile(0.99)
  values.missMs = missed.percentile(0.5) / 1e3
  return { ...placeOf(one), round, values, latency: histogram.buckets() }
}

function histogramOf(microseconds: readonly number[]): Histogram {
  return Histogram.from(microseconds.map((us) => [us, 1]))
}

function labelOf(contender: Contender, architecture: Architecture): string {
  return `${CONTENDERS[contender]}, ${architecture}`
}

function placeOf({ contender, architecture, runtime, memoryMb }: PlannedFunction) {
  return { scenario: `${runtime}, ${memoryMb} MB`, contender: labelOf(contender, architecture) }
}

function resultOf(
  { plan: { options, functions, leftOut }, ownLayers }: Making,
  samples: Sample[],
  failed: Failure[],
  openssl: ReadonlyMap<string, string>,
): GroupResult {
  const places = functions.map((one) => ({ ...one, ...placeOf(one) }))
  const unique = (texts: readonly string[]) => [...new Set(texts)]
  return {
    group: 'lambda',
    method: `${options.starts} cold starts each, by a changed variable, in drawn order; then the first read of a secret, ${HITS} more, and ${MISSES} versions of a parameter, one by one, timed in the handler; INIT, billed time and memory by Lambda's REPORT line${seen([...ownLayers.values()], "AWS's own layer")}${seen(
      [...openssl].map(([runtime, version]) => `${version} in ${runtime}`),
      'OpenSSL',
    )}`,
    contenders: unique(places.map(({ contender }) => contender)),
    scenarios: unique(places.map(({ scenario }) => scenario)),
    floors: Object.fromEntries(
      functions
        .filter(({ contender }) => contender !== 'none')
        .map(({ contender, architecture }) => [
          labelOf(contender, architecture),
          labelOf('none', architecture),
        ]),
    ),
    skipped: leftOut,
    failed,
    samples: samples.sort((a, b) => a.round - b.round),
  }
}

function seen(items: readonly string[], what: string): string {
  return items.length === 0 ? '' : `; ${what}: ${items.join(', ')}`
}
