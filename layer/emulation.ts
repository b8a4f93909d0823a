// How a program for another architecture runs here: under qemu-user, with that architecture's libc.

import { existsSync } from 'node:fs'
import type { Architecture } from './runtimes.ts'

const EMULATORS: Record<Architecture, { qemu: string; libraries: string; packages: string }> = {
  x86_64: {
    qemu: '/usr/bin/qemu-x86_64-static',
    libraries: '/usr/x86_64-linux-gnu',
    packages: 'qemu-user-static libc6-amd64-cross',
  },
  arm64: {
    qemu: '/usr/bin/qemu-aarch64-static',
    libraries: '/usr/aarch64-linux-gnu',
    packages: 'qemu-user-static libc6-arm64-cross',
  },
}

const HOST: Architecture = process.arch === 'arm64' ? 'arm64' : 'x86_64'

/** What a command begins with to run a program of that architecture; or the Debian packages that are missing for it. */
export function launcherFor(architecture: Architecture): readonly string[] | { readonly missing: string } {
  if (architecture === HOST) return []
  const { qemu, libraries, packages } = EMULATORS[architecture]
  return existsSync(qemu) && existsSync(libraries) ? [qemu, '-L', libraries] : { missing: packages }
}
