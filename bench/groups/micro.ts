import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Context } from '../measuring/context.ts'
import { ALL } from '../micro/micro-process.ts'
import { distinct, type GroupResult } from '../storing/results.ts'
import { schedule } from '../measuring/schedule.ts'
import { measureSeries } from '../measuring/series.ts'

export async function measureMicro(context: Context): Promise<GroupResult> {
  const { amount, random } = context
  // Each contender has a benchmark per scenario, so a turn is one of the benchmarks.
  const drawn = schedule([...ALL.keys()], ['all'], amount.microRounds, random)
  const turns = drawn.map(({ contender: index, round }) => ({
    round,
    scenario: { name: ALL[index]!.scenario },
    contender: { name: ALL[index]!.contender, index },
  }))
  const measured = await measureSeries(
    {
      group: 'micro',
      turns,
      measure: async ({ index }) => ({ values: await inProcess(index, amount.microMs) }),
    },
    context,
  )
  return {
    group: 'micro',
    method: `tinybench on ${process.version}, median of ${amount.microMs} ms in a fresh process each`,
    contenders: distinct(ALL.map(({ contender }) => contender)),
    scenarios: distinct(ALL.map(({ scenario }) => scenario)),
    floors: {},
    skipped: [],
    ...measured,
  }
}

async function inProcess(index: number, timeMs: number): Promise<Record<string, number>> {
  const child = fork(fileURLToPath(new URL('../micro/micro-process.ts', import.meta.url)), [
    String(index),
    String(timeMs),
  ])
  const gone = once(child, 'exit').then(([code]) => {
    throw new Error(`micro-benchmark ${index} ended with ${code}`)
  })
  const [values] = (await Promise.race([once(child, 'message'), gone])) as [Record<string, number>]
  await gone.catch(() => undefined)
  return values
}
