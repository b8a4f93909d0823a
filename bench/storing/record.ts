import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { canPin } from '../measuring/pinning.ts'
import { NODE_MAJORS } from '../../layer/runtimes.ts'
import { bun, node, qemu, ROOT, versionOf } from '../contenders/runtimes.ts'

/** What a reader needs to repeat the run, and to judge its figures. */
export interface Meta {
  /** ISO 8601. */
  readonly startedAt: string
  readonly commit: string
  /** Whether files differed from the commit, untracked ones included. What a run itself writes does not count. */
  readonly dirty: boolean
  /** `lambda` where both were measured there. */
  readonly arch: string
  /** Where, if not on this machine. */
  readonly place?: string
  /** Under qemu-user: only ratios between emulated rows mean anything. */
  readonly emulated: boolean
  readonly quick: boolean
  readonly command: string
  /** The other build that was measured in the same run. */
  readonly against?: string
  readonly seed: number
  readonly cpu: string
  readonly cores: number
  readonly memoryMb: number
  readonly kernel: string
  /** Of one minute, five and fifteen, before the run. */
  readonly loadAverage: readonly number[]
  readonly pinning: string
  readonly runtimes: Readonly<Record<string, string>>
  readonly artefacts: Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>
}

export interface MetaOptions {
  readonly dist: string
  readonly seed: number
  readonly quick: boolean
  readonly emulated: boolean
  readonly command: string
  readonly against?: string
}

const ARTEFACTS = [
  'extension.cjs',
  'parameters-secrets-nodejs.zip',
  'parameters-secrets-x86_64.zip',
  'parameters-secrets-arm64.zip',
]

/** By a run itself: bench/report/write.ts. */
const WRITTEN = ['results', 'README.md', 'docs', 'layer/README.md', 'layer/sizes.json']

export function recordMeta({ dist, ...given }: MetaOptions): Meta {
  return {
    ...given,
    startedAt: new Date().toISOString(),
    commit: git('rev-parse', 'HEAD'),
    dirty: git('status', '--porcelain', '--', '.', ...WRITTEN.map((path) => `:!${path}`)) !== '',
    arch: process.arch === 'x64' ? 'x86_64' : process.arch,
    cpu: cpuModel(),
    cores: availableParallelism(),
    memoryMb: Math.round(totalmem() / 1e6),
    kernel: release(),
    loadAverage: loadavg().map((load) => Math.round(load * 100) / 100),
    pinning: canPin ? 'server on core 0, all else on core 1' : 'none',
    runtimes: runtimes(),
    artefacts: artefacts(dist),
  }
}

/** `<date>-<sha7>-<arch>`, and `-emulated` where it was. */
export function folderName({ startedAt, commit, arch, emulated }: Meta): string {
  return `${startedAt.slice(0, 10)}-${commit.slice(0, 7)}-${arch}${emulated ? '-emulated' : ''}`
}

function git(...args: string[]): string {
  try {
    return execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim()
  } catch {
    return 'unknown'
  }
}

/** arm64 kernels name no model. */
function cpuModel(): string {
  const model = cpus()[0]?.model ?? ''
  if (model !== '' && model !== 'unknown') return model
  const implementer = /CPU part\s*:\s*(\S+)/.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]
  return `arm64 part ${implementer ?? 'unknown'}`
}

function runtimes(): Record<string, string> {
  const versions: [string, string | undefined][] = [
    ['harness', process.version],
    ...NODE_MAJORS.map((major): [string, string | undefined] => [`Node ${major}`, versionOf(node(major))]),
    ['Bun', versionOf(bun())],
    ['qemu x86_64', versionOf(qemu('x64'))],
    ['qemu arm64', versionOf(qemu('arm64'))],
  ]
  return Object.fromEntries(versions.filter((entry): entry is [string, string] => entry[1] !== undefined))
}

function artefacts(dist: string): Meta['artefacts'] {
  const present = ARTEFACTS.filter((name) => existsSync(join(dist, name)))
  return Object.fromEntries(
    present.map((name) => {
      const contents = readFileSync(join(dist, name))
      return [name, { bytes: contents.length, sha256: createHash('sha256').update(contents).digest('hex') }]
    }),
  )
}
