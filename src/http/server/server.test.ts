import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import { createServer, type Server } from 'node:net'
import { networkInterfaces } from 'node:os'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createLog } from '../../log.ts'
import { gate } from '../../../test/gate.ts'
import { connect, exchange, header, type Reply } from '../../../tools/wire.ts'
import { rejects } from '../rejects.ts'
import { createLocalServer, type LocalServer, type Handler } from './server.ts'
import { freePort } from '../../../tools/free-port.ts'
import { createTokenCheck } from '../../token.ts'

const TOKEN = 'the-session-token'
const GET = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'
const hasIPv6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === '::1'),
)

async function occupy(port: number, host: string): Promise<Server> {
  const holder = createServer().listen(port, host)
  await once(holder, 'listening')
  return holder
}

const echo: Handler = (request, response) => {
  response.writeHead(200, { 'Content-Length': '2' })
  response.end('ok')
  request.resume()
}

interface Started {
  readonly port: number
  readonly server: LocalServer
  readonly lines: string[]
}

async function create(t: TestContext, handler: Handler = echo): Promise<Started> {
  const port = await freePort()
  const lines: string[] = []
  const server = createLocalServer({
    port,
    handler,
    log: createLog('debug', 'text', { write: (line) => void lines.push(line.slice(66)) }),
    isKnownToken: createTokenCheck([TOKEN]),
  })
  t.after(() => server.close(Date.now()))
  return { port, server, lines }
}

async function start(t: TestContext, handler: Handler = echo): Promise<Started> {
  const started = await create(t, handler)
  assert.equal(await started.server.listen(), true)
  return started
}

async function isServed(port: number, host = '127.0.0.1'): Promise<boolean> {
  const replies = await exchange(port, GET, { host }).catch(() => [])
  return replies[0]?.status === 200
}

async function eventually(what: string, check: () => Promise<boolean> | boolean): Promise<void> {
  const giveUpAt = Date.now() + 20_000
  while (!(await check())) {
    assert.ok(Date.now() < giveUpAt, `never: ${what}`)
    await sleep(20)
  }
}

function isRefusal(reply: Reply | undefined, why: keyof typeof rejects): void {
  assert.deepEqual([reply?.status, reply?.body.toString()], [rejects[why].status, rejects[why].body])
}

/** The same to what may be a HEAD: its answer ends with its head. */
function isBodiless(reply: Reply | undefined, why: keyof typeof rejects): void {
  const { status, body } = rejects[why]
  assert.deepEqual(
    [reply?.status, reply && header(reply, 'X-Amzn-ErrorMessage'), reply?.body.length],
    [status, body, 0],
  )
}

test('it is served on both loopback addresses, and on no other', async (t) => {
  const { port } = await start(t)
  assert.ok(await isServed(port))
  if (hasIPv6) assert.ok(await isServed(port, '::1'))
  const others = Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .filter((one) => !one.internal && one.family === 'IPv4')
  for (const { address } of others) assert.equal(await isServed(port, address), false, address)
})

test('a port that is taken is reported once, and taken over when it is freed', async (t) => {
  const { port, server, lines } = await create(t)
  const holder = await occupy(port, '127.0.0.1')
  assert.equal(await server.listen(), false)
  assert.deepEqual(lines, [`ERROR cannot listen on port ${port} of 127.0.0.1: EADDRINUSE. Trying again.\n`])
  if (hasIPv6) assert.ok(await isServed(port, '::1'), 'the other address is served meanwhile')
  await sleep(600)
  assert.equal(lines.length, 1, 'further tries are silent')
  await new Promise((resolve) => holder.close(resolve))
  await eventually('served', () => isServed(port))
  assert.deepEqual(lines.slice(1), [
    `INFO Serving on port ${port} of 127.0.0.1\n`,
    'INFO ready to serve traffic\n',
  ])
})

