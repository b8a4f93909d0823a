import { shown, type Public } from '../public.ts'
import type { Meter, Totals } from './meter.ts'

// CloudWatch's embedded metric format: a line of JSON in the function's log, out of which CloudWatch makes metrics.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

const NAMESPACE = 'ParametersSecretsExtension'
const LATENCY = 'UpstreamLatency'
const PERIOD_MS = 60_000

type Counter = Exclude<keyof Totals, 'calls'>

const COUNTERS: Readonly<Record<Counter, string>> = {
  hits: 'Hits',
  misses: 'Misses',
  coalesced: 'Joined',
  prefetched: 'Prefetched',
  refreshedAhead: 'RefreshedAhead',
  stale: 'Stale',
  negative: 'Negative',
  evictions: 'Evictions',
  upstreamErrors: 'UpstreamErrors',
  throttles: 'Throttles',
  failovers: 'Failovers',
  proxied: 'ProxiedCalls',
}
const NAMES = Object.entries(COUNTERS) as [Counter, string][]

export interface EmbeddedOptions {
  readonly functionName: string
  readonly meter: Meter
  totals(): Totals
  /** Epoch milliseconds. */
  now(): number
  write(line: Public): void
}

/** Lines of what was counted since the line before. */
export interface Embedded {
  /**
   * Writes a line if a minute has passed since the last. To be called at each request: a frozen process has no timer.
   */
  tick(): void
  /** Writes a line if anything was counted. */
  flush(): void
  /** Counts from now on: what was counted before a snapshot is not reported again by each of its copies. */
  restart(): void
}

export function createEmbedded(options: EmbeddedOptions): Embedded {
  const { functionName, meter, totals, now, write } = options
  let reported = counted(totals())
  let reportedAt = now()

  return {
    tick() {
      // Also after the clock was set back: the period is unknown then.
      if (Math.abs(now() - reportedAt) >= PERIOD_MS) flush()
    },
    flush,
    restart,
  }

  function restart(): void {
    reported = counted(totals())
    reportedAt = now()
    meter.takeSamples()
  }

  function flush(): void {
    const current = counted(totals())
    const latencies = meter.takeSamples()
    const deltas = NAMES.map(([counter, name]): [string, number] => [
      name,
      current[counter] - reported[counter],
    ])
    reported = current
    reportedAt = now()
    if (latencies.length === 0 && deltas.every(([, delta]) => delta === 0)) return
    const metrics = deltas.map(([Name]) => ({ Name, Unit: 'Count' }))
    // An empty list is no value of a metric.
    if (latencies.length > 0) metrics.push({ Name: LATENCY, Unit: 'Milliseconds' })
    const directive = { Namespace: NAMESPACE, Dimensions: [['FunctionName']], Metrics: metrics }
    // Names of ours, numbers, and the function's name, which Lambda has checked.
    const line = JSON.stringify({
      _aws: { Timestamp: reportedAt, CloudWatchMetrics: [directive] },
      FunctionName: shown(functionName),
      ...Object.fromEntries(deltas),
      ...(latencies.length > 0 && { [LATENCY]: latencies.map((ms) => Math.round(ms * 1000) / 1000) }),
    })
    write(line as Public)
  }
}

function counted(totals: Totals): Record<Counter, number> {
  return Object.fromEntries(NAMES.map(([counter]) => [counter, totals[counter]])) as Record<Counter, number>
}
