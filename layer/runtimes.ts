// The pinned runtimes of layer/runtimes: Bun compiles the executables, Node stands for Lambda's in the tests, and what
// it compiles of the bundle goes into the nodejs layer. They are no part of the root install, because nothing else
// needs their 1.4 GB.

import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const ARCHITECTURES = ['x86_64', 'arm64'] as const
export type Architecture = (typeof ARCHITECTURES)[number]
/** Of this machine. */
export const HOST: Architecture = process.arch === 'arm64' ? 'arm64' : 'x86_64'

/** Node's major versions on Lambda that the nodejs layer is tested with. */
export const NODE_MAJORS = [22, 24, 26] as const
export type NodeMajor = (typeof NODE_MAJORS)[number]

const FOLDER = fileURLToPath(new URL('runtimes/', import.meta.url))
const BUN_PACKAGES: Record<Architecture, string> = { x86_64: 'bun-linux-x64', arm64: 'bun-linux-aarch64' }
const NODE_PACKAGES: Record<Architecture, string> = { x86_64: 'linux-x64', arm64: 'linux-arm64' }

/** Where the Bun that runs on that architecture is once it is installed. */
export function bunFile(architecture: Architecture): string {
  return fileOf(bunPackage(architecture), 'bun')
}

/** The same; installs it when it is missing or another version than pinned. */
export function bunFor(architecture: Architecture): string {
  // Both architectures on any machine: the one that is not ours is never executed, only compiled into.
  if (!isInstalled(bunPackage(architecture))) install()
  return bunFile(architecture)
}

/** The Bun that runs here. */
export function hostBun(): string {
  return bunFor(HOST)
}

/** Where an official build of Node for Linux is once it is installed. Lambda has such a one in /var/lang/bin. */
export function nodeFile(major: NodeMajor, architecture = HOST): string {
  return fileOf(nodePackage(major, architecture), 'node')
}

/** The same; installs it when it is missing or another version than pinned. */
export function nodeFor(major: NodeMajor, architecture = HOST): string {
  if (!isInstalled(nodePackage(major, architecture))) install()
  return nodeFile(major, architecture)
}

function bunPackage(architecture: Architecture): string {
  return `@oven/${BUN_PACKAGES[architecture]}`
}

function nodePackage(major: NodeMajor, architecture: Architecture): string {
  return `node${major}-${NODE_PACKAGES[architecture]}`
}

function fileOf(name: string, command: string): string {
  return `${FOLDER}node_modules/${name}/bin/${command}`
}

function isInstalled(name: string): boolean {
  const manifest = `${FOLDER}node_modules/${name}/package.json`
  return existsSync(manifest) && versionIn(manifest) === pinned(name)
}

function versionIn(manifest: string): string {
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version
}

function pinned(name: string): string | undefined {
  const lock = JSON.parse(readFileSync(`${FOLDER}package-lock.json`, 'utf8')) as {
    packages: Record<string, { version: string }>
  }
  return lock.packages[`node_modules/${name}`]?.version
}

// --force, because npm refuses a package for another processor otherwise; it still checks every integrity hash.
function install(): void {
  process.stderr.write('installing the pinned runtimes into layer/runtimes\n')
  const args = ['ci', '--force', '--loglevel=error']
  execFileSync('npm', args, { cwd: FOLDER, stdio: ['ignore', 'ignore', 'inherit'] })
}
