import type { Sample } from '../storing/results.ts'
import type { Upstream } from '../upstream/upstream.ts'
import type { Context } from './context.ts'
import type { Turn } from './schedule.ts'

// The loop that all groups share: a fresh process for each turn, one turn after another, a sample of each.

interface Named {
  readonly name: string
}

export type Measured = Pick<Sample, 'values' | 'latency'>

export interface Series<Contender extends Named, Scenario extends Named> {
  readonly group: string
  readonly turns: readonly Turn<Contender, Scenario>[]
  /** Stopped when the series is over, or has failed. */
  readonly upstream?: Upstream
  /** Done once, before the first turn; not counted. */
  prepare?(): Promise<void>
  /** Undefined: this turn has no sample. */
  measure(contender: Contender, scenario: Scenario): Promise<Measured | undefined>
}

/** Rejects with the first turn that fails: figures of the others would be compared with nothing. */
export async function measureSeries<Contender extends Named, Scenario extends Named>(
  { group, turns, upstream, prepare, measure }: Series<Contender, Scenario>,
  { progress }: Context,
): Promise<Sample[]> {
  const samples: Sample[] = []
  try {
    await prepare?.()
    for (const [done, { scenario, contender, round }] of turns.entries()) {
      progress(`${group}, ${scenario.name}: ${contender.name}`, done, turns.length)
      const measured = await measure(contender, scenario)
      if (measured === undefined) continue
      samples.push({ scenario: scenario.name, contender: contender.name, round, ...measured })
    }
  } finally {
    await upstream?.stop()
  }
  return samples
}

export function namesOf(named: readonly Named[]): string[] {
  return named.map(({ name }) => name)
}
