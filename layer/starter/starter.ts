// The bytes of the nodejs layer's starter, as compile.ts has recorded them: the layers are built without a compiler.

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Architecture } from '../runtimes.ts'

export interface Recorded {
  /** The package of PyPI and its version. */
  readonly compiler: string
  /** sha256 of starter.c, in hexadecimal digits. */
  readonly source: string
  /** ELF executables, in base64. */
  readonly executables: Readonly<Record<Architecture, string>>
}

export const SOURCE = new URL('starter.c', import.meta.url)
export const RECORDED = new URL('recorded.json', import.meta.url)

export function recorded(): Recorded {
  return JSON.parse(readFileSync(RECORDED, 'utf8')) as Recorded
}

export function sourceHash(): string {
  return createHash('sha256').update(readFileSync(SOURCE)).digest('hex')
}

/** Throws where starter.c has been changed since it was compiled. */
export function starterFor(architecture: Architecture): Buffer {
  const { source, executables } = recorded()
  if (source !== sourceHash()) throw new Error('starter.c has changed: npm run layer:starter')
  return Buffer.from(executables[architecture], 'base64')
}
