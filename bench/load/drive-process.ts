// The driver's process: checks every answer once, warms up, measures, reports. Anything but a 200 with the right bytes
// ends it with an error.
import { Agent } from 'node:http'
import { targets, type Target } from '../measuring/catalogue.ts'
import { Histogram } from '../storing/histogram.ts'
import { cpuMs } from '../../tools/proc.ts'
import { checkReply, differenceOf, fetchReplyTo } from '../measuring/request.ts'
import { requestOf, checkForm } from './forms.ts'
import type { Job, Outcome } from './drive.ts'
import type { Known, Load } from './load.ts'
import { keepAlive } from './keep-alive.ts'
import { reconnect } from './reconnect.ts'
import { each } from './each.ts'

const CHECKING_CONNECTIONS = 3

process.on('disconnect', () => process.exit())

try {
  process.send?.(await run(JSON.parse(process.argv[2] ?? '') as Job))
} catch (error) {
  process.send?.({ error: (error as Error).message })
}
process.disconnect?.()

async function run(job: Job): Promise<Outcome> {
  const histogram = new Histogram()
  const before = { at: 0, server: 0, driver: process.cpuUsage() }
  const after = { at: 0, server: 0, driver: process.cpuUsage() }
  const mark = (point: typeof before) => () => {
    point.server = cpuMs(job.serverPid)
    point.driver = process.cpuUsage()
    point.at = performance.now()
  }
  const load = { onStart: mark(before), onEnd: mark(after), record: (us: number) => histogram.record(us) }
  await perform(job, load)
  const cpuUs = ({ driver: { user, system } }: typeof before) => user + system
  return {
    responses: histogram.count,
    elapsedMs: after.at - before.at,
    serverCpuMs: after.server - before.server,
    driverCpuMs: (cpuUs(after) - cpuUs(before)) / 1000,
    latency: histogram.buckets(),
  }
}

async function perform(job: Job, load: Load): Promise<void> {
  const { mode, size, keys, fromKey = 0, times = 1 } = job
  const wanted = targets(size, mode === 'burst' ? 1 : keys, fromKey)
  if (mode === 'each' || mode === 'burst') {
    const rounds = Array.from({ length: mode === 'each' ? times : keys })
    const names = rounds.flatMap(() => wanted)
    return each(job, names, targets(size, job.warmup, fromKey + keys), load)
  }
  const known = await checked(job, wanted)
  return mode === 'keep' ? keepAlive(job, known, load) : reconnect(job, known, load)
}

/** Asks for every key twice. The first answer must be right, and every later one the same as the first. */
async function checked({ port, isExact, form }: Job, wanted: readonly Target[]): Promise<Known[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: CHECKING_CONNECTIONS })
  const known: Known[] = []
  const queue = [...wanted.entries()]
  const work = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [index, target] = next
      const request = requestOf(target, form)
      const first = await fetchReplyTo(port, request, agent)
      const second = await fetchReplyTo(port, request, agent)
      if (form === undefined) checkReply(first, target, isExact)
      else checkForm(first.body, target, form)
      if (second.status !== 200) throw new Error(`${target.path}: expected 200, got ${second.status}`)
      if (second.body !== first.body)
        throw new Error(`${target.path}: ${differenceOf(second.body, first.body)}`)
      known[index] = { path: target.path, request, body: first.body }
    }
  }
  await Promise.all(Array.from({ length: CHECKING_CONNECTIONS }, work))
  agent.destroy()
  return known
}
