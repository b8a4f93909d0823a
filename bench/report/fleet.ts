import { type GroupResult, type Run, valuesOf } from '../storing/results.ts'

// Reads that fail or wait in a fleet that meets a quota or an outage.

/** Percentage points. Below it no reads fail, and the settings do not differ, for whoever chooses one. */
const DIFFERS = 1
const FLEET_SETTINGS = /^(as the original|all)\b/
export const SETTINGS_EXPLAINED =
  'as the original: the defaults; all: prefetch, refresh-ahead, stale-while-revalidate and stale-on-error'

/** The default, and the recommended ones: all others are in the tables alone. */
export function mainSettings(contenders: readonly string[]): string[] {
  return contenders.filter((one) => FLEET_SETTINGS.test(one))
}

/** Reads that failed, and that waited, with the settings that are recommended. */
export function fleetTable(simulated: Run | undefined, results: string): string | undefined {
  const group = simulated?.groups.find((one) => one.group === 'fleet')
  if (simulated === undefined || group === undefined) return undefined
  const settings = mainSettings(group.contenders)
  const median = (scenario: string, setting: string, metric: string) =>
    valuesOf(group, scenario, setting, metric)[0] ?? Number.NaN
  const rows = differing(group, settings).map((scenario) => {
    const cells = settings.map(
      (one) =>
        `${percent(median(scenario, one, 'failedPercent'))} (${percent(median(scenario, one, 'waitedPercent'))})`,
    )
    return `| ${[scenario, ...cells].join(' | ')} |`
  })
  const head = [
    `| fleet, and what it meets | ${settings.join(' | ')} |`,
    `|---|${'---:|'.repeat(settings.length)}`,
  ]
  const { startedAt, commit } = simulated.meta
  const from = `Simulated on ${startedAt.slice(0, 10)}, commit ${commit.slice(0, 7)}.`
  const plot = `![Reads that failed, and reads that waited for AWS](${results}/plots/fleets-simulated-fleet.svg)`
  return [...head, ...rows, '', from, '', plot].join('\n')
}

/** The scenarios in which reads fail, and in which the settings differ in how many fail or wait. */
export function differing(group: GroupResult, settings: readonly string[]): string[] {
  return group.scenarios.filter((scenario) => {
    const [failed, waited] = ['failedPercent', 'waitedPercent'].map((metric) =>
      settings.flatMap((one) => valuesOf(group, scenario, one, metric)),
    ) as [number[], number[]]
    const differs = (shares: number[]) => Math.max(...shares) - Math.min(...shares) >= DIFFERS
    return Math.max(...failed) >= DIFFERS && (differs(failed) || differs(waited))
  })
}

function percent(share: number): string {
  if (share === 0) return '0'
  return `${share.toFixed(share < 10 ? 1 : 0)} %`
}
