import { setTimeout as sleep } from 'node:timers/promises'
import { target, secretName } from '../measuring/catalogue.ts'
import { type Contender, floorsOf, startField } from '../contenders/contenders.ts'
import type { Context } from '../measuring/context.ts'
import { launch, type LaunchOptions, type Running } from '../measuring/launch.ts'
import { emptyPageCache, howEmptied } from '../measuring/page-cache.ts'
import { cpuMs, readMb } from '../measuring/process.ts'
import { checkReply, fetchReply } from '../measuring/request.ts'
import type { GroupResult, Sample } from '../storing/results.ts'
import { schedule } from '../measuring/schedule.ts'
import { startUpstream, type Upstream } from '../upstream/upstream.ts'

// From the spawn to the moments that a function waits for, on the clock of the emulated Lambda host. The first secret
// is asked for when Lambda would start the function's own code, and comes from AWS's emulator over TLS. A function whose
// own init takes a while, as in Python or Java, asks later, when whatever was left for after `next` can be done: then it
// waits for the request alone, and that is what is timed.

const WANTED = target(secretName('100B', 0))
const LATER_MS = 250
const LATER = `warm, secret asked ${LATER_MS} ms after registering`

export async function measureStart(context: Context): Promise<GroupResult> {
  const { amount, dist, peers, random } = context
  const field = await startField(dist, peers)
  const upstream = await startUpstream({ kind: 'aws', tls: true, secrets: [{ size: '100B', keys: 1 }] })
  const warm = schedule(field.contenders, ['warm', LATER], amount.startRounds, random)
  const cold = schedule(field.contenders, ['cold'], amount.coldRounds, random)
  const turns = [...warm, ...cold].filter(
    ({ scenario, contender }) => scenario !== LATER || contender.holdsNoSecret !== true,
  )
  const samples: Sample[] = []
  try {
    // One start of each that is not counted: what it needs is in the page cache from then on, and came there on demand.
    emptyPageCache(field.contenders)
    for (const contender of field.contenders) await start(contender, context, upstream)
    for (const { scenario, contender, round } of turns) {
      context.progress(`start, ${scenario}: ${contender.name}`, samples.length, turns.length)
      if (scenario === 'cold') emptyPageCache([contender])
      const measure = scenario === LATER ? startAndAskLater : start
      const values = await measure(contender, context, upstream)
      samples.push({ scenario, contender: contender.name, round, values })
    }
  } finally {
    await upstream.stop()
  }
  const method = `spawn to milestone by the emulated Lambda host, fresh process each; cold: ${howEmptied()} before each start`
  const contenders = field.contenders.map(({ name }) => name)
  const scenarios = ['warm', LATER, 'cold']
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

/** One start, from spawn to first secret. A floor that holds none stops at `next`. */
async function start(
  contender: Contender,
  { port }: Context,
  upstream: Upstream,
): Promise<Record<string, number>> {
  const values: Record<string, number> = {}
  const onRegistered = async (running: Running) => {
    values.cpuRegisteredMs = cpuMs(running.pid)
    if (contender.holdsNoSecret !== true) await firstSecret(contender, port, running, values)
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
    if (!Number.isNaN(listening.at)) values.listeningMs = listening.at - running.spawnedAt
    return { ...values, readMb: readMb(running.pid), ...running.memory() }
  } finally {
    await running.stop()
  }
}

/** One start that is left alone for a while, and the request after that. */
async function startAndAskLater(
  contender: Contender,
  { port }: Context,
  upstream: Upstream,
): Promise<Record<string, number>> {
  const values: Record<string, number> = {}
  const onRegistered = async ({ pid }: Running) => {
    await sleep(LATER_MS)
    const cpuBeforeMs = cpuMs(pid)
    const askedAt = performance.now()
    const reply = await fetchReply(port, WANTED.path)
    values.laterSecretMs = performance.now() - askedAt
    values.cpuFirstSecretMs = cpuMs(pid)
    values.cpuLaterSecretMs = values.cpuFirstSecretMs - cpuBeforeMs
    checkReply(reply, WANTED, contender.isExact)
  }
  const running = await launch(contender, { ...optionsOf(port, upstream), onRegistered })
  try {
    if (contender.ready === 'probe') await onRegistered(running)
    return { ...values, ...running.memory() }
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
