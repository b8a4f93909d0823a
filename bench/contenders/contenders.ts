import { bundle, compile, relocate, unbundled, unpackLayer } from './artefacts.ts'
import { NODE_MAJORS, type NodeMajor } from '../../layer/runtimes.ts'
import { type Found, installNode } from './runtimes.ts'
import type { Skipped } from '../storing/results.ts'

/** A server that can be started, and how it shows that it is ready. */
export interface Contender {
  readonly name: string
  readonly command: readonly string[]
  /** The file that a launcher executes, if the command names only the launcher. */
  readonly runtime?: string
  /**
   * `registered`: it speaks the Extensions API. `listening`: it prints that line. `probe`: it is asked until it
   * answers.
   */
  readonly ready: 'registered' | 'listening' | 'probe'
  /** Whether its bodies are the original's, byte for byte. Of others only the value is compared, and that it stays. */
  readonly isExact: boolean
  /** A floor that cannot be asked for a secret. */
  readonly holdsNoSecret?: true
  /** The contender that it is compared with. */
  readonly floor?: string
  readonly env?: Readonly<Record<string, string>>
  /** Where it is started; default `/`. */
  readonly cwd?: string
  /** For `probe`: this path instead of the connection alone. */
  readonly probe?: string
}

export interface Field {
  readonly contenders: readonly Contender[]
  readonly skipped: readonly Skipped[]
}

const BUN = 'Bun'
const EXECUTABLE = 'executable (Bun)'
const HOST_LAYER = process.arch === 'arm64' ? 'arm64' : 'x86_64'

/** Collects the contenders that can run, and the reason for each that cannot. */
class Gathering implements Field {
  readonly contenders: Contender[] = []
  readonly skipped: Skipped[] = []

  add(contender: Omit<Contender, 'command'>, found: readonly Found[]): void {
    const missing = found.find((one) => 'reason' in one)
    if (missing !== undefined) this.skipped.push({ contender: contender.name, reason: missing.reason })
    else this.contenders.push({ ...contender, command: found.map((one) => ('path' in one ? one.path : '')) })
  }
}

export async function startField(dist: string, peers: readonly Contender[]): Promise<Field> {
  const field = new Gathering()
  const [bare, naive, loose] = await Promise.all([
    bundle('bench/start/bare.ts'),
    bundle('bench/start/naive.ts'),
    unbundled('bench/start/naive.ts'),
  ])
  const registers = { ready: 'registered', isExact: false } as const
  const floor = { ...registers, holdsNoSecret: true } as const
  for (const major of NODE_MAJORS) field.add({ ...floor, name: bareOn(major) }, [runtime(major), bare])
  const executable = compile(bare, 'start')
  field.add({ ...floor, name: bareOn(BUN) }, [executable])
  const asks = { ...registers, env: { BENCH_FLOOR: 'https' } }
  field.add({ ...asks, name: httpsOn(24), floor: bareOn(24) }, [runtime(24), bare])
  field.add({ ...asks, name: httpsOn(BUN), floor: bareOn(BUN) }, [executable])
  field.add({ ...registers, name: 'naive, Node 24', floor: bareOn(24) }, [runtime(24), naive])
  field.add({ ...registers, name: 'naive unbundled, Node 24', floor: bareOn(24) }, [runtime(24), loose])
  await addExtensions(field, dist, NODE_MAJORS, bareOn)
  field.contenders.push(...peers)
  return field
}

export async function hitField(dist: string, peers: readonly Contender[]): Promise<Field> {
  const field = new Gathering()
  const floor = await bundle('bench/load/floor.ts')
  const listens = { ready: 'listening', isExact: true } as const
  field.add({ ...listens, name: 'net, Node 24', env: { BENCH_FLOOR: 'net' } }, [runtime(24), floor])
  field.add({ ...listens, name: bareOn(24) }, [runtime(24), floor])
  field.add({ ...listens, name: bareOn(BUN) }, [compile(floor, 'hits')])
  await addExtensions(field, dist, [24], bareOn)
  field.contenders.push(...peers)
  return field
}

/** For groups without floors: the nodejs layer on those Nodes, the executable, and the peers. */
export async function extensionField(
  dist: string,
  majors: readonly NodeMajor[],
  peers: readonly Contender[],
): Promise<Field> {
  const field = new Gathering()
  await addExtensions(field, dist, majors, undefined)
  field.contenders.push(...peers)
  return field
}

async function addExtensions(
  field: Gathering,
  dist: string,
  majors: readonly NodeMajor[],
  floorOf: ((runtime: number | string) => string) | undefined,
): Promise<void> {
  const registers = { ready: 'registered', isExact: true } as const
  const floor = (of: number | string) => (floorOf === undefined ? {} : { floor: floorOf(of) })
  const layer = await unpackLayer(dist, 'nodejs')
  for (const major of majors) {
    const found = runtime(major)
    const moved = relocate(layer, found, String(major))
    const executes = 'path' in found && { runtime: found.path }
    field.add({ ...registers, name: `nodejs layer, Node ${major}`, ...executes, ...floor(major) }, [moved])
  }
  field.add({ ...registers, name: EXECUTABLE, ...floor(BUN) }, [await unpackLayer(dist, HOST_LAYER)])
}

function runtime(major: NodeMajor): Found {
  return installNode(major, process.arch)
}

function bareOn(of: number | string): string {
  return `bare node:http, ${typeof of === 'number' ? `Node ${of}` : of}`
}

function httpsOn(of: number | string): string {
  return bareOn(of).replace('http', 'https')
}

/** `NAME=COMMAND`, with `NAME=/path` among the probes where a connection is not enough to be ready. */
export function peerOf(text: string, probes: readonly string[]): Contender {
  const [name, command] = pair(text, '--peer NAME=COMMAND')
  const probe = probes.map((one) => pair(one, '--probe NAME=/PATH')).find(([of]) => of === name)?.[1]
  const shell = ['/bin/sh', '-c', `exec ${command}`]
  const readiness = { ready: 'probe', ...(probe !== undefined && { probe }) } as const
  return { name, command: shell, ...readiness, isExact: false, cwd: process.cwd() }
}

function pair(text: string, form: string): [string, string] {
  const at = text.indexOf('=')
  if (at < 1 || at === text.length - 1) throw new RangeError(`expected ${form}, got ${text}`)
  return [text.slice(0, at), text.slice(at + 1)]
}

export function floorsOf({ contenders }: Field): Record<string, string> {
  const pairs = contenders.flatMap(({ name, floor }) => (floor === undefined ? [] : [[name, floor]]))
  return Object.fromEntries(pairs) as Record<string, string>
}
