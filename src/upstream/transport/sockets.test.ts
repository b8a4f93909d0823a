import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import test, { type TestContext } from 'node:test'
import { startAws } from '../../../local/emulators/aws/index.ts'
import { secretLookup } from '../../lookup.ts'
import { bodyOf } from '../../../test/body-of.ts'
import { upstreamBuilds } from '../../../test/upstream-builds.ts'
import { settingsFor } from '../../../test/upstream-settings.ts'
import { createUpstream } from '../index.ts'

// The wall clock is moved under the upstream part and the emulator alike; their timers run on, as after a thaw.

const SECRET = secretLookup('a')

async function setUp(t: TestContext) {
  const start = Date.now()
  t.mock.timers.enable({ apis: ['Date'], now: start })
  const aws = await startAws({ seed: { secrets: { a: { value: 'x' } } } })
  const upstream = createUpstream(settingsFor(aws.url))
  t.after(async () => {
    upstream.reset()
    await aws.close()
  })
  const later = (ms: number) => t.mock.timers.setTime(start + ms)
  return { aws, upstream, later }
}

test('a socket that idled for a moment is used again', async (t) => {
  const { aws, upstream, later } = await setUp(t)
  await upstream.fetch(SECRET)
  later(3_900)
  await upstream.fetch(SECRET)
  assert.equal(aws.connections(), 1)
})

test('a socket that idled longer, as over a freeze, is replaced before the next call', async (t) => {
  const { aws, upstream, later } = await setUp(t)
  await upstream.fetch(SECRET)
  later(4_100)
  await upstream.fetch(SECRET)
  assert.equal(aws.connections(), 2)
  assert.equal(aws.calls(), 2)
})

test('a socket whose idle time is unknown, because the clock went back, is replaced', async (t) => {
  const { aws, upstream, later } = await setUp(t)
  await upstream.fetch(SECRET)
  later(-60_000)
  await upstream.fetch(SECRET)
  assert.equal(aws.connections(), 2)
})

test('sockets that the far end closed meanwhile cost no failure', async (t) => {
  const { aws, upstream } = await setUp(t)
  await Promise.all([upstream.fetch(SECRET), upstream.fetch(SECRET), upstream.fetch(SECRET)])
  assert.equal(aws.dropConnections(), 3)
  await Promise.all([upstream.fetch(SECRET), upstream.fetch(SECRET), upstream.fetch(SECRET)])
  assert.equal(aws.peakConnections(), 3)
})

test('a reset throws away the sockets, and the next call opens a new one', async (t) => {
  const { aws, upstream } = await setUp(t)
  await upstream.fetch(SECRET)
  upstream.reset()
  while (aws.openConnections() > 0) await new Promise(setImmediate)
  await upstream.fetch(SECRET)
  assert.equal(aws.connections(), 2)
})

for (const build of upstreamBuilds()) {
  /** A server whose answer arrives in two pieces, the second when the test says so. */
  async function serveInPieces(t: TestContext) {
    let started = () => {}
    let finish = () => {}
    const isStarted = new Promise<void>((resolve) => (started = resolve))
    let requests = 0
    const body = '{"ARN":"arn:x","Name":"a","SecretString":"whole"}'
    const server = createServer((req, res) => {
      req.resume().once('end', () => {
        if (++requests > 1) return res.end(body)
        finish = () => res.end(body.slice(9))
        res.write(body.slice(0, 5), started)
        more = () => res.write(body.slice(5, 9))
        return undefined
      })
    })
    let more: () => unknown = () => {}
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    const start = Date.now()
    t.mock.timers.enable({ apis: ['Date'], now: start })
    const { port } = server.address() as AddressInfo
    const upstream = build.createUpstream(settingsFor(`http://127.0.0.1:${port}`, { maxConnections: 2 }))
    t.after(() => {
      upstream.reset()
      server.closeAllConnections()
      server.close()
    })
    const later = (ms: number) => t.mock.timers.setTime(start + ms)
    const turn = () => new Promise((resolve) => setTimeout(resolve, 100))
    return {
      upstream,
      isStarted,
      later,
      turn,
      more: () => more(),
      finish: () => finish(),
      requests: () => requests,
    }
  }

  test(`${build.name}: an old answer that is still arriving is not cut when another call starts`, async (t) => {
    const { upstream, isStarted, later, turn, more, finish, requests } = await serveInPieces(t)
    const slow = upstream.fetch(SECRET)
    await isStarted
    later(12_000)
    more()
    await turn()
    later(20_000)
    assert.match(await bodyOf(upstream.fetch(secretLookup('b'))), /whole/)
    finish()
    assert.match(await bodyOf(slow), /whole/)
    assert.equal(requests(), 2)
  })

  test(`${build.name}: an answer that a freeze cut gives up its place to the next call`, async (t) => {
    const { upstream, isStarted, later, turn, requests } = await serveInPieces(t)
    const cut = upstream.fetch(SECRET)
    await isStarted
    await turn()
    later(20_000)
    assert.match(await bodyOf(upstream.fetch(secretLookup('b'))), /whole/)
    assert.match(await bodyOf(cut), /whole/)
    assert.equal(requests(), 3)
  })
}
