// The bundle behind the starter: whatever becomes of the `register` that the starter has sent, it is the extension that
// hears of it, and asks again.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../tools/free-port.ts'
import { connect } from '../../tools/wire.ts'
import { starterFor } from './starter.ts'

const BUNDLE = fileURLToPath(new URL('../../dist/extension.cjs', import.meta.url))
const IDENTIFIER = 'c8a3cd47-8f1c-4bbb-8ad9-000000000002'
const PING = 'GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n'

const folder = mkdtempSync(join(tmpdir(), 'starter-'))
after(() => rmSync(folder, { recursive: true }))
const STARTER = join(folder, 'starter')
writeFileSync(STARTER, starterFor(process.arch === 'arm64' ? 'arm64' : 'x86_64'), { mode: 0o755 })

function answer(socket: Socket, body: string, status = '200 OK'): void {
  const head = `HTTP/1.1 ${status}\r\nLambda-Extension-Identifier: ${IDENTIFIER}\r\n`
  socket.write(`${head}Content-Length: ${body.length}\r\n\r\n${body}`)
}

type Answer = (socket: Socket) => unknown

/** An Extensions API whose first answer to `register` is the given one, and all others are right. */
async function extensionsApi(t: TestContext, first: Answer) {
  let registers = 0
  let waiting: Socket | undefined
  let isReady = (): void => {}
  const ready = new Promise<void>((resolve) => (isReady = resolve))
  const server = createServer((socket) => {
    t.after(() => socket.destroy())
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      if (bytes.toString('latin1').startsWith('POST')) {
        if (++registers === 1) first(socket)
        else answer(socket, '{}')
      } else {
        waiting = socket
        isReady()
      }
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    ready,
    registers: () => registers,
    shutDown: () => answer(waiting!, `{"eventType":"SHUTDOWN","deadlineMs":${Date.now() + 10_000}}`),
  }
}

const ROWS: readonly (readonly [what: string, first: Answer, registers: number])[] = [
  ['is right', (socket) => answer(socket, '{"accountId":"123456789012"}'), 1],
  ['comes late', (socket) => sleep(1_500).then(() => answer(socket, '{}')), 1],
  ['comes in pieces', (socket) => (socket.setNoDelay(true), pieces(socket)), 1],
  [
    'ends its connection',
    (socket) =>
      socket.end(
        `HTTP/1.1 200 OK\r\nLambda-Extension-Identifier: ${IDENTIFIER}\r\nConnection: close\r\n\r\n{}`,
      ),
    1,
  ],
  ['is a refusal', (socket) => answer(socket, '{"errorType":"Extension.Refused"}', '403 Forbidden'), 2],
  ['is a failure', (socket) => answer(socket, '{}', '500 Internal Server Error'), 2],
  ['is a reset', (socket) => socket.resetAndDestroy(), 2],
  ['is nothing', (socket) => socket.end(), 2],
  ['is no HTTP', (socket) => socket.end('hello\r\n\r\n'), 2],
  [
    'is without end',
    (socket) => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n${'x'.repeat(2 ** 21)}`),
    2,
  ],
]

async function pieces(socket: Socket): Promise<void> {
  for (const byte of `HTTP/1.1 200 OK\r\nLambda-Extension-Identifier: ${IDENTIFIER}\r\nContent-Length: 2\r\n\r\n{}`) {
    socket.write(byte)
    await sleep(0)
  }
}

for (const [what, first, registers] of ROWS) {
  test(`a caller who came before Node is answered where the answer to register ${what}`, async (t) => {
    const api = await extensionsApi(t, first)
    const port = await freePort()
    const child = spawn(STARTER, [process.execPath, BUNDLE], {
      env: {
        AWS_LAMBDA_RUNTIME_API: api.address,
        AWS_SESSION_TOKEN: 'token',
        PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: String(port),
        PARAMETERS_SECRETS_EXTENSION_LOG_LEVEL: 'debug',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    t.after(() => child.kill('SIGKILL'))
    let logs = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (logs += text))
    const closed = once(child, 'close')

    while (api.registers() === 0) await sleep(1)
    const caller = await connect(port)
    await caller.send(PING)
    assert.equal((await caller.receive()).status, 200)
    await Promise.race([api.ready, closed])
    assert.equal(child.exitCode, null, logs)
    assert.equal(api.registers(), registers, logs)
    if (registers === 1) assert.doesNotMatch(logs, /register failed/)
    caller.destroy()
    api.shutDown()
    assert.deepEqual(await closed, [0, null], logs)
    assert.ok(!logs.includes(IDENTIFIER.slice(0, 8)) && !logs.includes('INHERITED'), 'it names no identifier')
  })
}
