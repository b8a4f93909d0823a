import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { gate } from '../../../test/gate.ts'
import { connect, exchange } from '../../../tools/wire.ts'
import { ignoreUpgrades } from './upgrades.ts'

const OFFER = 'Connection: Upgrade\r\nUpgrade: h2c\r\n'
const get = (target: string, headers = ''): string => `GET ${target} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`

const echo: RequestListener = (request, response) => {
  let body = ''
  request.setEncoding('latin1').on('data', (chunk: string) => (body += chunk))
  request.on('end', () => response.end(request.url! + body))
}

/** A server over real sockets; at the end nothing has escaped and Node has warned of nothing. */
async function start(t: TestContext, listener: RequestListener = echo): Promise<number> {
  const noted: unknown[] = []
  const note = (error: unknown): void => void noted.push(error)
  for (const event of ['uncaughtException', 'unhandledRejection', 'warning']) process.on(event, note)
  const server = createServer({ keepAliveTimeout: 0, requireHostHeader: false }, listener)
  Object.assign(server, { httpAllowHalfOpen: true })
  ignoreUpgrades(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
    for (const event of ['uncaughtException', 'unhandledRejection', 'warning']) process.off(event, note)
    assert.deepEqual(noted, [])
  })
  return (server.address() as AddressInfo).port
}

async function bodies(port: number, text: string, count: number, splitAt?: 'every'): Promise<string[]> {
  const replies = await exchange(port, text, { replies: count, ...(splitAt && { splitAt }) })
  return replies.map(({ body }) => body.toString())
}

test('what is pipelined behind an upgrade is answered in order, however it is cut into packets', async (t) => {
  const port = await start(t)
  const text = get('/1', OFFER) + get('/2') + get('/3', OFFER) + get('/4', OFFER) + get('/5')
  const wanted = ['/1', '/2', '/3', '/4', '/5']
  assert.deepEqual(await bodies(port, text, 5), wanted)
  assert.deepEqual(await bodies(port, text, 5, 'every'), wanted)
})

test('a hundred upgrades on one connection are answered, and Node warns of nothing', async (t) => {
  const port = await start(t)
  const targets = Array.from({ length: 100 }, (_, i) => `/${i}`)
  assert.deepEqual(await bodies(port, targets.map((target) => get(target, OFFER)).join(''), 100), targets)
})

test('an upgrade waits for the answers to the requests before it', async (t) => {
  const { until, release } = gate()
  const port = await start(t, (request, response) => {
    if (request.url === '/slow') void until.then(() => echo(request, response))
    else echo(request, response)
  })
  const wire = await connect(port)
  await wire.send(get('/slow') + get('/quick') + get('/upgrade', OFFER) + get('/behind'))
  await exchange(port, get('/another'))
  await wire.send(get('/meanwhile'))
  await exchange(port, get('/another'))
  assert.equal(wire.state().unread.length, 0)
  release()
  for (const target of ['/slow', '/quick', '/upgrade', '/behind', '/meanwhile']) {
    assert.equal((await wire.receive()).body.toString(), target)
  }
  wire.destroy()
})

test('a client that sends a lot meanwhile gets all its answers', async (t) => {
  const { until, release } = gate()
  const port = await start(t, (request, response) => {
    if (request.url === '/slow') void until.then(() => echo(request, response))
    else echo(request, response)
  })
  const wire = await connect(port)
  await wire.send(get('/slow') + get('/upgrade', OFFER))
  const long = get('/long', `Long: ${'x'.repeat(10_000)}\r\n`)
  const sent = Promise.all(Array.from({ length: 50 }, () => wire.send(long)))
  await exchange(port, get('/another'))
  release()
  await sent
  assert.equal((await wire.receive()).body.toString(), '/slow')
  assert.equal((await wire.receive()).body.toString(), '/upgrade')
  for (let i = 0; i < 50; i++) assert.equal((await wire.receive()).body.toString(), '/long')
  wire.destroy()
})

test('a client that leaves meanwhile disturbs nobody', async (t) => {
  const { until, release } = gate()
  const port = await start(t, (request, response) => {
    if (request.url === '/slow') void until.then(() => echo(request, response))
    else echo(request, response)
  })
  const wire = await connect(port)
  await wire.send(get('/slow') + get('/upgrade', OFFER) + get('/behind'))
  await exchange(port, get('/another'))
  wire.destroy()
  await exchange(port, get('/another'))
  release()
  assert.deepEqual(await bodies(port, get('/next', OFFER) + get('/last'), 2), ['/next', '/last'])
})

test('behind answers that the client has not read yet an upgrade is answered too', async (t) => {
  const large = 'x'.repeat(1_000_000)
  const port = await start(t, (request, response) =>
    request.url === '/large' ? response.end(large) : echo(request, response),
  )
  const wire = await connect(port)
  await wire.send(get('/large').repeat(8) + get('/upgrade', OFFER) + get('/behind'))
  for (let i = 0; i < 8; i++) assert.equal((await wire.receive()).body.length, large.length)
  assert.equal((await wire.receive()).body.toString(), '/upgrade')
  assert.equal((await wire.receive()).body.toString(), '/behind')
  await wire.send(get('/later'))
  assert.equal((await wire.receive()).body.toString(), '/later')
  wire.destroy()
})

test('a client that closes its sending half behind an upgrade gets all its answers', async (t) => {
  const port = await start(t)
  const wire = await connect(port)
  await wire.send(get('/1') + get('/2', OFFER) + get('/3'))
  wire.halfClose()
  for (const target of ['/1', '/2', '/3']) assert.equal((await wire.receive()).body.toString(), target)
  assert.equal((await wire.closed()).length, 0)
})

test('an upgrade with a body is answered with it', async (t) => {
  const port = await start(t)
  const post = `POST /p HTTP/1.1\r\nHost: x\r\n${OFFER}Content-Length: 5\r\n\r\nhello`
  assert.deepEqual(await bodies(port, post, 1), ['/phello'])
})

test('the headers and the target of an upgrade arrive as they were sent', async (t) => {
  const seen: string[][] = []
  const port = await start(t, (request, response) => {
    seen.push([request.url!, ...request.rawHeaders])
    response.end()
  })
  await exchange(
    port,
    'GET /a?b=%20 HTTP/1.1\r\nHOST: x\r\nTwice: 1\r\nTwice: \u00e9\r\nEmpty:\r\nconnection: upgrade\r\nUPGRADE: h2c\r\n\r\n',
  )
  assert.deepEqual(seen, [
    ['/a?b=%20', 'HOST', 'x', 'Twice', '1', 'Twice', 'é', 'Empty', '', 'connection', 'upgrade'],
  ])
})
