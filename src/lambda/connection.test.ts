import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Connection, ConnectionError } from './connection.ts'

const QUESTION = 'GET /a HTTP/1.1\r\nHost: api\r\n\r\n'

type Behave = (socket: Socket, nth: number) => unknown

interface Peer {
  readonly connection: Connection
  /** One for each connection that was made. */
  readonly sockets: Socket[]
  readonly questions: string[]
}

/** A server that does as the test says at each question, which is one packet; `nth` counts from 1. */
async function peer(t: TestContext, behave: Behave): Promise<Peer> {
  const sockets: Socket[] = []
  const questions: string[] = []
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    socket.on('data', (bytes) => void behave(socket, questions.push(bytes.toString())))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return {
    connection: new Connection('127.0.0.1', (server.address() as AddressInfo).port),
    sockets,
    questions,
  }
}

function says(text: string): Behave {
  return (socket) => socket.write(text)
}

function fails(promise: Promise<unknown>, code: string | RegExp): Promise<void> {
  return assert.rejects(promise, (error) => {
    assert.ok(error instanceof ConnectionError, String(error))
    assert.match(error.code, typeof code === 'string' ? new RegExp(`^${code}$`) : code)
    return true
  })
}

const WHOLE = [
  ['with a length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', 'hello'],
  ['with a length in another spelling', 'HTTP/1.1 200 OK\r\ncontent-length:5 \r\n\r\nhello', 'hello'],
  ['with no body', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', ''],
  ['in UTF-8', 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n秘密', '秘密'],
  [
    'in chunks',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=1\r\nlo\r\n0\r\n\r\n',
    'hello',
  ],
  ['in one empty chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', ''],
  ['after a 100', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', 'ok'],
  ['with a status in a header', 'HTTP/1.1 200 OK\r\nX: HTTP/1.1 500\r\nContent-Length: 2\r\n\r\nno', 'no'],
] as const

for (const [what, text, body] of WHOLE) {
  test(`an answer ${what} is read, in one piece and byte by byte, and the connection kept`, async (t) => {
    const { connection, sockets, questions } = await peer(t, async (socket, nth) => {
      if (nth === 1) return socket.write(text)
      for (const byte of Buffer.from(text)) {
        socket.write(Buffer.of(byte))
        await sleep(0)
      }
      return undefined
    })
    for (const _ of [1, 2]) {
      const answer = await connection.ask(QUESTION)
      assert.deepEqual([answer.status, answer.body], [200, body])
      assert.match(answer.head, /^HTTP\/1\.1 200 OK\r\n/)
    }
    assert.deepEqual([sockets.length, questions], [1, [QUESTION, QUESTION]])
  })
}

for (const [what, text] of [
  ['that says so', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok'],
  ['of HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok'],
] as const) {
  test(`after an answer ${what} the next question goes over a new connection`, async (t) => {
    const { connection, sockets } = await peer(t, says(text))
    for (const _ of [1, 2]) assert.equal((await connection.ask(QUESTION)).body, 'ok')
    assert.equal(sockets.length, 2)
  })
}

test('an answer without a length ends with its connection', async (t) => {
  const { connection } = await peer(t, (socket) => socket.end('HTTP/1.1 503 Busy\r\n\r\nfirst second'))
  assert.deepEqual(await connection.ask(QUESTION), {
    status: 503,
    head: 'HTTP/1.1 503 Busy',
    body: 'first second',
  })
})

test('an answer without a length on a connection that stays open ends with a silence', async (t) => {
  const { connection } = await peer(t, says('HTTP/1.1 503 Busy\r\n\r\nall there is'))
  assert.equal((await connection.ask(QUESTION)).body, 'all there is')
})

test('the callback for a sent question comes before its answer, once', async (t) => {
  const happened: string[] = []
  const { connection } = await peer(t, async (socket) => {
    await sleep(30)
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
  })
  await connection.ask(QUESTION, () => happened.push('out'))
  happened.push('answered')
  assert.deepEqual(happened, ['out', 'answered'])
})

test('a kept connection that the server closed is made anew, whenever the close is seen', async (t) => {
  const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
  const closings: Behave[] = [
    (socket) => socket.end(ok),
    (socket, nth) => (nth === 2 ? socket.destroy() : socket.write(ok)),
    (socket, nth) => (nth === 2 ? socket.resetAndDestroy() : socket.write(ok)),
  ]
  for (const behave of closings) {
    for (const pauseMs of [0, 30]) {
      const { connection, sockets } = await peer(t, behave)
      assert.equal((await connection.ask(QUESTION)).body, 'ok')
      await sleep(pauseMs)
      assert.equal((await connection.ask(QUESTION)).body, 'ok')
      assert.equal(sockets.length, 2)
    }
  }
})

test('a new connection that closes without a word is a failure, and the question after it is served', async (t) => {
  const { connection } = await peer(t, (socket, nth) =>
    nth === 1 ? socket.destroy() : socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'),
  )
  await fails(connection.ask(QUESTION), 'ECONNRESET')
  assert.equal((await connection.ask(QUESTION)).body, 'ok')
})

for (const [what, text, code] of [
  ['is no HTTP', 'SSH-2.0-OpenSSH_9.9\r\n\r\n', 'NotHttp'],
  ['is no HTTP after its first bytes', 'HTTP/1.1 abc\r\n\r\n', 'NotHttp'],
  ['has a chunk without a size', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 'NotHttp'],
  ['never ends', `HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(2 * 1024 * 1024)}`, 'AnswerTooLong'],
] as const) {
  test(`an answer that ${what} is a failure at once, and closes the connection`, async (t) => {
    const { connection, sockets } = await peer(t, says(text))
    await fails(connection.ask(QUESTION), code)
    // Not by `once` of node:events: the other end may see a reset first.
    if (!sockets[0]!.closed) await new Promise((resolve) => sockets[0]!.once('close', resolve))
  })
}

for (const part of [
  'HTTP/1.',
  'HTTP/1.1 200 OK\r\nContent-Le',
  'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf',
]) {
  test(`an answer that ends after ${JSON.stringify(part.slice(-8))} is a failure, also on a kept connection`, async (t) => {
    const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'
    const { connection } = await peer(t, (socket, nth) => (nth === 2 ? socket.write(ok) : socket.end(part)))
    await fails(connection.ask(QUESTION), 'ECONNRESET')
    await connection.ask(QUESTION)
    await fails(connection.ask(QUESTION), 'ECONNRESET')
  })
}

test('where nobody listens, that is the failure, and nothing went out', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  const connection = new Connection('127.0.0.1', port)
  let isOut = false
  await fails(
    connection.ask(QUESTION, () => (isOut = true)),
    'ECONNREFUSED',
  )
  assert.equal(isOut, false)
})
