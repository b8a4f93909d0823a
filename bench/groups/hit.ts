import { type Contender, hitField, pairsOf } from '../contenders/contenders.ts'
import type { Context } from '../measuring/context.ts'
import { Histogram } from '../storing/histogram.ts'
import { launch } from '../measuring/launch.ts'
import { drive, type Job, type Outcome } from '../load/drive.ts'
import { HIT_SCENARIOS, type HitScenario } from '../load/scenarios.ts'
import { emptyPageCache } from '../measuring/page-cache.ts'
import { schedule } from '../measuring/schedule.ts'
import { measureSeries, namesOf, type Measured } from '../measuring/series.ts'
import type { GroupResult } from '../storing/results.ts'
import { startUpstream, type Upstream } from '../upstream/upstream.ts'

export async function measureHit(context: Context): Promise<GroupResult> {
  const { amount, random } = context
  const field = await hitField(context)
  const scenarios = HIT_SCENARIOS.map((one) => sized(one, amount.spreadKeys))
  const secrets = scenarios.map(({ size, keys }) => ({ size, keys }))
  const upstream = await startUpstream({ kind: 'aws', tls: false, secrets })
  const turns = schedule(field.contenders, scenarios, amount.hitRounds, random)
  const measured = await measureSeries(
    {
      group: 'hit',
      turns,
      upstream,
      // For the peak RSS: see page-cache.ts.
      prepare: async () => emptyPageCache(field.contenders),
      measure: async (contender, scenario) => {
        const isOurs = contender.isExact && contender.ready === 'registered'
        if (scenario.form !== undefined && !isOurs) return undefined
        return hit(contender, scenario, context, upstream)
      },
    },
    context,
  )
  const method = `autocannon to localhost, own microsecond histogram, ${amount.hitMs} ms per fresh process after ${amount.hitWarmupMs} ms of warm-up`
  return {
    group: 'hit',
    method,
    contenders: namesOf(field.contenders),
    scenarios: namesOf(scenarios),
    ...pairsOf(field.contenders),
    skipped: field.skipped,
    ...measured,
  }
}

function sized(scenario: HitScenario, spreadKeys: number): HitScenario {
  return scenario.keys === 1 ? scenario : { ...scenario, keys: spreadKeys }
}

async function hit(
  contender: Contender,
  { connections, mode, size, keys, form }: HitScenario,
  { port, amount }: Context,
  { endpoint }: Upstream,
): Promise<Measured> {
  const running = await launch(contender, { port, endpoint })
  try {
    const { isExact } = contender
    const load = { connections, mode, size, keys, form, warmup: amount.hitWarmupMs, measureMs: amount.hitMs }
    const job: Job = { port, serverPid: running.pid, isExact, ...load }
    const outcome = await drive(job)
    return { values: { ...figures(outcome), ...running.memory() }, latency: outcome.latency }
  } finally {
    await running.stop()
  }
}

/** Throws for a load without a single answer: it would compare nothing with nothing. */
export function figures(outcome: Outcome): Record<string, number> {
  const { responses, elapsedMs, serverCpuMs, driverCpuMs } = outcome
  if (responses === 0) throw new Error('not one answer in the measured time')
  const latency = Histogram.from(outcome.latency)
  return {
    responses,
    p50Us: latency.percentile(0.5),
    p99Us: latency.percentile(0.99),
    'p99.9Us': latency.percentile(0.999),
    cpuUsPerHit: (serverCpuMs * 1000) / responses,
    driverCpuUsPerHit: (driverCpuMs * 1000) / responses,
    perSecond: (responses * 1000) / elapsedMs,
  }
}