if (hasIPv6)
  test('a port that is taken on ::1 alone leaves 127.0.0.1 served', async (t) => {
    const { port, server, lines } = await create(t)
    const holder = await occupy(port, '::1')
    assert.equal(await server.listen(), true)
    assert.ok(await isServed(port))
    assert.match(lines.join(''), /^ERROR cannot listen on port \d+ of ::1: EADDRINUSE\. Trying again\.\n$/)
    await new Promise((resolve) => holder.close(resolve))
    await eventually('served on ::1', () => isServed(port, '::1'))
  })

test('close ends the tries for a port that stays taken', async (t) => {
  const { port, server, lines } = await create(t)
  const holder = await occupy(port, '127.0.0.1')
  t.after(() => holder.close())
  await server.listen()
  await server.close(Date.now() + 1_000)
  const before = lines.length
  await new Promise((resolve) => holder.close(resolve))
  await sleep(600)
  assert.equal(await isServed(port), false)
  assert.equal(lines.length, before)
})

test('a connection is kept without any limit of time being announced', async (t) => {
  const { port } = await start(t)
  const wire = await connect(port)
  t.after(() => wire.destroy())
  for (let i = 0; i < 3; i++) {
    await wire.send(GET)
    const reply = await wire.receive()
    assert.equal(header(reply, 'Connection'), 'keep-alive')
    assert.equal(header(reply, 'Keep-Alive'), undefined)
  }
})

// Node closes an idle connection after 5 s (6 s with its buffer); here it never does.
test('a connection that was idle for seven seconds serves the next request', async (t) => {
  const { port } = await start(t)
  const wire = await connect(port)
  t.after(() => wire.destroy())
  await wire.send(GET)
  await wire.receive()
  await sleep(7_000)
  assert.deepEqual(wire.state(), { open: true, unread: Buffer.alloc(0) })
  await wire.send(GET)
  assert.equal((await wire.receive()).status, 200)
})

test('an agent that keeps connections gets every answer over one', async (t) => {
  const { port } = await start(t)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.after(() => agent.destroy())
  const ports = new Set<number | undefined>()
  for (let i = 0; i < 20; i++) {
    const request = httpRequest({ port, host: '127.0.0.1', agent }).end()
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    ports.add(response.socket.localPort)
    await response.resume().toArray()
  }
  assert.equal(ports.size, 1)
})

test('CONNECT gets a 401 without the token, and a 405 with it, and no more', async (t) => {
  const { port } = await start(t)
  const connectTo = (extra: string) => `CONNECT localhost:2773 HTTP/1.1\r\nHost: localhost\r\n${extra}\r\n`
  isRefusal((await exchange(port, connectTo('')))[0], 'badToken')
  isRefusal((await exchange(port, connectTo('X-Aws-Parameters-Secrets-Token: wrong\r\n')))[0], 'badToken')
  const [reply] = await exchange(port, connectTo(`x-aws-parameters-secrets-token: ${TOKEN}\r\n`))
  isRefusal(reply, 'method')
  assert.equal(header(reply!, 'Connection'), 'close')
  assert.ok(await isServed(port))
})

// What has arrived on such a port, and what came out of a random generator that liked control characters.
const GARBAGE: Readonly<Record<string, Buffer | string>> = {
  'a TLS ClientHello': Buffer.from('160301020001 0001fc0303aabbccddeeff'.replaceAll(' ', ''), 'hex'),
  'the HTTP/2 preface': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'an unknown method': 'BREW /pot HTTP/1.1\r\n\r\n',
  'no HTTP at all': 'hello\r\n\r\n',
  zeros: Buffer.alloc(64),
  'bytes above ASCII': Buffer.from([0xff, 0xfe, 0x80, 0x0d, 0x0a, 0x0d, 0x0a]),
  'a target with a blank': 'GET /secretsmanager/get?secretId=a b HTTP/1.1\r\nHost: x\r\n\r\n',
  'a target with a byte above ASCII': 'GET /\xe9 HTTP/1.1\r\nHost: x\r\n\r\n',
  'a header without a colon': 'GET / HTTP/1.1\r\nHost x\r\n\r\n',
  'a header with a NUL': 'GET / HTTP/1.1\r\nHost: a\u0000b\r\n\r\n',
  'two lengths that differ': 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
  'a length and chunks':
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'HTTP of another century': 'GET / HTTP/3.7\r\n\r\n',
}

