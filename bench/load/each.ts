import { Agent } from 'node:http'
import type { Target } from '../measuring/catalogue.ts'
import { checkReply, fetchReply } from '../measuring/request.ts'
import type { Load } from './load.ts'
import type { Job } from './drive.ts'

/** Every target once, `connections` at a time over kept connections; `warmup` come before. */
export async function each(
  { port, isExact, connections }: Job,
  wanted: readonly Target[],
  warmup: readonly Target[],
  load: Load,
): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const ask = async (list: readonly Target[], record: (us: number) => void) => {
    let turn = 0
    const work = async () => {
      for (let target = list[turn++]; target !== undefined; target = list[turn++]) {
        const startedAt = performance.now()
        const reply = await fetchReply(port, target.path, agent)
        record((performance.now() - startedAt) * 1000)
        checkReply(reply, target, isExact)
      }
    }
    await Promise.all(Array.from({ length: Math.min(connections, list.length) }, work))
  }
  await ask(warmup, () => undefined)
  load.onStart()
  await ask(wanted, load.record)
  load.onEnd()
  agent.destroy()
}
