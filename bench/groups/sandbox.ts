import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type Cgroup, createCgroup } from '../measuring/cgroup.ts'
import { type Contender, extensionField, pairsOf } from '../contenders/contenders.ts'
import type { Context } from '../measuring/context.ts'
import { launch, type Running } from '../measuring/launch.ts'
import { emptyPageCache, howEmptied } from '../measuring/page-cache.ts'
import { pinned } from '../measuring/pinning.ts'
import { majorFaults, readMb } from '../../tools/proc.ts'
import { probe } from '../measuring/request.ts'
import { node } from '../contenders/runtimes.ts'
import { schedule } from '../measuring/schedule.ts'
import { measureSeries, namesOf, Unmeasurable } from '../measuring/series.ts'
import type { GroupResult, Skipped } from '../storing/results.ts'
import { startUpstream, type Upstream } from '../upstream/upstream.ts'

// A cold start in the memory of a small function, beside a function that is there already: from the spawn until /ping
// answers. What is read from files is memory there, and what does not fit is read twice. The function runs on another
// Node than the extension, since on Lambda an extension is the first to read what it needs.

const LIMIT_MB = 128
const FUNCTION_NODE = 22
const HELD_MB = 16
const FUNCTION = `const held = Buffer.alloc(${HELD_MB * 2 ** 20}, 1)
  process.stdout.write('ready')
  setInterval(() => held.at(0), 2 ** 30)`

const SCENARIO = { name: `${LIMIT_MB} MB, cold, until /ping answers` }

export async function measureSandbox(context: Context): Promise<GroupResult> {
  const { amount, random } = context
  const field = await extensionField(context, [24])
  const reason = reasonAgainst()
  const contenders = reason === undefined ? field.contenders : []
  const upstream = await startUpstream({ kind: 'aws', tls: true, secrets: [] })
  const turns = schedule(contenders, [SCENARIO], amount.coldRounds, random)
  const measured = await measureSeries(
    {
      group: 'sandbox',
      turns,
      upstream,
      measure: async (contender) => ({ values: await startInSandbox(contender, context, upstream) }),
    },
    context,
  )
  const refused: Skipped[] = field.contenders.flatMap(({ name }) =>
    reason === undefined ? [] : [{ contender: name, reason }],
  )
  return {
    group: 'sandbox',
    method: `spawn to the first answer of /ping (a peer: of its probe), in a memory cgroup of ${LIMIT_MB} MiB beside Node ${FUNCTION_NODE} holding ${HELD_MB} MiB; ${howEmptied()} before each start`,
    contenders: namesOf(contenders),
    scenarios: namesOf([SCENARIO]),
    ...pairsOf(contenders),
    skipped: [...field.skipped, ...refused],
    ...measured,
  }
}

async function startInSandbox(
  contender: Contender,
  { port }: Context,
  { endpoint, caBundle }: Upstream,
): Promise<Record<string, number>> {
  const cgroup = createCgroup(LIMIT_MB * 2 ** 20)
  if (cgroup === undefined) throw new Unmeasurable('no memory cgroup can be made any more')
  emptyPageCache([contender])
  const beside = startFunction(cgroup)
  const kill = () => beside.kill('SIGKILL')
  process.once('exit', kill)
  try {
    await once(beside.stdout!, 'data')
    const inside = { ...contender, command: cgroup.around(contender.command) }
    const values: Record<string, number> = {}
    const onRegistered = async ({ spawnedAt, host }: Running) => {
      const path = contender.ready === 'probe' ? contender.probe : '/ping'
      await probe(port, path, () => host.crashed() === undefined)
      values.pingMs = performance.now() - spawnedAt
    }
    const running = await launch(inside, {
      port,
      endpoint,
      caBundle,
      memoryMb: LIMIT_MB,
      onRegistered,
    })
    try {
      if (contender.ready === 'probe') await onRegistered(running)
      values.majorFaults = majorFaults(running.pid)
      values.readMb = readMb(running.pid)
      values.cacheMb = cgroup.cacheMb()
      return { ...values, ...running.memory() }
    } finally {
      await running.stop()
    }
  } finally {
    kill()
    process.off('exit', kill)
    await cgroup.remove()
  }
}

/** It writes a line when it runs. */
function startFunction(cgroup: Cgroup): ChildProcess {
  const found = node(FUNCTION_NODE)
  if ('reason' in found) throw new Error(found.reason)
  const [command = '', ...args] = pinned(cgroup.around([found.path, '--eval', FUNCTION]))
  return spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
}

function reasonAgainst(): string | undefined {
  const found = node(FUNCTION_NODE)
  if ('reason' in found) return found.reason
  const cgroup = createCgroup(LIMIT_MB * 2 ** 20)
  void cgroup?.remove()
  return cgroup === undefined ? 'no memory cgroup can be made here: root, or a delegated one' : undefined
}
