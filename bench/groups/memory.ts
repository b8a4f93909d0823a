import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Size } from '../measuring/catalogue.ts'
import { type Contender, extensionField, floorField, pairsOf } from '../contenders/contenders.ts'
import type { Amount, Context } from '../measuring/context.ts'
import { type LaunchOptions, launch } from '../measuring/launch.ts'
import { drive } from '../load/drive.ts'
import { node } from '../contenders/runtimes.ts'
import { pinned } from '../measuring/pinning.ts'
import { proportionalMb } from '../../tools/proc.ts'
import { emptyPageCache, howEmptied } from '../measuring/page-cache.ts'
import { schedule } from '../measuring/schedule.ts'
import { measureSeries, namesOf, uncounted } from '../measuring/series.ts'
import type { GroupResult } from '../storing/results.ts'
import { startUpstream } from '../upstream/upstream.ts'

// Memory, which is what a function shares with us: idle, as most functions use it, with a full cache, and after it has
// turned over a hundred times. The proportional share is what it adds beside a function on Node. Time plays no part, so
// the upstream checks no signatures; how the runtime's file came into the page cache does, so each is paged in on
// demand before anything is counted.

interface MemoryScenario {
  readonly name: string
  readonly size: Size
  /**
   * Secrets requested, part after part, with a look at the memory after each; those beyond the capacity are
   * evictions.
   */
  readonly parts: readonly number[]
  /** How often each is requested; default once. */
  readonly times?: number
  /** The function's memory, where it is a small one. */
  readonly memoryMb?: number
}

/** So many evictions take a minute or two. So one process does them all, and its memory is read after each part. */
const EVICTION_PARTS = 5
const CONNECTIONS = 10
const USUAL_SECRETS = 5
/** The function whose runtime is idle beside it: pages of one file are in memory once, as on Lambda. */
const FUNCTION = 'process.stdout.write("up"); setInterval(() => undefined, 1e9)'

export async function measureMemory(context: Context): Promise<GroupResult> {
  const { amount, random } = context
  const floors = await floorField()
  const bare = floors.contenders.filter(({ name }) => name.startsWith('bare '))
  const extensions = await extensionField(context, [22, 24, 26])
  const part = amount.evictions / EVICTION_PARTS
  const evictions: MemoryScenario = {
    name: `after ${amount.evictions.toLocaleString('en')} evictions, 100 B`,
    size: '100B',
    parts: [amount.entries + part, ...Array.from({ length: EVICTION_PARTS - 1 }, () => part)],
  }
  const small: MemoryScenario[] = [
    { ...evictions, name: `${evictions.name}, in a function of 128 MB`, memoryMb: 128 },
    {
      name: `${amount.entries.toLocaleString('en')} values of 64KB, in a function of 128 MB`,
      size: '64KB',
      parts: [amount.entries],
      memoryMb: 128,
    },
  ]
  const idle: MemoryScenario = { name: 'idle', size: '100B', parts: [0] }
  const usual: MemoryScenario = {
    name: `${USUAL_SECRETS} secrets of 1KB, ${amount.usualHits.toLocaleString('en')} hits`,
    size: '1KB',
    parts: [USUAL_SECRETS],
    times: 1 + amount.usualHits / USUAL_SECRETS,
  }
  const full: MemoryScenario[] = (['100B', '1KB', '10KB'] as const).map((size) => ({
    name: `${amount.entries.toLocaleString('en')} entries of ${size}`,
    size,
    parts: [amount.entries],
  }))
  const all = [...bare, ...extensions.contenders]
  const churning = extensions.contenders.filter(({ name }) => !/Node (22|26)/.test(name))
  const turns = [
    ...schedule(all, [idle], amount.memoryRounds, random),
    ...schedule(churning, [usual, ...full], amount.memoryRounds, random),
    ...schedule(churning, [evictions, ...small], 1, random),
  ]
  const upstream = await startUpstream({ kind: 'canned', tls: false, secrets: [] })
  const env = { PARAMETERS_SECRETS_EXTENSION_CACHE_SIZE: String(amount.entries) }
  const options = { port: context.port, endpoint: upstream.endpoint, env }
  const measured = await measureSeries(
    {
      group: 'memory',
      turns,
      upstream,
      async prepare() {
        emptyPageCache(all)
        for (const contender of all) await uncounted(fill(contender, idle, amount, options))
      },
      measure: async (contender, scenario) => ({ values: await fill(contender, scenario, amount, options) }),
    },
    context,
  )
  const method = `VmRSS, RssAnon, VmHWM and Pss of a fresh process beside an idle function on Node, ${amount.settleMs} ms after the last answer; ${howEmptied()}, then one start of each that is not counted; capacity ${amount.entries.toLocaleString('en')}`
  return {
    group: 'memory',
    method,
    contenders: namesOf(all),
    scenarios: namesOf([idle, usual, ...full, evictions, ...small]),
    ...pairsOf(all),
    skipped: extensions.skipped,
    ...measured,
  }
}

/** The memory after all parts, and the RSS after each of the earlier ones. */
async function fill(
  contender: Contender,
  { size, parts, times = 1, memoryMb }: MemoryScenario,
  { settleMs }: Amount,
  options: LaunchOptions,
): Promise<Record<string, number>> {
  const beside = startFunction(contender)
  await once(beside.stdout!, 'data')
  const running = await launch(contender, { ...options, memoryMb })
  const job = { port: options.port, serverPid: running.pid, isExact: contender.isExact, size } as const
  const load = { mode: 'each', connections: CONNECTIONS, warmup: 0, measureMs: 0 } as const
  const values: Record<string, number> = {}
  let fromKey = 0
  try {
    for (const [index, keys] of parts.entries()) {
      if (keys > 0) await drive({ ...job, ...load, fromKey, keys, times })
      fromKey += keys
      await sleep(settleMs)
      const percent = ((index + 1) * 100) / parts.length
      if (percent < 100) values[`rssAt${percent}Mb`] = running.memory().rssMb
    }
    return { ...values, ...running.memory(), shareMb: proportionalMb(running.pid) }
  } finally {
    await running.stop()
    beside.kill('SIGKILL')
  }
}

/** On the Node that the contender runs on, or on Node 24 beside an executable. Writes a line when it runs. */
function startFunction({ command: [file = ''], runtime = file }: Contender): ChildProcess {
  const other = node(24)
  const path = basename(runtime) === 'node' || 'reason' in other ? runtime : other.path
  const [program = '', ...args] = pinned([path, '--eval', FUNCTION])
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  child.once('exit', () => process.off('exit', kill))
  return child
}
