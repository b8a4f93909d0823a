import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Architecture, bunFile, HOST, nodeFile, type NodeMajor } from '../../layer/runtimes.ts'

// The runtimes that layer/runtimes pins, where they are installed, and the emulator for the other architecture. A
// runtime that is missing is no error here: its contenders have a row that says why.

export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

const INSTALL = 'npm ci --force --prefix layer/runtimes'

/** A runtime or an artefact: where it is, or why it is not here. */
export type Found = { readonly path: string } | { readonly reason: string }

export function node(major: NodeMajor, architecture: Architecture = HOST): Found {
  return found(
    nodeFile(major, architecture),
    `Node ${major} for ${architecture} is not installed: ${INSTALL}`,
  )
}

/** The Bun that runs here. */
export function bun(): Found {
  return found(bunFile(HOST), `Bun is not installed: ${INSTALL}`)
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
