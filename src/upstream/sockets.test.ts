import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { startAws } from '../emulators/aws/index.ts'
import { secretLookup } from '../lookup.ts'
import { settingsFor } from '../testing/upstream-settings.ts'
import { createUpstream } from './index.ts'

// The wall clock is moved under the half and the emulator alike; their timers run on, as after a thaw.

const SECRET = secretLookup('a', undefined, undefined)

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

test('a socket whose idle time cannot be told, because the clock went back, is replaced', async (t) => {
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
