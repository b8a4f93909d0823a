// One micro-benchmark in a process of its own, so that no other one's types are in the inline caches.
import { Bench } from 'tinybench'
import { benches as http } from './http.bench.ts'
import { benches as lru } from './lru.bench.ts'

export const ALL = [...lru, ...http]

const wanted = process.argv[2]
if (wanted !== undefined && process.send !== undefined)
  process.send(await measure(Number(wanted), Number(process.argv[3])))

async function measure(index: number, timeMs: number): Promise<Record<string, number>> {
  const micro = ALL[index]!
  const prepared = micro.prepare()
  const bench = new Bench({ time: timeMs, warmupTime: timeMs / 3, throws: true })
  bench.add(micro.scenario, prepared.run)
  const [task] = await bench.run()
  prepared.check()
  if (task?.result.state !== 'completed') throw new Error(`${micro.scenario} did not complete`)
  const { p50 } = task.result.latency
  return { nsPerOp: (p50 * 1e6) / micro.operations, ...prepared.values?.() }
}