for (const [what, bytes] of Object.entries(GARBAGE)) {
  test(`${what} is answered as malformed, its connection closed, and the next request served`, async (t) => {
    const { port } = await start(t)
    const wire = await connect(port)
    t.after(() => wire.destroy())
    await wire.send(bytes)
    const reply = await wire.receive()
    isRefusal(reply, 'malformedRequest')
    assert.equal(header(reply, 'Connection'), 'close')
    assert.deepEqual(await wire.closed(), Buffer.alloc(0))
    assert.ok(await isServed(port))
  })
}

/** What cannot be read of a HEAD, or may be one, and the answers to it. */
const HEADS: Readonly<Record<string, [sent: readonly string[], why: keyof typeof rejects, before?: number]>> =
  {
    'a header without a colon': [['HEAD / HTTP/1.1\r\nHost x\r\n\r\n'], 'malformedRequest'],
    'HTTP of another century': [['HEAD / HTTP/3.7\r\n\r\n'], 'malformedRequest'],
    'a target with a blank': [['HEAD /a b HTTP/1.1\r\nHost: x\r\n\r\n'], 'malformedRequest'],
    'two lengths': [
      ['HEAD / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'],
      'malformedRequest',
    ],
    'an empty line before it': [['\r\nHEAD / HTTP/1.1\r\nHost x\r\n\r\n'], 'malformedRequest'],
    'a GET before it': [[`${GET}HEAD / HTTP/1.1\r\nHost x\r\n\r\n`], 'malformedRequest', 1],
    'a second packet': [['HEAD / HTTP/1.1\r\nHost: x\r\n', 'Host x\r\n\r\n'], 'malformedRequest'],
    'large headers': [[`HEAD / HTTP/1.1\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`], 'headersTooLarge'],
    'a large target': [[`HEAD /${'x'.repeat(70_000)} HTTP/1.1\r\n\r\n`], 'headersTooLarge'],
  }

for (const [what, [packets, why, before = 0]] of Object.entries(HEADS)) {
  test(`a HEAD with ${what} is refused without a body, and the next request served`, async (t) => {
    const { port } = await start(t)
    const wire = await connect(port)
    t.after(() => wire.destroy())
    for (const packet of packets) {
      await wire.send(packet)
      await exchange(port, GET)
    }
    for (let i = 0; i < before; i++) assert.equal((await wire.receive()).status, 200)
    isBodiless(await wire.receive(), why)
    assert.deepEqual(await wire.closed(), Buffer.alloc(0))
    assert.ok(await isServed(port))
  })
}

test('a client that sends nothing, or an incomplete request, and leaves, disturbs no other', async (t) => {
  const { port } = await start(t)
  for (const bytes of ['', 'GET / HT', 'GET / HTTP/1.1\r\nHost: x\r\n']) {
    const wire = await connect(port)
    await wire.send(bytes)
    wire.destroy()
  }
  assert.ok(await isServed(port))
})

test('headers of 60 KB are read, and those over 64 KB are refused with 431', async (t) => {
  const { port } = await start(t)
  const withHeader = (length: number) =>
    `GET / HTTP/1.1\r\nHost: localhost\r\nX-Large: ${'x'.repeat(length)}\r\n\r\n`
  assert.equal((await exchange(port, withHeader(60_000)))[0]?.status, 200)
  const [reply] = await exchange(port, withHeader(66_000))
  isBodiless(reply, 'headersTooLarge')
  assert.ok(await isServed(port))
})

test('a request that comes byte by byte, and several in one piece, are each answered', async (t) => {
  const { port } = await start(t)
  const [slow] = await exchange(port, GET, { splitAt: 'every' })
  assert.equal(slow?.status, 200)
  const replies = await exchange(port, GET.repeat(5), { replies: 5 })
  assert.deepEqual(
    replies.map(({ status }) => status),
    [200, 200, 200, 200, 200],
  )
})

