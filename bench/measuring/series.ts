import type { Failure, GroupResult, Sample } from '../storing/results.ts'
import { ROOT } from '../contenders/runtimes.ts'
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

/** Nobody can be measured: this ends the run, and is no contender's failure. */
export class Unmeasurable extends Error {
  override readonly name = 'Unmeasurable'
}

/**
 * A contender that fails in a scenario is measured there no more, and its samples of that scenario do not count: it
 * has a cell that says why. Rejects only with what is nobody's failure.
 */
export async function measureSeries<Contender extends Named, Scenario extends Named>(
  { group, turns, upstream, prepare, measure }: Series<Contender, Scenario>,
  { progress }: Pick<Context, 'progress'>,
): Promise<Pick<GroupResult, 'samples' | 'failed'>> {
  const samples: Sample[] = []
  const failed: Failure[] = []
  const isOut = ({ scenario, contender }: Pick<Sample, 'scenario' | 'contender'>) =>
    failed.some((one) => one.scenario === scenario && one.contender === contender)
  try {
    await prepare?.()
    for (const [done, turn] of turns.entries()) {
      const [scenario, contender] = [turn.scenario.name, turn.contender.name]
      progress(`${group}, ${scenario}: ${contender}`, done, turns.length)
      if (isOut({ scenario, contender })) continue
      try {
        const measured = await measure(turn.contender, turn.scenario)
        if (measured === undefined) continue
        samples.push({ scenario, contender, round: turn.round, ...measured })
      } catch (error) {
        if (error instanceof Unmeasurable) throw error
        failed.push({ scenario, contender, reason: reasonOf(error) })
      }
    }
  } finally {
    await upstream?.stop()
  }
  return { samples: samples.filter((sample) => !isOut(sample)), failed }
}

/** The first line, for what a process has written may follow, and without the folder of this checkout. */
function reasonOf(error: unknown): string {
  const [line = ''] = (error as Error).message.split('\n', 1)
  return line.replaceAll(`${ROOT}/`, '')
}

/** Work that warms something up: a contender's failure shows when it is measured. */
export async function uncounted(work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (error instanceof Unmeasurable) throw error
  }
}

export function namesOf(named: readonly Named[]): string[] {
  return named.map(({ name }) => name)
}
