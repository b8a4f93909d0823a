import { unpackLayer } from '../contenders/artefacts.ts'
import { type Contender, pairsOf } from '../contenders/contenders.ts'
import type { Context } from '../measuring/context.ts'
import { launch } from '../measuring/launch.ts'
import { drive } from '../load/drive.ts'
import { cpuMs } from '../../tools/proc.ts'
import { target, secretName } from '../measuring/catalogue.ts'
import { checkReply, fetchReply } from '../measuring/request.ts'
import { type Found, found, node, qemu } from '../contenders/runtimes.ts'
import { schedule } from '../measuring/schedule.ts'
import { measureSeries, namesOf, type Measured } from '../measuring/series.ts'
import type { GroupResult, Skipped } from '../storing/results.ts'
import { startUpstream, type Upstream } from '../upstream/upstream.ts'
import { figures } from './hit.ts'

// Both processors under the same emulator on one machine. Only the ratio of their CPU times means something, and no
// figure of it may be compared with one that was measured without qemu.

type Arch = 'x64' | 'arm64'

/** The other processor's libraries are where Debian's cross packages put them. */
const SYSROOT: Record<Arch, string> = {
  x64: process.arch === 'x64' ? '/' : '/usr/x86_64-linux-gnu',
  arm64: process.arch === 'arm64' ? '/' : '/usr/aarch64-linux-gnu',
}
/** Node links it, Bun's executables do not. */
const CXX_PACKAGE: Record<Arch, string> = { x64: 'libstdc++6-amd64-cross', arm64: 'libstdc++6-arm64-cross' }
const LAYER: Record<Arch, 'x86_64' | 'arm64'> = { x64: 'x86_64', arm64: 'arm64' }
const WANTED = target(secretName('100B', 0))
const START = { name: 'emulated start' }
const HIT = { name: 'emulated hit, c1, 100 B' }
const HIT_MS = 3_000
const WARMUP_MS = 4_000

export async function measureEmulated(context: Context): Promise<GroupResult> {
  const { amount, dist, random } = context
  const { contenders, skipped } = await field(dist)
  const upstream = await startUpstream({ kind: 'aws', tls: false, secrets: [{ size: '100B', keys: 1 }] })
  const turns = schedule(contenders, [START, HIT], amount.emulatedRounds, random)
  const measured = await measureSeries(
    {
      group: 'emulated',
      turns,
      upstream,
      measure: (contender, scenario) => (scenario === START ? start : hit)(contender, context, upstream),
    },
    context,
  )
  const method =
    'EMULATED: x86_64 and arm64 both under qemu-user on this machine; compare CPU between the two, nothing else; the nodejs layer without its sh launcher'
  return {
    group: 'emulated',
    method,
    contenders: namesOf(contenders),
    scenarios: namesOf([START, HIT]),
    ...pairsOf(contenders),
    skipped,
    ...measured,
  }
}

async function field(dist: string): Promise<{ contenders: Contender[]; skipped: Skipped[] }> {
  const contenders: Contender[] = []
  const skipped: Skipped[] = []
  const build = { name: '', dist }
  const layer = await unpackLayer(build, 'nodejs')
  for (const arch of ['x64', 'arm64'] as const) {
    const emulator = qemu(arch)
    add(`executable, emulated ${LAYER[arch]}`, [emulator, await unpackLayer(build, LAYER[arch])], arch)
    const cxx = arch === process.arch ? SYSROOT[arch] : `${SYSROOT[arch]}/lib/libstdc++.so.6`
    const libraries = found(cxx, `no C++ library for ${arch}: apt-get install ${CXX_PACKAGE[arch]}`)
    const runtime = 'reason' in libraries ? libraries : node(24, LAYER[arch])
    add(`nodejs layer on Node 24, emulated ${LAYER[arch]}`, [emulator, runtime, layer], arch)
  }
  return { contenders, skipped }

  function add(name: string, parts: readonly Found[], arch: Arch): void {
    const missing = parts.find((one) => 'reason' in one)
    if (missing !== undefined) return void skipped.push({ contender: name, reason: missing.reason })
    const [emulator = '', ...rest] = parts.map((one) => ('path' in one ? one.path : ''))
    const command = [emulator, '-L', SYSROOT[arch], ...rest]
    const floor = name.replace(LAYER.arm64, LAYER.x64)
    contenders.push({ name, command, ready: 'registered', isExact: true, ...(arch === 'arm64' && { floor }) })
  }
}

async function start(contender: Contender, { port }: Context, upstream: Upstream): Promise<Measured> {
  const values: Record<string, number> = {}
  const running = await launch(contender, {
    port,
    endpoint: upstream.endpoint,
    onRegistered: async ({ pid }) => {
      values.cpuRegisteredMs = cpuMs(pid)
      checkReply(await fetchReply(port, WANTED.path), WANTED, true)
      values.cpuFirstSecretMs = cpuMs(pid)
    },
  })
  try {
    const [times] = (await running.host.initialized()).extensions
    return { values: { ...values, registeredMs: times?.registeredAt ?? Number.NaN } }
  } finally {
    await running.stop()
  }
}

async function hit(
  contender: Contender,
  { port, amount }: Context,
  { endpoint }: Upstream,
): Promise<Measured> {
  const running = await launch(contender, { port, endpoint })
  try {
    const scale = amount.hitMs / 1_000
    const times = { warmup: WARMUP_MS * scale, measureMs: HIT_MS * scale }
    const load = { connections: 1, mode: 'keep', size: '100B', keys: 1, isExact: true, ...times } as const
    const outcome = await drive({ port, serverPid: running.pid, ...load })
    return { values: figures(outcome), latency: outcome.latency }
  } finally {
    await running.stop()
  }
}
