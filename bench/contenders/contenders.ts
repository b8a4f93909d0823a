import { resolve } from 'node:path'
import { type Build, bundle, compile, relocate, unbundled, unpackLayer } from './artefacts.ts'
import { NODE_MAJORS, type NodeMajor } from '../../layer/runtimes.ts'
import { type Found, node } from './runtimes.ts'
import type { GroupResult, Skipped } from '../storing/results.ts'

/** A server that can be started, and how it shows that it is ready. */
export interface Contender {
  readonly name: string
  readonly command: readonly string[]
  /** The file that a launcher executes, if the command names only the launcher. */
  readonly runtime?: string
  /**
   * `registered`: it speaks the Extensions API, and answers requests from then on. `invoked`: it speaks it, and may
   * answer only after the first INVOKE. `listening`: it prints that line. `probe`: it gets requests until it answers.
   */
  readonly ready: 'registered' | 'invoked' | 'listening' | 'probe'
  /** Whether its bodies are the original's, byte for byte. Of others only the value is compared, and that it stays. */
  readonly isExact: boolean
  /** A floor that serves no secret. */
  readonly holdsNoSecret?: true
  /** The contender that it is compared with. */
  readonly floor?: string
  /** The same of the other build, where one is measured against. */
  readonly before?: string
  readonly env?: Readonly<Record<string, string>>
  /** Where it is started; default `/`. */
  readonly cwd?: string
  /** For `probe`: this path instead of the connection alone. */
  readonly probe?: string
}

/** Who takes part. */
export interface Entries {
  /** Where the zips of this build are. */
  readonly dist: string
  /** Another build of this project. */
  readonly against?: Build | undefined
  /** Servers and extensions of others. */
  readonly peers: readonly Contender[]
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

export async function startField(entries: Entries): Promise<Field> {
  const field = new Gathering()
  const [bare, naive, loose] = await Promise.all([
    bundle('bench/start/bare.ts'),
    bundle('bench/start/naive.ts'),
    unbundled('bench/start/naive.ts'),
  ])
  const registers = { ready: 'registered', isExact: false } as const
  const floor = { ...registers, holdsNoSecret: true } as const
  for (const major of NODE_MAJORS) field.add({ ...floor, name: bareOn(major) }, [node(major), bare])
  const executable = compile(bare, 'start')
  field.add({ ...floor, name: bareOn(BUN) }, [executable])
  const asks = { ...registers, env: { BENCH_FLOOR: 'https' } }
  field.add({ ...asks, name: httpsOn(24), floor: bareOn(24) }, [node(24), bare])
  field.add({ ...asks, name: httpsOn(BUN), floor: bareOn(BUN) }, [executable])
  field.add({ ...registers, name: 'naive, Node 24', floor: bareOn(24) }, [node(24), naive])
  field.add({ ...registers, name: 'naive unbundled, Node 24', floor: bareOn(24) }, [node(24), loose])
  await addExtensions(field, entries, NODE_MAJORS, bareOn)
  return field
}

export async function hitField(entries: Entries): Promise<Field> {
  const field = await floorField()
  await addExtensions(field, entries, [24], bareOn)
  return field
}

/** The floors of a hit alone. */
export async function floorField(): Promise<Gathering> {
  const field = new Gathering()
  const floor = await bundle('bench/load/floor.ts')
  const listens = { ready: 'listening', isExact: true } as const
  field.add({ ...listens, name: 'net, Node 24', env: { BENCH_FLOOR: 'net' } }, [node(24), floor])
  field.add({ ...listens, name: bareOn(24) }, [node(24), floor])
  field.add({ ...listens, name: bareOn(BUN) }, [compile(floor, 'hits')])
  return field
}

/** For groups without floors: the nodejs layer on those Nodes, the executable, and the peers. */
export async function extensionField(entries: Entries, majors: readonly NodeMajor[]): Promise<Field> {
  const field = new Gathering()
  await addExtensions(field, entries, majors, undefined)
  return field
}

type FloorOf = (runtime: number | string) => string

/** This build and the other, in turn, and the peers behind them. */
async function addExtensions(
  field: Gathering,
  { dist, against, peers }: Entries,
  majors: readonly NodeMajor[],
  floorOf: FloorOf | undefined,
): Promise<void> {
  await addBuild(field, { name: '', dist }, majors, floorOf, against)
  if (against !== undefined) await addBuild(field, against, majors, floorOf)
  field.contenders.push(...peers)
}

async function addBuild(
  field: Gathering,
  build: Build,
  majors: readonly NodeMajor[],
  floorOf: FloorOf | undefined,
  against?: Build,
): Promise<void> {
  const of = (name: string, on: number | string) => ({
    ready: 'registered' as const,
    isExact: true,
    name: nameIn(build, name),
    ...(floorOf !== undefined && { floor: floorOf(on) }),
    ...(against !== undefined && { before: nameIn(against, name) }),
  })
  const layer = await unpackLayer(build, 'nodejs')
  for (const major of majors) {
    const found = node(major)
    const moved = relocate(layer, found, `${build.name}${major}`)
    const executes = 'path' in found && { runtime: found.path }
    field.add({ ...of(`nodejs layer, Node ${major}`, major), ...executes }, [moved])
  }
  field.add(of(EXECUTABLE, BUN), [await unpackLayer(build, HOST_LAYER)])
}

function nameIn(build: Build, name: string): string {
  return build.name === '' ? name : `${name}, ${build.name}`
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

/** `NAME=PATH`: an extension that registers by itself. When it begins to answer is not known. */
export function extensionOf(text: string): Contender {
  const [name, path] = pair(text, '--extension NAME=PATH')
  return { name, command: [resolve(path)], ready: 'invoked', isExact: false }
}

function pair(text: string, form: string): [string, string] {
  const at = text.indexOf('=')
  if (at < 1 || at === text.length - 1) throw new RangeError(`expected ${form}, got ${text}`)
  return [text.slice(0, at), text.slice(at + 1)]
}

/** For the contenders that have one, its floor, and its counterpart in the other build. */
export function pairsOf(contenders: readonly Contender[]): Pick<GroupResult, 'floors' | 'before'> {
  const named = (key: 'floor' | 'before') =>
    Object.fromEntries(
      contenders.flatMap(({ name, [key]: other }) => (other === undefined ? [] : [[name, other]])),
    )
  return { floors: named('floor'), before: named('before') }
}
