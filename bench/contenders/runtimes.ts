import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { bunFile, nodeFile, type NodeMajor, nodeVersion } from '../../layer/runtimes.ts'

// The runtimes that layer/runtimes pins, where they are installed, and the emulator for the other architecture. A
// runtime that is missing is no error here: its contenders have a row that says why.

export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

const INSTALL = 'npm ci --force --prefix layer/runtimes'
const OTHERS = `${ROOT}/dist/bench/runtimes`

/** A runtime or an artefact: where it is, or why it is not here. */
export type Found = { readonly path: string } | { readonly reason: string }

/** For x64 the pinned one, for another processor what `installNode` has installed. */
export function node(major: NodeMajor, arch: string = process.arch): Found {
  const path = arch === 'x64' ? nodeFile(major) : `${OTHERS}/node_modules/${aliasOf(major, arch)}/bin/node`
  return found(path, `Node ${major} for ${arch} is not installed: ${INSTALL}`)
}

/** Node for a processor that layer/runtimes has none for, in the version that it pins for x64. */
export function installNode(major: NodeMajor, arch: string): Found {
  const present = node(major, arch)
  if ('path' in present || arch === 'x64') return present
  const wanted = `${aliasOf(major, arch)}@npm:node-linux-${arch}@${nodeVersion(major)}`
  mkdirSync(OTHERS, { recursive: true })
  const options = ['--no-save', '--force', '--ignore-scripts', '--loglevel=error', '--prefix', OTHERS]
  // If the installation fails, the row says that this runtime is missing.
  spawnSync('npm', ['install', ...options, wanted], { stdio: ['ignore', 'ignore', 'inherit'] })
  return node(major, arch)
}

function aliasOf(major: NodeMajor, arch: string): string {
  return `node${major}-linux-${arch}`
}

/** The Bun that runs here. */
export function bun(): Found {
  return found(bunFile(process.arch === 'arm64' ? 'arm64' : 'x86_64'), `Bun is not installed: ${INSTALL}`)
}

/** qemu-user for the architecture, with its C library; both come as Debian packages. */
export function qemu(arch: 'x64' | 'arm64'): Found {
  const name = arch === 'arm64' ? 'aarch64' : 'x86_64'
  return found(`/usr/bin/qemu-${name}-static`, `no qemu for ${name}: apt-get install qemu-user-static`)
}

export function found(path: string, reason: string): Found {
  return existsSync(path) ? { path } : { reason }
}

export function versionOf(runtime: Found): string | undefined {
  if ('reason' in runtime) return undefined
  const text = execFileSync(runtime.path, ['--version'], { encoding: 'utf8' })
  return /\d+\.\d+\.\d+/.exec(text)?.[0]
}
