import { BOUNDS_SECONDS, type Histogram, type Totals } from './meter.ts'

// The text format 0.0.4, which every Prometheus reads.
// https://prometheus.io/docs/instrumenting/exposition_formats/

const PREFIX = 'parameters_secrets_extension_'

const COUNTERS: Readonly<Record<Exclude<keyof Totals, 'calls'>, readonly [name: string, help: string]>> = {
  hits: ['hits', 'Reads that the cache answered.'],
  misses: ['misses', 'Reads that it did not.'],
  coalesced: ['joined', 'Misses that waited for a call that was under way.'],
  prefetched: ['prefetched', 'Answers that were fetched before anybody asked.'],
  refreshedAhead: ['refreshed_ahead', 'Answers that were fetched anew before they expired.'],
  stale: ['stale', 'Reads that got an expired answer.'],
  negative: ['negative', 'Reads that got a remembered absence.'],
  evictions: ['evictions', 'Answers that made room for others.'],
  upstreamErrors: ['upstream_errors', 'Calls that AWS refused or that failed.'],
  throttles: ['throttles', 'Calls that AWS throttled.'],
  failovers: ['failovers', 'Calls that another region answered.'],
  proxied: ['proxied_calls', 'Calls of an SDK that were passed through to AWS.'],
}

/** ASCII, and without a label that comes from outside. */
export function prometheusText(totals: Totals): string {
  const counters = Object.entries(COUNTERS).flatMap(([counter, [name, help]]) => {
    const metric = `${PREFIX}${name}_total`
    const value = totals[counter as keyof typeof COUNTERS]
    return [`# HELP ${metric} ${help}`, `# TYPE ${metric} counter`, `${metric} ${value}`]
  })
  return [...counters, ...histogram(totals.calls), ''].join('\n')
}

function histogram({ counts, count, sumMs }: Histogram): string[] {
  const metric = `${PREFIX}upstream_seconds`
  let below = 0
  const buckets = BOUNDS_SECONDS.map((bound, i) => {
    below += counts[i] ?? 0
    return `${metric}_bucket{le="${bound}"} ${below}`
  })
  return [
    `# HELP ${metric} Time that AWS took for a call.`,
    `# TYPE ${metric} histogram`,
    ...buckets,
    `${metric}_bucket{le="+Inf"} ${count}`,
    `${metric}_sum ${sumMs / 1000}`,
    `${metric}_count ${count}`,
  ]
}
