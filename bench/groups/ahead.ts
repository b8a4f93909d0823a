import { Agent, get } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { median } from 'simple-statistics'
import { type Contender, extensionField, pairsOf } from '../contenders/contenders.ts'
import { REQUEST_HEADERS, secretName, target } from '../measuring/catalogue.ts'
import type { Context } from '../measuring/context.ts'
import { launch } from '../measuring/launch.ts'
import { checkReply, fetchReply } from '../measuring/request.ts'
import { schedule, type Turn } from '../measuring/schedule.ts'
import { measureSeries, namesOf } from '../measuring/series.ts'
import type { GroupResult } from '../storing/results.ts'
import { startUpstream, type Upstream } from '../upstream/upstream.ts'

// What a function gains that never waits for AWS: its first secret when that is prefetched, what a prefetch adds to
// INIT, and how many of its reads wait at the end of a time to live, with and without a refresh ahead. AWS takes as
// long as it does from the same region.

const UPSTREAM_MS = 10
const WANTED = target(secretName('100B', 0))
const MOST_NAMES = 10
const TTL_SECONDS = 1
const TTLS = 3

interface Situation {
  readonly name: string
  measure(contender: Contender, context: Context, upstream: Upstream): Promise<Record<string, number>>
}

const ASKED: readonly Situation[] = [0, 50, 250].map((laterMs) => ({
  name: `first secret, asked ${laterMs} ms after registering`,
  measure: (contender, context, upstream) => firstSecret(contender, context, upstream, laterMs),
}))
const INIT: Situation = { name: `INIT, AWS takes ${UPSTREAM_MS} ms`, measure: init }

export async function measureAhead(context: Context): Promise<GroupResult> {
  const { amount, random } = context
  // No peers: each would need its own settings.
  const { contenders, skipped } = await extensionField({ ...context, peers: [] }, [24])
  const upstream = await startUpstream({
    kind: 'aws',
    tls: true,
    secrets: [{ size: '100B', keys: MOST_NAMES }],
  })
  const one = contenders.map((plain) => prefetching(plain, 1))
  const ten = contenders.map((plain) => prefetching(plain, MOST_NAMES))
  const batch = contenders.map((plain) => prefetching(plain, MOST_NAMES, true))
  const ahead = contenders.map(refreshingAhead)
  const all = [...contenders, ...one, ...ten, ...batch, ...ahead]
  const reads: Situation = { name: readsName(amount.aheadReads), measure: readsOver }
  const turns: Turn<Contender, Situation>[] = [
    ...schedule([...contenders, ...one], ASKED, amount.coldRounds, random),
    ...schedule([...contenders, ...one, ...ten, ...batch], [INIT], amount.startRounds, random),
    ...schedule([...contenders, ...ahead], [reads], amount.missRounds, random),
  ]
  const measured = await measureSeries(
    {
      group: 'ahead',
      turns,
      upstream,
      prepare: () => upstream.delay(UPSTREAM_MS),
      measure: async (contender, situation) => ({
        values: await situation.measure(contender, context, upstream),
      }),
    },
    context,
  )
  return {
    group: 'ahead',
    method: `fresh process each; AWS takes ${UPSTREAM_MS} ms; each request on a connection of its own but for the reads, which keep one`,
    contenders: namesOf(all),
    scenarios: namesOf([...ASKED, INIT, reads]),
    ...pairsOf(all),
    skipped,
    ...measured,
  }
}

function readsName(reads: number): string {
  return `${reads.toLocaleString('en')} reads over ${TTLS} times to live of ${TTL_SECONDS} s`
}

function prefetching(plain: Contender, names: number, isBatch = false): Contender {
  const list = Array.from({ length: names }, (_, i) => secretName('100B', i)).join()
  const env = {
    ...plain.env,
    PARAMETERS_SECRETS_EXTENSION_PREFETCH_SECRETS: list,
    PARAMETERS_SECRETS_EXTENSION_PREFETCH_BATCH: String(isBatch),
  }
  const what = names === 1 ? 'its secret' : `${names} secrets${isBatch ? ' in one call' : ''}`
  return variant(plain, env, `prefetches ${what}`)
}

