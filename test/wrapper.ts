// The wrapper of the layers, started as Lambda starts it: with the environment of the function's runtime.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Extension } from './artefact.ts'

export interface Ran {
  readonly code: number | null
  readonly stdout: Buffer
  readonly stderr: string
}

export type Variables = Readonly<Record<string, string | undefined>>

/** Beside the extension under test, or in the checkout where that is no unpacked layer. */
export function wrapper(): string {
  const { extensionsDir } = JSON.parse(process.env['EXTENSION_UNDER_TEST'] || '{}') as {
    extensionsDir?: string
  }
  return extensionsDir === undefined
    ? fileURLToPath(new URL('../layer/exec/parameters-secrets-exec', import.meta.url))
    : join(extensionsDir, '../parameters-secrets-exec')
}

/** What Lambda gives the runtime: the extension's variables and some more. */
export function environmentOf({ lambda }: Extension, more: Variables): Record<string, string> {
  const all = { ...lambda.environment, PATH: process.env['PATH'], LD_LIBRARY_PATH: undefined, ...more }
  const entries = Object.entries({ ...all, _HANDLER: 'index.handler', LAMBDA_TASK_ROOT: '/var/task' })
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined))
}

export async function run(env: Record<string, string>, command: readonly string[]): Promise<Ran> {
  const child = spawn(wrapper(), command, { env, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] })
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() }
}
