import { type Agent, request } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { REQUEST_HEADERS, type Target } from './catalogue.ts'

export interface Reply {
  readonly status: number
  readonly body: string
}

/** What is sent. */
export interface RequestParts {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/** Rejects when there is no complete answer. */
export function fetchReply(port: number, path: string, agent?: Agent): Promise<Reply> {
  return fetchReplyTo(port, { method: 'GET', path, headers: REQUEST_HEADERS }, agent)
}

/** As `fetchReply`, for any request. */
export function fetchReplyTo(port: number, parts: RequestParts, agent?: Agent): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const { method, path } = parts
    const headers = { ...parts.headers, Host: `localhost:${port}` }
    const options = { host: '127.0.0.1', port, method, path, headers, agent: agent ?? false }
    const call = request(options, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (body += chunk))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
      response.on('error', reject)
    })
    call.on('error', reject)
    call.end(parts.body)
  })
}

/** Throws unless it is the right answer. Says where it differs, not what it holds. */
export function checkReply({ status, body }: Reply, target: Target, isExact: boolean): void {
  if (status !== 200) throw new Error(`${target.path}: expected 200, got ${status}`)
  if (isExact && body !== target.body) throw new Error(`${target.path}: ${differenceOf(body, target.body)}`)
  if (!isExact && valueIn(body) !== target.value) throw new Error(`${target.path}: the value is another one`)
}

export function differenceOf(got: string, expected: string): string {
  let at = 0
  while (at < expected.length && got[at] === expected[at]) at++
  return `expected ${expected.length} bytes, got ${got.length}; they differ from byte ${at}`
}

/** Undefined where there is none, for the error of a parser would quote the body. */
export function valueIn(body: string): unknown {
  try {
    return (JSON.parse(body) as { SecretString?: unknown }).SecretString
  } catch {
    return undefined
  }
}

/** Resolves when the port takes a connection and, where a path is given, answers it with 200. Rejects after 30 s. */
export async function probe(port: number, path: string | undefined, isAlive: () => boolean): Promise<void> {
  const startedAt = performance.now()
  while (performance.now() - startedAt < 30_000 && isAlive()) {
    const isReady = path === undefined ? await accepts(port) : await answers(port, path)
    if (isReady) return
    await sleep(2)
  }
  throw new Error('the peer was not ready within 30 s')
}

export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

async function answers(port: number, path: string): Promise<boolean> {
  return (await fetchReply(port, path).catch(() => undefined))?.status === 200
}
