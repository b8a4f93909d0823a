import { distinct, type Run, valuesOf } from '../storing/results.ts'
import { beside } from './architectures.ts'
import { METRICS } from './metrics.ts'

// A run on Lambda itself: both architectures side by side, a table for each runtime and memory size.

/** What people choose a layer and a processor by, in the order of the table. */
const SHOWN = ['initMs', 'firstReadMs', 'p50Us', 'p99Us', 'missMs', 'maxMemoryMb', 'billedMs']

/** Empty where the run has no figure of Lambda. */
export function sideBySide({ groups }: Pick<Run, 'groups'>): string {
  const group = groups.find((one) => one.group === 'lambda')
  if (group === undefined) return ''
  const kinds = distinct(group.contenders.map((name) => name.replace(/, \w+$/, '')))
  const tables = group.scenarios.map((scenario) => {
    const rows = SHOWN.flatMap((metric) =>
      kinds.map((layer) => ({
        label: METRICS[metric]!.label,
        layer,
        metric,
        x86: valuesOf(group, scenario, `${layer}, x86_64`, metric),
        arm: valuesOf(group, scenario, `${layer}, arm64`, metric),
      })),
    )
    return `**${scenario}**\n\n${beside(rows) || 'No figure.'}\n`
  })
  return `## arm64 beside x86_64, on Lambda\n\n${tables.join('\n')}`
}