test('HTTP/1.0, no Host, Connection: close, h2c and Expect all reach the handler', async (t) => {
  const targets: (string | undefined)[] = []
  const { port } = await start(t, (request, response) => {
    targets.push(request.url)
    echo(request, response)
  })
  for (const [target, request] of [
    ['/1.0', 'GET /1.0 HTTP/1.0\r\n\r\n'],
    ['/no-host', 'GET /no-host HTTP/1.1\r\n\r\n'],
    ['/close', 'GET /close HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'],
    [
      '/h2c',
      'GET /h2c HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAA\r\n\r\n',
    ],
    ['/expect', 'GET /expect HTTP/1.1\r\nHost: x\r\nExpect: the-unexpected\r\n\r\n'],
  ] as const) {
    const [reply] = await exchange(port, request)
    assert.equal(reply?.status, 200, target)
    assert.equal(targets.at(-1), target)
  }
})

test('a client that closes its sending half still gets its answer', async (t) => {
  const { port } = await start(t, (request, response) => void setTimeout(() => echo(request, response), 50))
  const [reply] = await exchange(port, GET, { halfClose: true })
  assert.equal(reply?.status, 200)
})

test('close answers the requests that it has, and takes no new connection meanwhile', async (t) => {
  const { until, release } = gate()
  const arrived = gate()
  const { port, server } = await start(t, (request, response) => {
    arrived.release()
    void until.then(() => echo(request, response))
  })
  const wire = await connect(port)
  await wire.send(GET)
  await arrived.until
  const closing = server.close(Date.now() + 20_000)
  await eventually(
    'refused',
    async () =>
      !(await connect(port).then(
        (one) => (one.destroy(), true),
        () => false,
      )),
  )
  assert.equal(wire.state().open, true)
  release()
  assert.equal((await wire.receive()).status, 200)
  await closing
  await wire.closed()
})

for (const how of ['has closed its sending half', 'has gone']) {
  test(`close does not wait for a caller who ${how}`, { timeout: 30_000 }, async (t) => {
    const received = gate()
    const { port, server } = await start(t, () => received.release())
    const wire = await connect(port)
    await wire.send(GET)
    await received.until
    if (how === 'has gone') wire.destroy()
    else wire.halfClose()
    await server.close(Date.now() + 3_600_000)
  })
}

test('close is over at its deadline although a request still waits', async (t) => {
  const arrived = gate()
  const { port, server } = await start(t, arrived.release)
  const wire = await connect(port)
  await wire.send(GET)
  await arrived.until
  const startedAt = Date.now()
  await server.close(startedAt + 200)
  const took = Date.now() - startedAt
  assert.ok(took >= 190, `not before: ${took} ms`)
  await wire.closed()
})

test('a deadline that is past ends everything at once', async (t) => {
  const { port, server } = await start(t, () => {})
  const wire = await connect(port)
  await wire.send(GET)
  await server.close(Date.now() - 1)
  await wire.closed()
})

// The deadline is far away: were any of these waited for, the test would run into its own timeout.
test(
  'idle and silent connections, and those with an incomplete request, are closed long before the deadline',
  { timeout: 30_000 },
  async (t) => {
    const { port, server } = await start(t)
    const idle = await connect(port)
    await idle.send(GET)
    await idle.receive()
    const silent = await connect(port)
    const half = await connect(port)
    await half.send('GET / HTTP/1.1\r\nHos')
    await server.close(Date.now() + 3_600_000)
    await Promise.all([idle.closed(), silent.closed(), half.closed()])
  },
)

test('close before listen, and close twice, are over at once', { timeout: 30_000 }, async (t) => {
  const { server } = await create(t)
  await server.close(Date.now() + 3_600_000)
  const other = await start(t)
  await Promise.all([other.server.close(Date.now() + 3_600_000), other.server.close(Date.now() + 3_600_000)])
  await other.server.close(Date.now() + 3_600_000)
  assert.equal(await isServed(other.port), false)
})
