import { setTimeout as sleep } from 'node:timers/promises'
import { secretName, target } from '../measuring/catalogue.ts'
import { type Contender, extensionField, pairsOf } from '../contenders/contenders.ts'
import type { Context } from '../measuring/context.ts'
import { launch, WHOLE_PROCESSOR_MB } from '../measuring/launch.ts'
import { cpuMs } from '../../tools/proc.ts'
import { limitProcessor } from '../measuring/quota.ts'
import { checkReply, fetchReply } from '../measuring/request.ts'
import { schedule } from '../measuring/schedule.ts'
import { measureSeries, namesOf } from '../measuring/series.ts'
import type { GroupResult } from '../storing/results.ts'
import { startUpstream, type Upstream } from '../upstream/upstream.ts'

// How long a small function waits for its first secret. INIT has a whole processor. After it a function of 128 MB has
// 7 % of one, so all that is left to do takes fourteen times as long. The function's own init is short here, as in
// Node.

const WANTED = target(secretName('100B', 0))
const FUNCTION_INIT_MS = 40

interface Situation {
  readonly name: string
  readonly memoryMb: number
  readonly share: number
  /** From the end of INIT to the question. */
  readonly laterMs: number
}

/** Lambda gives a function its share of a processor by its memory. */
function withMemory(memoryMb: number, laterMs = 0): Situation {
  const share = Math.min(1, memoryMb / WHOLE_PROCESSOR_MB)
  const processor =
    share === 1 ? 'a whole processor' : `${Math.round(share * 100)} % of a processor after INIT`
  const later = laterMs === 0 ? '' : `, asked ${laterMs} ms later`
  return { name: `${memoryMb.toLocaleString('en')} MB, ${processor}${later}`, memoryMb, share, laterMs }
}

const SITUATIONS: readonly Situation[] = [
  withMemory(128),
  withMemory(128, 150),
  withMemory(512),
  withMemory(WHOLE_PROCESSOR_MB),
]

export async function measureSmall(context: Context): Promise<GroupResult> {
  const { amount, random } = context
  // No peers: when they are done with their init is not known.
  const { contenders, skipped } = await extensionField({ ...context, peers: [] }, [24])
  const upstream = await startUpstream({ kind: 'aws', tls: true, secrets: [{ size: '100B', keys: 1 }] })
  const turns = schedule(contenders, SITUATIONS, amount.startRounds, random)
  const measured = await measureSeries(
    {
      group: 'small',
      turns,
      upstream,
      measure: async (contender, situation) => ({
        values: await start(contender, context, upstream, situation),
      }),
    },
    context,
  )
  return {
    group: 'small',
    method: `fresh process each; the function's own init takes ${FUNCTION_INIT_MS} ms; the share is kept by SIGSTOP in periods of 100 ms`,
    contenders: namesOf(contenders),
    scenarios: namesOf(SITUATIONS),
    ...pairsOf(contenders),
    skipped,
    ...measured,
  }
}

async function start(
  contender: Contender,
  { port }: Context,
  { endpoint, caBundle }: Upstream,
  { memoryMb, share, laterMs }: Situation,
): Promise<Record<string, number>> {
  const running = await launch(contender, {
    port,
    memoryMb,
    endpoint,
    caBundle,
    onRegistered: () => sleep(FUNCTION_INIT_MS),
  })
  const unlimited = share < 1 ? limitProcessor(running.pid, share) : undefined
  try {
    await sleep(laterMs)
    const cpuBeforeMs = cpuMs(running.pid)
    const requestedAt = performance.now()
    const reply = await fetchReply(port, WANTED.path)
    const answeredAt = performance.now()
    const cpuLaterSecretMs = cpuMs(running.pid) - cpuBeforeMs
    checkReply(reply, WANTED, contender.isExact)
    return {
      firstSecretMs: answeredAt - running.spawnedAt,
      laterSecretMs: answeredAt - requestedAt,
      cpuLaterSecretMs,
    }
  } finally {
    unlimited?.()
    await running.stop()
  }
}