function refreshingAhead(plain: Contender): Contender {
  const env = { ...plain.env, PARAMETERS_SECRETS_EXTENSION_REFRESH_AHEAD_PERCENT: '50' }
  return variant(plain, env, 'refreshes ahead')
}

function variant(plain: Contender, env: Contender['env'], does: string): Contender {
  const { name, before } = plain
  const counterpart = before === undefined ? {} : { before: `${before}, ${does}` }
  return { ...plain, ...counterpart, env: env ?? {}, floor: name, name: `${name}, ${does}` }
}

/** How long a request takes, and a hit after the same pause. */
async function firstSecret(
  contender: Contender,
  { port }: Context,
  { endpoint, caBundle }: Upstream,
  laterMs: number,
): Promise<Record<string, number>> {
  const ask = async () => {
    await sleep(laterMs)
    const requestedAt = performance.now()
    const reply = await fetchReply(port, WANTED.path)
    const tookMs = performance.now() - requestedAt
    checkReply(reply, WANTED, contender.isExact)
    return tookMs
  }
  const values: Record<string, number> = {}
  const onRegistered = async () => {
    const laterSecretMs = await ask()
    const pausedHitMs = median([await ask(), await ask(), await ask()])
    Object.assign(values, { laterSecretMs, pausedHitMs, timesAHit: laterSecretMs / pausedHitMs })
  }
  const running = await launch(contender, { port, endpoint, caBundle, onRegistered })
  await running.stop()
  return values
}

async function init(
  contender: Contender,
  { port }: Context,
  { endpoint, caBundle }: Upstream,
): Promise<Record<string, number>> {
  const running = await launch(contender, { port, endpoint, caBundle })
  try {
    const [times] = (await running.host.initialized()).extensions
    return { registeredMs: times?.registeredAt ?? Number.NaN, nextMs: times?.readyAt ?? Number.NaN }
  } finally {
    await running.stop()
  }
}

/** Reads at equal distances, one after the other; those whose answer was no hit have waited for AWS. */
async function readsOver(
  contender: Contender,
  { port, amount }: Context,
  upstream: Upstream,
): Promise<Record<string, number>> {
  const { endpoint, caBundle } = upstream
  const env = { SECRETS_MANAGER_TTL: String(TTL_SECONDS) }
  const running = await launch(contender, { port, endpoint, caBundle, env })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  try {
    await isHit(port, agent)
    await upstream.reset()
    const startedAt = performance.now()
    const distanceMs = (TTLS * TTL_SECONDS * 1000) / amount.aheadReads
    let waited = 0
    for (let i = 0; i < amount.aheadReads; i++) {
      const earlyMs = startedAt + i * distanceMs - performance.now()
      if (earlyMs > 1) await sleep(earlyMs)
      if (!(await isHit(port, agent))) waited++
    }
    return {
      waitedPercent: (100 * waited) / amount.aheadReads,
      waitedReads: waited,
      upstreamCalls: await upstream.calls(),
    }
  } finally {
    agent.destroy()
    await running.stop()
  }
}

/** Rejects for any answer but a 200 that says whether it was one. */
function isHit(port: number, agent: Agent): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const headers = { ...REQUEST_HEADERS, Host: `localhost:${port}` }
    const call = get({ host: '127.0.0.1', port, path: WANTED.path, headers, agent }, (response) => {
      response.resume().on('error', reject)
      const cache = response.headers['x-cache']
      response.on('end', () => {
        if (response.statusCode === 200 && cache !== undefined) resolve(cache === 'HIT')
        else reject(new Error(`a read was answered with ${response.statusCode}`))
      })
    })
    call.on('error', reject)
  })
}
