import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

// The runtimes that the layers are tested on, as layer/runtimes pins them, and the emulator for the other architecture.

export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')
export const NODE_MAJORS = [22, 24, 26] as const

const INSTALL = 'npm ci --force --prefix layer/runtimes'
const OTHERS = `${ROOT}/dist/bench/runtimes`

/** A runtime or an artefact: where it is, or why it is not here. */
export type Found = { readonly path: string } | { readonly reason: string }

export function node(major: number, arch = process.arch): Found {
  const name = `node${major}-linux-${arch}`
  const pinned = `${ROOT}/layer/runtimes/node_modules/${name}/bin/node`
  if (existsSync(pinned)) return { path: pinned }
  return found(
    `${OTHERS}/node_modules/${name}/bin/node`,
    `Node ${major} for ${arch} is not installed: ${INSTALL}`,
  )
}

/** Node for a processor that layer/runtimes has none for, in the version that it pins for x64. */
export function installNode(major: number, arch: string): Found {
  const present = node(major, arch as NodeJS.Architecture)
  if ('path' in present) return present
  const manifest = JSON.parse(readFileSync(`${ROOT}/layer/runtimes/package.json`, 'utf8')) as {
    devDependencies: Record<string, string>
  }
  const version = manifest.devDependencies[`node${major}-linux-x64`]?.split('@').at(-1)
  const wanted = `node${major}-linux-${arch}@npm:node-linux-${arch}@${version}`
  mkdirSync(OTHERS, { recursive: true })
  const options = ['--no-save', '--force', '--ignore-scripts', '--loglevel=error', '--prefix', OTHERS]
  // Its own failure is the reason: the row says that it is missing.
  spawnSync('npm', ['install', ...options, wanted], { stdio: ['ignore', 'ignore', 'inherit'] })
  return node(major, arch as NodeJS.Architecture)
}

export function bun(arch = process.arch): Found {
  const name = arch === 'arm64' ? 'aarch64' : arch
  const path = `${ROOT}/layer/runtimes/node_modules/@oven/bun-linux-${name}/bin/bun`
  return found(path, `Bun is not installed: ${INSTALL}`)
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
