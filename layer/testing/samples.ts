// The sample functions that are compiled, in dist/samples. The one for a language that this machine has no tools for is
// left out.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Build, isHere, make } from './toolchain.ts'

export interface Sample {
  readonly name: string
  readonly build: Build
  readonly command: readonly string[]
  /** What it returns for a secret of 33 bytes and the first version of a parameter. */
  readonly returns: unknown
}

const SOURCES = fileURLToPath(new URL('../samples', import.meta.url))
const READY = fileURLToPath(new URL('../../dist/samples', import.meta.url))

/** They bring their own runtime, which asks the Runtime API. */
const CUSTOM_RUNTIMES: readonly Sample[] = [
  {
    name: 'Go',
    build: { command: ['go', 'build', '-C', join(SOURCES, 'go'), '-o', join(READY, 'go'), '.'] },
    command: [join(READY, 'go')],
    returns: 'a secret of 33 bytes, version 1',
  },
  {
    name: 'Rust',
    build: {
      command: [
        'cargo',
        'build',
        '--quiet',
        '--locked',
        '--manifest-path',
        join(SOURCES, 'rust/Cargo.toml'),
        '--target-dir',
        join(READY, 'rust'),
      ],
    },
    command: [join(READY, 'rust/debug/function')],
    returns: { secretLength: 33, parameterVersion: 1 },
  },
]

/** Its runtime is Lambda's own; here it is called by a program. */
export const JAVA: Sample = {
  name: 'Java',
  build: { command: ['javac', '-d', join(READY, 'java'), join(SOURCES, 'java/Handler.java')] },
  command: ['java', '-cp', join(READY, 'java'), fileURLToPath(new URL('CallHandler.java', import.meta.url))],
  returns: /^JSON of \d{3} and \d{3} characters\n$/,
}

export function customRuntimesHere(): readonly Sample[] {
  return CUSTOM_RUNTIMES.filter(({ build }) => isHere(build))
}

export function isJavaHere(): boolean {
  return isHere(JAVA.build)
}

/** Throws where a tool is here and fails. */
export function buildSamples(): void {
  mkdirSync(READY, { recursive: true })
  for (const { build, name } of [...CUSTOM_RUNTIMES, JAVA])
    if (isHere(build)) make(build)
    else console.log(`no tools here for the sample in ${name}`)
}
