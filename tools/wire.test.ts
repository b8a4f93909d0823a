import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { connect, exchange, header, WireError } from './wire.ts'

async function listen(t: TestContext, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

/** A server that answers whatever comes first with these bytes. */
function canned(t: TestContext, answer: string, after: 'end' | 'stay' | 'reset' = 'end'): Promise<number> {
  return listen(
    t,
    createServer((socket: Socket) => {
      socket.on('error', () => {})
      socket.once('data', () => {
        socket.write(answer, 'latin1', () => {
          if (after === 'end') socket.end()
          if (after === 'reset') socket.resetAndDestroy()
        })
      })
      t.after(() => socket.destroy())
    }),
  )
}

/** A server that answers with the bytes it received, once `size` of them are there. */
function mirror(t: TestContext, size: number, pieces: number[]): Promise<number> {
  return listen(
    t,
    createServer((socket: Socket) => {
      let got = Buffer.alloc(0)
      socket.on('data', (chunk: Buffer) => {
        pieces.push(chunk.length)
        got = Buffer.concat([got, chunk])
        if (got.length === size) {
          socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`)
          socket.end(got)
        }
      })
    }),
  )
}

test('every byte arrives as written, and every byte of the answer comes back', async (t) => {
  const odd = Buffer.from([0x47, 0x00, 0x0d, 0x0a, 0xff, 0x80, 0x16, 0x03])
  const port = await mirror(t, odd.length, [])
  const [reply] = await exchange(port, odd)
  assert.deepEqual(reply?.body, odd)
})

test('a string is sent as latin1, one byte per character', async (t) => {
  const port = await mirror(t, 3, [])
  const [reply] = await exchange(port, 'a\xe9\x00')
  assert.deepEqual(reply?.body, Buffer.from([0x61, 0xe9, 0x00]))
})

test('splitAt cuts the bytes into separate writes without losing one', async (t) => {
  const text = 'GET / HTTP/1.1\r\n\r\n'
  for (const splitAt of ['every', [1, 5]] as const) {
    const pieces: number[] = []
    const port = await mirror(t, text.length, pieces)
    const [reply] = await exchange(port, text, { splitAt })
    assert.equal(reply?.body.toString('latin1'), text)
    assert.ok(pieces.length > 1, 'the server saw more than one read')
  }
})

test('an answer keeps header order, case and repetition', async (t) => {
  const port = await canned(
    t,
    'HTTP/1.1 405 Method Not Allowed\r\nx-B: 2\r\nA: 1\r\nx-b:3\r\nContent-Length: 2\r\n\r\nno',
  )
  const [reply] = await exchange(port, 'x')
  assert.deepEqual(reply?.headers, [
    ['x-B', '2'],
    ['A', '1'],
    ['x-b', '3'],
    ['Content-Length', '2'],
  ])
  assert.equal(header(reply, 'X-B'), '2, 3')
  assert.equal(header(reply, 'x-c'), undefined)
  assert.deepEqual(
    [reply?.version, reply?.status, reply?.reason, reply?.body.toString()],
    ['1.1', 405, 'Method Not Allowed', 'no'],
  )
})

test('a body without Content-Length lasts until the connection ends', async (t) => {
  const port = await canned(t, 'HTTP/1.0 200 OK\r\n\r\nall of this')
  const [reply] = await exchange(port, 'x')
  assert.equal(reply?.body.toString(), 'all of this')
})

test('interim answers are answers of their own, without a body', async (t) => {
  const port = await canned(t, 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na')
  const replies = await exchange(port, 'x', { replies: 2 })
  assert.deepEqual(
    replies.map((reply) => [reply.status, reply.body.toString()]),
    [
      [100, ''],
      [200, 'a'],
    ],
  )
})

test('an answer to HEAD ends with its head whatever Content-Length says', async (t) => {
  const port = await canned(t, 'HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 28\r\n\r\n', 'stay')
  const [reply] = await exchange(port, 'x', { bodiless: true })
  assert.equal(reply?.body.length, 0)
})

test('what is not an answer is refused', async (t) => {
  for (const bytes of [
    'HTTP/1.1 OK\r\n\r\n',
    'HTTP/1.1 200 OK\r\nno colon\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na',
    'HTTP/1.1 200 OK\r\nContent-Length: one\r\n\r\na',
    'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut',
    '',
  ]) {
    const port = await canned(t, bytes)
    await assert.rejects(exchange(port, 'x'), WireError, JSON.stringify(bytes))
  }
})

test('a reset connection is a WireError that names the cause', async (t) => {
  const port = await canned(t, 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut', 'reset')
  await assert.rejects(exchange(port, 'x'), /WireError: the connection ended after/)
})

test('a silent server fails the wait instead of hanging it', async (t) => {
  const port = await canned(t, '', 'stay')
  await assert.rejects(exchange(port, 'x', { patienceMs: 20 }), /no whole answer within 20 ms/)
})

test('one connection carries several exchanges, and pipelined requests are answered in order', async (t) => {
  const server = createHttpServer((req, res) => res.end(req.url))
  server.keepAliveTimeout = 0
  t.after(() => server.closeAllConnections())
  const port = await listen(t, server)
  const wire = await connect(port)
  t.after(() => wire.destroy())
  for (const path of ['/1', '/2']) {
    await wire.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)
    assert.equal((await wire.receive()).body.toString(), path)
    assert.deepEqual([wire.state().open, wire.state().unread.length], [true, 0])
  }
  await wire.send('GET /3 HTTP/1.1\r\nHost: a\r\n\r\nGET /4 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  assert.equal((await wire.receive()).body.toString(), '/3')
  assert.equal((await wire.receive()).body.toString(), '/4')
  assert.equal((await wire.closed()).length, 0)
})

test('a half-closed connection still gets its answer', async (t) => {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.resume()
    socket.on('end', () => socket.end('HTTP/1.1 200 OK\r\n\r\nafter FIN'))
  })
  const [reply] = await exchange(await listen(t, server), 'x', { halfClose: true })
  assert.equal(reply?.body.toString(), 'after FIN')
})
