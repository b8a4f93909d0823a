import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type Cgroup, createCgroup } from '../measuring/cgroup.ts'
import { type Contender, extensionField, pairsOf } from '../contenders/contenders.ts'
import type { Context } from '../measuring/context.ts'
import { drive } from '../load/drive.ts'
import { launch, type Running } from '../measuring/launch.ts'
import { canSetReadAhead, emptyPageCache, howEmptied } from '../measuring/page-cache.ts'
import { pinned } from '../measuring/pinning.ts'
import { majorFaults, readMb } from '../../tools/proc.ts'
import { probe } from '../measuring/request.ts'
import { node } from '../contenders/runtimes.ts'
import { schedule } from '../measuring/schedule.ts'
import { measureSeries, namesOf, Unmeasurable } from '../measuring/series.ts'
import type { GroupResult, Skipped } from '../storing/results.ts'
import { startUpstream, type Upstream } from '../upstream/upstream.ts'

// The memory of a small function, beside a function that is there already. A cold start: from the spawn until /ping
// answers. And many large values on a disk that reads far ahead. What is read from files is memory there, and what does
// not fit is read twice, code too. The function runs on another Node than the extension, since on Lambda an extension
// is the first to read what it needs.

const LIMIT_MB = 128
const FUNCTION_NODE = 22
const HELD_MB = 16
const FUNCTION = `const held = Buffer.alloc(${HELD_MB * 2 ** 20}, 1)
  process.stdout.write('ready')
  setInterval(() => held.at(0), 2 ** 30)`

interface SandboxScenario {
  readonly name: string
  /** Secrets of 64 KB, each requested once. */
  readonly values?: number
  /** What the disk reads ahead. Default: as usual. */
  readonly aheadKb?: number
}

const COLD: SandboxScenario = { name: `${LIMIT_MB} MB, cold, until /ping answers` }
const AHEAD_KB = 8_192
const CONNECTIONS = 10
/** A server that reads its own code from the disk for ever is given up. */
const PATIENCE_MS = 60_000
const LOOK_MS = 20

export async function measureSandbox(context: Context): Promise<GroupResult> {
  const { amount, random } = context
  const field = await extensionField(context, [24])
  const reason = reasonAgainst()
  const contenders = reason === undefined ? field.contenders : []
  const many: SandboxScenario = {
    name: `${LIMIT_MB} MB, ${amount.entries.toLocaleString('en')} values of 64KB, a disk that reads ${AHEAD_KB / 1024} MB ahead`,
    values: amount.entries,
    aheadKb: AHEAD_KB,
  }
  const scenarios = canSetReadAhead() ? [COLD, many] : [COLD]
  const secrets = [{ size: '64KB', keys: amount.entries }] as const
  const upstream = await startUpstream({ kind: 'aws', tls: true, secrets })
  const turns = [
    ...schedule(contenders, [COLD], amount.coldRounds, random),
    ...schedule(contenders, scenarios.slice(1), amount.memoryRounds, random),
  ]
  const measured = await measureSeries(
    {
      group: 'sandbox',
      turns,
      upstream,
      measure: async (contender, scenario) => ({
        values: await startInSandbox(contender, scenario, context, upstream),
      }),
    },
    context,
  )
  // The groups that follow have the disk as usual.
  emptyPageCache([])
  const refused: Skipped[] = field.contenders.flatMap(({ name }) =>
    reason === undefined ? [] : [{ contender: name, reason }],
  )
  return {
    group: 'sandbox',
    method: `spawn to the first answer of /ping (a peer: of its probe), in a memory cgroup of ${LIMIT_MB} MiB beside Node ${FUNCTION_NODE} holding ${HELD_MB} MiB; ${howEmptied()} before each start; many values: from 10 connections, over TLS, in a cache of its own default size`,
    contenders: namesOf(contenders),
    scenarios: namesOf(scenarios),
    ...pairsOf(contenders),
    skipped: [...field.skipped, ...refused],
    ...measured,
  }
}

async function startInSandbox(
  contender: Contender,
  { values: keys = 0, aheadKb }: SandboxScenario,
  { port }: Pick<Context, 'port'>,
  { endpoint, caBundle }: Upstream,
): Promise<Record<string, number>> {
  const cgroup = createCgroup(LIMIT_MB * 2 ** 20)
  if (cgroup === undefined) throw new Unmeasurable('no memory cgroup can be made any more')
  emptyPageCache([contender], aheadKb)
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
      // Of a cold start alone: on such a disk it says little.
      if (keys === 0) values.pingMs = performance.now() - spawnedAt
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
      if (keys > 0) Object.assign(values, await readMany(running, contender, keys, port))
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

async function readMany(
  { pid, memory }: Running,
  { isExact }: Contender,
  keys: number,
  port: number,
): Promise<Record<string, number>> {
  let mostAnonMb = 0
  const look = setInterval(() => (mostAnonMb = Math.max(mostAnonMb, memory().anonMb)), LOOK_MS)
  const job = { port, serverPid: pid, isExact, size: '64KB', keys, connections: CONNECTIONS } as const
  try {
    const { elapsedMs } = await drive({ ...job, mode: 'each', warmup: 0, measureMs: 0 }, PATIENCE_MS)
    return { answeredMs: elapsedMs, mostAnonMb }
  } finally {
    clearInterval(look)
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
