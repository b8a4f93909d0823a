import { execFileSync } from 'node:child_process'
import { accessSync, constants, writeFileSync } from 'node:fs'
import { target, secretName } from '../catalogue.ts'
import { type Contender, floorsOf, startField } from '../contenders.ts'
import type { Context } from '../context.ts'
import { launch, type LaunchOptions, type Running } from '../launch.ts'
import { cpuMs } from '../process.ts'
import { checkReply, fetchReply } from '../request.ts'
import type { GroupResult, Sample } from '../results.ts'
import { schedule } from '../schedule.ts'
import { startUpstream, type Upstream } from '../upstream/upstream.ts'

// From the spawn to the moments that a function waits for, on the clock of the emulated Lambda host. The first secret
// is asked for when Lambda would start the function's own code, and comes from AWS's emulator over TLS.

const DROP_CACHES = '/proc/sys/vm/drop_caches'
const WANTED = target(secretName('100B', 0))

export async function measureStart(context: Context): Promise<GroupResult> {
  const { amount, dist, peers, random } = context
  const field = await startField(dist, peers)
  const upstream = await startUpstream({ kind: 'aws', tls: true, secrets: [{ size: '100B', keys: 1 }] })
  const cold = schedule(field.contenders, ['cold'], amount.coldRounds, random)
  const turns = [...schedule(field.contenders, ['warm'], amount.startRounds, random), ...cold]
  const samples: Sample[] = []
  try {
    // One start of each that is not counted: the page cache is warm from then on.
    for (const contender of field.contenders) await start(contender, context, upstream)
    for (const { scenario, contender, round } of turns) {
      context.progress(`start, ${scenario}: ${contender.name}`, samples.length, turns.length)
      if (scenario === 'cold') emptyPageCache(contender.command)
      const values = await start(contender, context, upstream)
      samples.push({ scenario, contender: contender.name, round, values })
    }
  } finally {
    await upstream.stop()
  }
  const method = `spawn to milestone by the emulated Lambda host, fresh process each; cold: ${howCold()}`
  const contenders = field.contenders.map(({ name }) => name)
  const scenarios = ['warm', 'cold']
  return {
    group: 'start',
    method,
    contenders,
    scenarios,
    floors: floorsOf(field),
    skipped: field.skipped,
    samples,
  }
}

/** One start, from spawn to first secret. Floors hold no secret and stop at `next`. */
async function start(
  contender: Contender,
  { port }: Context,
  upstream: Upstream,
): Promise<Record<string, number>> {
  const values: Record<string, number> = {}
  const isFloor = contender.name.startsWith('bare ')
  const onRegistered = async (running: Running) => {
    values.cpuRegisteredMs = cpuMs(running.pid)
    if (!isFloor) await firstSecret(contender, port, running, values)
  }
  const listening = { at: Number.NaN }
  const running = await launch(contender, {
    ...optionsOf(port, upstream),
    onRegistered,
    onListening: (at) => (listening.at = at),
  })
  try {
    if (contender.ready === 'probe') await firstSecret(contender, port, running, values)
    else {
      const [times] = (await running.host.initialized()).extensions
      values.registeredMs = times?.registeredAt ?? Number.NaN
      values.nextMs = times?.readyAt ?? Number.NaN
    }
    if (isFloor) values.listeningMs = listening.at - running.spawnedAt
    const { rssMb, peakRssMb } = running.memory()
    return { ...values, rssMb, peakRssMb }
  } finally {
    await running.stop()
  }
}

function optionsOf(port: number, { endpoint, caBundle }: Upstream): LaunchOptions {
  return { port, endpoint, ...(caBundle !== undefined && { caBundle }) }
}

async function firstSecret(
  { isExact }: Contender,
  port: number,
  running: Running,
  values: Record<string, number>,
): Promise<void> {
  const reply = await fetchReply(port, WANTED.path)
  values.firstSecretMs = performance.now() - running.spawnedAt
  values.cpuFirstSecretMs = cpuMs(running.pid)
  checkReply(reply, WANTED, isExact)
}

function emptyPageCache(command: readonly string[]): void {
  if (canDropAll()) {
    execFileSync('sync')
    writeFileSync(DROP_CACHES, '1')
    return
  }
  for (const file of command.filter((part) => part.startsWith('/'))) {
    execFileSync('dd', [`if=${file}`, 'iflag=nocache', 'count=0', 'status=none'])
  }
}

function canDropAll(): boolean {
  try {
    accessSync(DROP_CACHES, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** What the harness itself has mapped, the C library above all, stays in memory. */
function howCold(): string {
  return canDropAll()
    ? 'page cache dropped before each start'
    : 'the files of the contender dropped from the page cache (dd iflag=nocache)'
}
