// Small real extensions for this emulator's own tests, and a client for playing one by hand.

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { LambdaFailure } from './failure.ts'
import { type LambdaHost, startLambda } from './host.ts'
import type { LambdaHostOptions } from './options.ts'
import { stateOf } from './sandbox-process.ts'

/** A host that is closed when the test ends. */
export async function lambda(t: TestContext, options: LambdaHostOptions): Promise<LambdaHost> {
  const host = await startLambda(options)
  t.after(() => host.close())
  return host
}

/** A directory of extensions, file name to text; every file executable. */
export function directoryOf(t: TestContext, files: Record<string, string>): string {
  const directory = mkdtempSync(join(tmpdir(), 'extensions-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  for (const [name, source] of Object.entries(files)) {
    writeFileSync(join(directory, name), source)
    chmodSync(join(directory, name), 0o755)
  }
  return directory
}

/**
 * An extension's file text: Node, with `register(events)`, `next()` (the event), `print(value)` (a line of JSON) and
 * `name` at hand. The file name must end in `.mjs`.
 */
export function nodeExtension(body: string): string {
  return `#!/usr/bin/env -S ${quoted(process.execPath)}
import { request } from 'node:http'
import { basename } from 'node:path'
const name = basename(process.argv[1])
let id = ''
function ask(method, path, headers, body = '') {
  return new Promise((resolve, reject) => {
    const url = 'http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2020-01-01/extension/' + path
    const sent = request(url, { method, headers }, async (response) => {
      const text = (await response.toArray()).join('')
      resolve({ status: response.statusCode, headers: response.headers, text })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}
function print(value) {
  process.stdout.write(JSON.stringify(value) + '\\n')
}
async function register(events) {
  const answer = await ask('POST', 'register', { 'Lambda-Extension-Name': name }, JSON.stringify({ events }))
  id = answer.headers['lambda-extension-identifier']
  return answer
}
async function next() {
  const answer = await ask('GET', 'event/next', { 'Lambda-Extension-Identifier': id })
  return JSON.parse(answer.text)
}
${body}
`
}

/** For `env -S`, which a path with a space needs: the kernel ends a shebang's interpreter at the first one. */
function quoted(path: string): string {
  return `'${path.replaceAll(/['\\]/g, '\\$&')}'`
}

/** Registers for SHUTDOWN, waits for it, exits 0: what a good extension does. */
export const wellBehaved = nodeExtension(`
await register(['SHUTDOWN'])
await next()
`)

/** A process that does nothing: the test speaks for it under this name. */
export const played = { name: 'played', command: ['/bin/sleep', '600'] }

export interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: string
}

/** One request to the runtime API address; the path is below the Extensions API unless it starts with a slash. */
export function ask(
  host: LambdaHost,
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body = '',
): Promise<Answer> {
  const below = path.startsWith('/') ? path : `/2020-01-01/extension/${path}`
  return new Promise((resolve, reject) => {
    const sent = request(
      `http://${host.runtimeApi}${below}`,
      { method, headers, agent: false },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => (text += chunk))
        response.once('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
        )
        response.once('error', reject)
      },
    )
    sent.once('error', reject)
    sent.end(body)
  })
}

/** Registers by hand and gives the identifier. */
export async function registerAs(host: LambdaHost, name: string, events: string[]): Promise<string> {
  const answer = await ask(
    host,
    'POST',
    'register',
    { 'Lambda-Extension-Name': name },
    JSON.stringify({ events }),
  )
  return String(answer.headers['lambda-extension-identifier'])
}

export function nextAs(host: LambdaHost, id: string): Promise<Answer> {
  return ask(host, 'GET', 'event/next', { 'Lambda-Extension-Identifier': id })
}

/** The LambdaFailure that this rejects with. */
export async function failureOf(promise: Promise<unknown>): Promise<LambdaFailure> {
  const error = await promise.then(
    () => new Error('nothing failed'),
    (reason: unknown) => reason,
  )
  if (error instanceof LambdaFailure) return error
  throw error
}

/** True when no process of this id runs; a dead one whose new parent has not asked yet counts as gone. */
export function isGone(pid: number): boolean {
  return ['Z', 'X'].includes(stateOf(pid))
}
