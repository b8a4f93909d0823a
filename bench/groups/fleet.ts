import { PLAIN } from '../../src/cache/freshness.ts'
import { OUTAGE_KINDS, type Outage, type OutageKind } from '../fleet/aws-model.ts'
import type { Settings } from '../fleet/sandbox.ts'
import { type Fleet, simulate } from '../fleet/simulate.ts'
import type { Context } from '../measuring/context.ts'
import { seeded } from '../../tools/random.ts'
import type { GroupResult, Sample } from '../storing/results.ts'

// How many calls a whole fleet makes, and how many reads it loses to AWS' quotas. The real cache and its policy run
// in virtual time, against a model of an account that throttles. There is no socket and no process, and the same seed
// gives the same figures on any machine.

/** The original's: a call for each name at each expiry, and an error when it is throttled. */
const ORIGINAL: Settings = { ttlMs: 300_000, rules: PLAIN, prefetch: false }
/** The set of docs/freshness.md. */
export const RECOMMENDED: Settings = {
  ttlMs: 300_000,
  rules: { refreshAheadPercent: 50, revalidateMs: 900_000, staleMs: 3_600_000, staleWaitMs: 500 },
  prefetch: true,
}
/** Long enough for any call. */
const NO_STALE_WAIT = { ...PLAIN, staleWaitMs: 60_000 }

const SETTINGS: Readonly<Record<string, Settings>> = {
  'as the original': ORIGINAL,
  prefetch: { ...ORIGINAL, prefetch: true },
  'refresh ahead 50 %': { ...ORIGINAL, rules: { ...PLAIN, refreshAheadPercent: 50 } },
  'stale 1 h': { ...ORIGINAL, rules: { ...NO_STALE_WAIT, staleMs: 3_600_000 } },
  'stale 1 h, waits 0.5 s': { ...ORIGINAL, rules: { ...PLAIN, staleMs: 3_600_000, staleWaitMs: 500 } },
  'stale while revalidated, 15 min': { ...ORIGINAL, rules: { ...PLAIN, revalidateMs: 900_000 } },
  'all (recommended)': RECOMMENDED,
  'all, TTL 15 min': { ...RECOMMENDED, ttlMs: 900_000 },
}

interface Quota {
  readonly name: string
  readonly store: Fleet['store']
  readonly perSecond: number
}

/** AWS: "AWS Systems Manager endpoints and quotas", "AWS Secrets Manager endpoints and quotas". */
const QUOTAS: readonly Quota[] = [
  { name: 'Parameter Store, 40/s', store: 'parameters', perSecond: 40 },
  { name: 'Parameter Store, 1,000/s', store: 'parameters', perSecond: 1_000 },
  { name: 'Secrets Manager, 10,000/s', store: 'secrets', perSecond: 10_000 },
]

/**
 * Sandboxes times names. 10,000 × 20 take nine tenths of the time of all, so they meet the quotas of Parameter Store
 * alone, with the default and the recommended settings.
 */
const LARGE = 100_000
const OF_LARGE = ['as the original', 'all (recommended)', 'all, TTL 15 min']
const isLarge = ({ sandboxes, names }: Pick<Fleet, 'sandboxes' | 'names'>): boolean =>
  sandboxes * names > LARGE

const MINUTE_MS = 60_000

/** A fleet that meets an outage of a sixth of its time. */
const OUT = { sandboxes: 100, names: 20, store: 'parameters', perSecond: 1_000 } as const
const TRAFFIC = [
  { name: 'invoked each minute', invokeEveryMs: MINUTE_MS },
  { name: 'invoked every 7 min', invokeEveryMs: 7 * MINUTE_MS },
]

function outageIn(kind: OutageKind, minutes: number): Outage {
  return { kind, from: minutes / 3, to: minutes / 2 }
}

export async function measureFleet({ amount, random, progress }: Context): Promise<GroupResult> {
  const ofQuotas = QUOTAS.flatMap(({ name, store, perSecond }) =>
    amount.fleetSandboxes.flatMap((sandboxes) =>
      [1, 20].map((names) => ({
        title: `${sandboxes.toLocaleString('en')} sandboxes × ${names}, ${name}`,
        fleet: { sandboxes, names, store, perSecond, minutes: amount.fleetMinutes, invokeEveryMs: MINUTE_MS },
      })),
    ),
  ).filter(({ fleet }) => !isLarge(fleet) || fleet.store === 'parameters')
  const ofOutages = OUTAGE_KINDS.flatMap((kind) =>
    TRAFFIC.map(({ name, invokeEveryMs }) => ({
      title: `AWS is ${kind} for ${Math.round(amount.fleetMinutes / 6)} min, ${name}`,
      fleet: {
        ...OUT,
        invokeEveryMs,
        minutes: amount.fleetMinutes,
        outage: outageIn(kind, amount.fleetMinutes),
      },
    })),
  )
  const fleets: readonly { readonly title: string; readonly fleet: Fleet }[] = [...ofQuotas, ...ofOutages]
  // One seed for all, so that every setting meets the same fleet.
  const seed = Math.floor(random() * 1e9)
  const samples: Sample[] = []
  const runs = fleets.flatMap((one) =>
    Object.entries(SETTINGS)
      .filter(([contender]) => !isLarge(one.fleet) || OF_LARGE.includes(contender))
      .map(([contender, settings]) => ({ ...one, contender, settings })),
  )
  for (const { title, fleet, contender, settings } of runs) {
    progress(`fleet: ${title}, ${contender}`, samples.length, runs.length)
    const { reads, failed, waited, stale, ...rest } = await simulate(fleet, settings, seeded(seed))
    const share = (count: number) => (100 * count) / reads
    const values = {
      upstreamCalls: rest.calls,
      throttledCalls: rest.throttled,
      failedPercent: share(failed),
      waitedPercent: share(waited),
      stalePercent: share(stale),
      worstWaitMs: rest.worstWaitMs,
    }
    samples.push({ scenario: title, contender, round: 0, values })
  }
  return {
    group: 'fleet',
    method: `simulated in virtual time over the real cache: sandboxes start within a minute and live for ${amount.fleetMinutes}, each invoked about once a minute where nothing else is said and reading all of its names each time; AWS takes 15 to 45 ms, an SDK makes 3 attempts, TTL 5 min where none is said; seed ${seed}`,
    contenders: Object.keys(SETTINGS),
    scenarios: fleets.map(({ title }) => title),
    floors: {},
    skipped: [],
    samples,
  }
}
