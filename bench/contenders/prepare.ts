import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { ARCHITECTURES, NODE_MAJORS } from '../../layer/runtimes.ts'
import type { Build } from './artefacts.ts'
import { bun, node, ROOT } from './runtimes.ts'

// What has to be there before anything is measured: the pinned runtimes, the layers of this checkout, and those of the
// build that it is measured against.

const LAYER_ZIPS = ['nodejs', 'x86_64', 'arm64'].map((kind) => `parameters-secrets-${kind}.zip`)
const RUNTIMES = 'layer/runtimes'
/** Of the packages that `npm ci --prefix layer/runtimes` downloads, rounded up. */
const RUNTIMES_SIZE = '430 MB to download, 1.4 GB on the disk'
const BUILDS = `${ROOT}/dist/bench/builds`

/** Throws with the command that mends it. */
export function installRuntimes(): void {
  const nodes = NODE_MAJORS.flatMap((major) => ARCHITECTURES.map((one) => node(major, one)))
  const all = [bun(), ...nodes]
  if (all.every((one) => 'path' in one)) return
  console.error(`Installing the runtimes that ${RUNTIMES} pins: ${RUNTIMES_SIZE}`)
  execute(ROOT, 'npm', 'ci', '--force', '--prefix', RUNTIMES)
}

/** From the sources of this checkout. Throws with the command that mends it. */
export function buildLayers(): void {
  console.error('Building the layers: a minute')
  execute(ROOT, 'npm', 'run', '--silent', 'layer')
}

/**
 * A folder with the three zips, or a commit, branch or tag of this repository, whose layers are built in a clone of
 * their own, once. Throws for anything else.
 */
export function otherBuild(given: string): Build {
  if (hasLayers(given)) return { name: basename(resolve(given)), dist: resolve(given) }
  const commit = gitOrUndefined('rev-parse', '--verify', '--quiet', `${given}^{commit}`)
  if (commit === undefined)
    throw new RangeError(
      `--against ${given}: neither a commit here nor a folder with ${LAYER_ZIPS.join(', ')}`,
    )
  const name = commit.slice(0, 7)
  const clone = join(BUILDS, name)
  const dist = join(clone, 'dist')
  if (hasLayers(dist)) return { name, dist }
  console.error(`Building the layers of ${name}: a minute or two`)
  rmSync(clone, { recursive: true, force: true })
  mkdirSync(BUILDS, { recursive: true })
  execute(ROOT, 'git', 'clone', '--quiet', '--no-checkout', ROOT, clone)
  execute(clone, 'git', 'checkout', '--quiet', commit)
  for (const folder of ['.', RUNTIMES]) install(clone, folder)
  execute(clone, 'npm', 'run', '--silent', 'layer')
  return { name, dist }
}

/** By a link to what is installed here, where it is the same. */
function install(clone: string, folder: string): void {
  const lock = (root: string) => readFileSync(join(root, folder, 'package-lock.json'), 'utf8')
  const [from, to] = [ROOT, clone].map((root) => join(root, folder, 'node_modules')) as [string, string]
  if (lock(ROOT) === lock(clone)) symlinkSync(from, to)
  else execute(clone, 'npm', 'ci', '--force', '--prefix', folder)
}

function hasLayers(folder: string): boolean {
  return LAYER_ZIPS.every((zip) => existsSync(join(folder, zip)))
}

function gitOrUndefined(...args: string[]): string | undefined {
  const { status, stdout } = spawnSync('git', args, { cwd: ROOT, encoding: 'utf8' })
  return status === 0 ? stdout.trim() : undefined
}

/** What it prints goes to our standard error: standard output is for results. */
function execute(cwd: string, command: string, ...args: string[]): void {
  const { status } = spawnSync(command, args, { cwd, stdio: ['ignore', 2, 2] })
  if (status === 0) return
  throw new Error(
    `failed, and must work before anything is measured: (cd '${cwd}' && ${[command, ...args].join(' ')})`,
  )
}
