// The wrapper of the layers, started as Lambda starts it: with the environment of the function's runtime.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
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

/** Runs the command behind the wrapper; `start` is what starts the wrapper itself. */
export async function run(
  env: Record<string, string>,
  command: readonly string[],
  [program, ...first]: readonly [string, ...string[]] = [wrapper()],
): Promise<Ran> {
  const child = spawn(program, [...first, ...command], { env, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] })
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() }
}

/** Answers each connection with these bytes, and closes it. */
export async function impostor(t: TestContext, ...pieces: readonly string[]): Promise<string> {
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => open.delete(socket))
    socket.once('data', () => void send(socket))
  })
  const send = async (socket: Socket): Promise<void> => {
    for (const piece of pieces) {
      socket.write(piece)
      await sleep(20)
    }
    socket.end()
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    for (const socket of open) socket.destroy()
  })
  return String((server.address() as AddressInfo).port)
}

export const OK = (body: string, length = Buffer.byteLength(body)) =>
  `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n${body}`
