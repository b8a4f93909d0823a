import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Context } from '../measuring/context.ts'
import { ALL } from '../micro/micro-process.ts'
import { distinct, type GroupResult, type Sample } from '../storing/results.ts'
import { schedule } from '../measuring/schedule.ts'

export async function measureMicro({ amount, random, progress }: Context): Promise<GroupResult> {
  const turns = schedule([...ALL.keys()], ['micro'], amount.microRounds, random)
  const samples: Sample[] = []
  for (const { contender: index, round } of turns) {
    const { scenario, contender } = ALL[index]!
    progress(`micro, ${scenario}: ${contender}`, samples.length, turns.length)
    samples.push({ scenario, contender, round, values: await inProcess(index, amount.microMs) })
  }
  return {
    group: 'micro',
    method: `tinybench on ${process.version}, median of ${amount.microMs} ms in a fresh process each`,
    contenders: distinct(ALL.map(({ contender }) => contender)),
    scenarios: distinct(ALL.map(({ scenario }) => scenario)),
    floors: { lru: 'lru-cache', 'quick-lru': 'lru-cache' },
    skipped: [],
    samples,
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
