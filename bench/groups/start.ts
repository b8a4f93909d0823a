import { setTimeout as sleep } from 'node:timers/promises'
import { target, secretName } from '../measuring/catalogue.ts'
import { type Contender, pairsOf, startField } from '../contenders/contenders.ts'
import type { Context } from '../measuring/context.ts'
import { launch, type Running } from '../measuring/launch.ts'
import { emptyPageCache, howEmptied } from '../measuring/page-cache.ts'
import { cpuMs, readMb } from '../../tools/proc.ts'
import { checkReply, fetchReply } from '../measuring/request.ts'
import { schedule } from '../measuring/schedule.ts'
import { measureSeries, namesOf, uncounted } from '../measuring/series.ts'
import type { GroupResult } from '../storing/results.ts'
import { startUpstream, type Upstream } from '../upstream/upstream.ts'

// From the spawn to the moments that a function waits for, on the clock of the emulated Lambda host. The first secret
// is requested when Lambda would start the function's own code, and comes from AWS's emulator over TLS. A function
// whose own init takes a while, as in Python or Java, asks later, when the work that follows `next` can be done. Then
// it waits for the request only, and that is what is timed.

const WANTED = target(secretName('100B', 0))
const LATER_MS = 250
const WARM = { name: 'warm' }
const LATER = { name: `warm, secret asked ${LATER_MS} ms after registering` }
const COLD = { name: 'cold' }

export async function measureStart(context: Context): Promise<GroupResult> {
  const { amount, random } = context
  const field = await startField(context)
  const upstream = await startUpstream({ kind: 'aws', tls: true, secrets: [{ size: '100B', keys: 1 }] })
  const warm = schedule(field.contenders, [WARM, LATER], amount.startRounds, random)
  const cold = schedule(field.contenders, [COLD], amount.coldRounds, random)
  const turns = [...warm, ...cold].filter(
    ({ scenario, contender }) => scenario !== LATER || contender.holdsNoSecret !== true,
  )
  const measured = await measureSeries(
    {
      group: 'start',
      turns,
      upstream,
      // One start of each: what it needs is in the page cache from then on, and came there on demand.
      async prepare() {
        emptyPageCache(field.contenders)
        for (const contender of field.contenders) await uncounted(start(contender, context, upstream))
      },
      async measure(contender, scenario) {
        if (scenario === COLD) emptyPageCache([contender])
        const run = scenario === LATER ? startAndAskLater : start
        return { values: await run(contender, context, upstream) }
      },
    },
    context,
  )
  const method = `spawn to milestone by the emulated Lambda host, fresh process each; cold: ${howEmptied()} before each start`
  return {
    group: 'start',
    method,
    contenders: namesOf(field.contenders),
    scenarios: namesOf([WARM, LATER, COLD]),
    ...pairsOf(field.contenders),
    skipped: field.skipped,
    ...measured,
  }
}

/** One start, from spawn to first secret. A floor that holds none stops at `next`. */
async function start(
  contender: Contender,
  { port }: Context,
  { endpoint, caBundle }: Upstream,
): Promise<Record<string, number>> {
  const values: Record<string, number> = {}
  const onRegistered = async (running: Running) => {
    if (contender.ready === 'registered') values.cpuRegisteredMs = cpuMs(running.pid)
    if (contender.holdsNoSecret !== true) await firstSecret(contender, port, running, values)
  }
  const listening = { at: Number.NaN }
  const running = await launch(contender, {
    port,
    endpoint,
    caBundle,
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
  { endpoint, caBundle }: Upstream,
): Promise<Record<string, number>> {
  const values: Record<string, number> = {}
  const onRegistered = async ({ pid }: Running) => {
    await sleep(LATER_MS)
    const cpuBeforeMs = cpuMs(pid)
    const requestedAt = performance.now()
    const reply = await fetchReply(port, WANTED.path)
    values.laterSecretMs = performance.now() - requestedAt
    values.cpuFirstSecretMs = cpuMs(pid)
    values.cpuLaterSecretMs = values.cpuFirstSecretMs - cpuBeforeMs
    checkReply(reply, WANTED, contender.isExact)
  }
  const running = await launch(contender, { port, endpoint, caBundle, onRegistered })
  try {
    if (contender.ready === 'probe') await onRegistered(running)
    return { ...values, ...running.memory() }
  } finally {
    await running.stop()
  }
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
