// How a program for another architecture runs here: under qemu-user, with that architecture's libraries.

import { existsSync } from 'node:fs'
import { type Architecture, HOST } from './runtimes.ts'

/** Each with the Debian package that has it, but for the name of the architecture at its end. */
const LIBRARIES = { 'libc.so.6': 'libc6', 'libstdc++.so.6': 'libstdc++6', 'libatomic.so.1': 'libatomic1' }
type Library = keyof typeof LIBRARIES

/** What Node needs; Node 24 and older do without the last one. */
export const NODE_LIBRARIES = Object.keys(LIBRARIES) as Library[]

const EMULATORS: Record<Architecture, { qemu: string; root: string; debian: string }> = {
  x86_64: { qemu: '/usr/bin/qemu-x86_64-static', root: '/usr/x86_64-linux-gnu', debian: 'amd64' },
  arm64: { qemu: '/usr/bin/qemu-aarch64-static', root: '/usr/aarch64-linux-gnu', debian: 'arm64' },
}

/**
 * What a command begins with to run a program of that architecture which needs those libraries; or the Debian packages
 * that are missing for it.
 */
export function launcherFor(
  architecture: Architecture,
  libraries: readonly Library[] = ['libc.so.6'],
): readonly string[] | { readonly missing: string } {
  if (architecture === HOST) return []
  const { qemu, root, debian } = EMULATORS[architecture]
  const missing = libraries
    .filter((one) => !existsSync(`${root}/lib/${one}`))
    .map((one) => `${LIBRARIES[one]}-${debian}-cross`)
  if (!existsSync(qemu)) missing.unshift('qemu-user-static')
  return missing.length === 0 ? [qemu, '-L', root] : { missing: missing.join(' ') }
}
