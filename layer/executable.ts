// The one file of the x86_64 and arm64 layers: the bundle and Bun in one ELF.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withPages } from './pages/table.ts'
import { type Architecture, bunFor, hostBun } from './runtimes.ts'
import { seal } from './seal.ts'
import { delayLastCompiler } from './tiers.ts'

const TARGETS: Record<Architecture, string> = { x86_64: 'bun-linux-x64', arm64: 'bun-linux-arm64' }

// Measured in one alternating run: see docs/performance.md, "Cold start".
export const COMPILE_FLAGS = [
  '--compile',
  '--bytecode',
  // Files in the function's directory must not be read.
  '--no-compile-autoload-dotenv',
  '--no-compile-autoload-bunfig',
  '--no-compile-autoload-tsconfig',
  '--no-compile-autoload-package-json',
  // Everything is interpreted until src/engine.ts says otherwise: what is compiled early costs start, processor and
  // memory.
  '--compile-jit-policy=100000',
  // Any argument will do: with none, the executable refuses to start in a directory that is gone
  // (https://github.com/oven-sh/bun/pull/40372).
  '--compile-exec-argv=--no-install',
]

/** `bundle` is CommonJS with all code in the open, so that all of it becomes bytecode. */
export function executable(
  bundle: string,
  architecture: Architecture,
  flags: readonly string[] = COMPILE_FLAGS,
): Buffer {
  return withPages(compiled(bundle, architecture, flags), architecture)
}

/** The same as Linux reads it by itself: as much around each page as is the disk's default. */
export function compiled(
  bundle: string,
  architecture: Architecture,
  flags: readonly string[] = COMPILE_FLAGS,
): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'layer-'))
  try {
    // Bun writes the outfile's name into the executable, so the name is the same on every machine. It omits the folder.
    const outfile = join(folder, 'extension')
    writeFileSync(join(folder, 'bundle.cjs'), bundle)
    const args = [
      ...flags,
      `--target=${TARGETS[architecture]}`,
      // Never downloads a Bun: the pinned one is at hand.
      `--compile-executable-path=${bunFor(architecture)}`,
      `--outfile=${outfile}`,
      'bundle.cjs',
    ]
    execFileSync(hostBun(), ['build', ...args], {
      cwd: folder,
      env: {},
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    const file = readFileSync(outfile)
    seal(file)
    delayLastCompiler(file)
    return file
  } finally {
    rmSync(folder, { recursive: true })
  }
}
