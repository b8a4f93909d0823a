import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { argumentsOf } from '../../tools/arguments.ts'
import type { Architecture } from '../runtimes.ts'
import { recorded, RECORDED, type Recorded, SOURCE, sourceHash } from './starter.ts'

const HELP = `npm run layer:starter [-- --check]

Compiles layer/starter/starter.c for both architectures, with the compiler that requirements.txt pins, and records the
bytes in layer/starter/recorded.json. Needs python3 with pip, and 100 MB to download when that compiler is not there.

  --check  records nothing, and ends with 1 where the bytes are not those that are recorded
  --help   this text`

const REQUIREMENTS = fileURLToPath(new URL('requirements.txt', import.meta.url))
const COMPILER = fileURLToPath(new URL('../../dist/compiler', import.meta.url))
const TARGETS: Record<Architecture, string> = {
  x86_64: 'x86_64-freestanding-none',
  arm64: 'aarch64-freestanding-none',
}
const FLAGS = [
  '-std=c11',
  '-Wall',
  '-Wextra',
  '-Werror',
  '-Os',
  '-g0',
  '-ffreestanding',
  '-nostdlib',
  '-static',
  '-fno-pic',
  // It needs none of what these would add: tables for exceptions, checks that call a library.
  '-fno-asynchronous-unwind-tables',
  '-fno-stack-protector',
  '-fno-sanitize=all',
  '-fomit-frame-pointer',
  '-Wl,--strip-all',
  '-Wl,--build-id=none',
]

const isCheck = argumentsOf(
  HELP,
  { options: { check: { type: 'boolean', default: false } } },
  ({ values }) => values.check,
)
const compiled = compileAll()
if (isCheck) check(compiled)
else writeFileSync(RECORDED, `${JSON.stringify(compiled, null, 2)}\n`)
for (const [architecture, bytes] of Object.entries(compiled.executables))
  console.log(`starter for ${architecture}: ${Buffer.from(bytes, 'base64').length} bytes`)

function compileAll(): Recorded {
  const zig = installed()
  const folder = mkdtempSync(join(tmpdir(), 'starter-'))
  try {
    const compile = (architecture: Architecture) => compileFor(architecture, zig, folder)
    return {
      compiler: pinned(),
      source: sourceHash(),
      executables: { x86_64: compile('x86_64'), arm64: compile('arm64') },
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function compileFor(architecture: Architecture, zig: string, folder: string): string {
  const outfile = join(folder, architecture)
  const args = ['cc', '-target', TARGETS[architecture], ...FLAGS, '-o', outfile, fileURLToPath(SOURCE)]
  const env = { PATH: '/usr/bin:/bin', ZIG_GLOBAL_CACHE_DIR: folder, ZIG_LOCAL_CACHE_DIR: folder }
  execFileSync(zig, args, { cwd: folder, env, stdio: ['ignore', 'inherit', 'inherit'] })
  return readFileSync(outfile).toString('base64')
}

/** Installs the pinned compiler into dist/ unless it is there. */
function installed(): string {
  const folder = join(COMPILER, pinned())
  const zig = join(folder, 'ziglang/zig')
  if (existsSync(zig)) return zig
  console.error(`installing ${pinned()} into dist/compiler`)
  const target = ['--target', folder, '--no-deps', '--require-hashes', '--only-binary=:all:']
  const args = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...target]
  execFileSync('python3', [...args, '--requirement', REQUIREMENTS], { stdio: ['ignore', 2, 2] })
  return zig
}

/** Such as `ziglang==0.17.0`. */
function pinned(): string {
  const line = /^ziglang==\S+/m.exec(readFileSync(REQUIREMENTS, 'utf8'))?.[0]
  if (line === undefined) throw new Error('requirements.txt pins no compiler')
  return line
}

function check(now: Recorded): void {
  const before = recorded()
  if (JSON.stringify(before) === JSON.stringify(now)) return
  console.error('recorded.json is not what starter.c compiles to: npm run layer:starter')
  process.exitCode = 1
}
