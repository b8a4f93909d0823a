// The session token of container credentials, which rotates while we run.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gate } from '../testing/gate.ts'
import { createCurrentTokenCheck } from './token.ts'

/** An endpoint whose token the test rotates; what we hold changes only when we ask anew. */
function endpoint(held: string | undefined) {
  const state = { held, newest: held, now: 1_000_000, renewals: 0, until: Promise.resolve() }
  const isCurrent = createCurrentTokenCheck({
    current: () => Promise.resolve(state.held),
    renewed: async () => {
      state.renewals++
      await state.until
      if (state.newest === state.held) return undefined
      state.held = state.newest
      return state.held
    },
    now: () => state.now,
  })
  return { isCurrent, state }
}

test('the token in use matches without a further question', async () => {
  const { isCurrent, state } = endpoint('one')
  assert.equal(await isCurrent('one'), true)
  assert.equal(state.renewals, 0)
})

test('a caller who has seen the newer token first is let in after one question', async () => {
  const { isCurrent, state } = endpoint('one')
  state.newest = 'two'
  assert.equal(await isCurrent('two'), true)
  assert.equal(await isCurrent('two'), true)
  assert.equal(state.renewals, 1)
  assert.equal(await isCurrent('one'), false, 'and the older one is out')
})

test('two callers with the newer token at once are both let in, for one question', async () => {
  const { isCurrent, state } = endpoint('one')
  const { until, release } = gate()
  state.newest = 'two'
  state.until = until
  const callers = [isCurrent('two'), isCurrent('two'), isCurrent('wrong')]
  setImmediate(release)
  assert.deepEqual(await Promise.all(callers), [true, true, false])
  assert.equal(state.renewals, 1)
})

test('wrong tokens ask at most once a second', async () => {
  const { isCurrent, state } = endpoint('one')
  for (let ms = 0; ms < 1_000; ms += 111) {
    state.now = 1_000_000 + ms
    assert.equal(await isCurrent('wrong'), false)
  }
  assert.equal(state.renewals, 1)
  state.now = 1_000_999
  await isCurrent('wrong')
  assert.equal(state.renewals, 1)
  state.now = 1_001_000
  await isCurrent('wrong')
  assert.equal(state.renewals, 2)
})

test('a clock that went far back does not stop the asking', async () => {
  const { isCurrent, state } = endpoint('one')
  await isCurrent('wrong')
  state.now -= 500_000
  state.newest = 'two'
  assert.equal(await isCurrent('two'), true)
})

test('an empty token never matches, also where there is no token', async () => {
  for (const held of [undefined, '', 'one']) {
    const { isCurrent } = endpoint(held)
    assert.equal(await isCurrent(''), false)
    assert.equal(await isCurrent('undefined'), false)
  }
})

test('a question that fails fails its callers, and the next one is asked', async () => {
  let n = 0
  let now = 1_000_000
  const isCurrent = createCurrentTokenCheck({
    current: () => Promise.resolve('one'),
    renewed: () => (++n === 1 ? Promise.reject(new Error('no endpoint')) : Promise.resolve('two')),
    now: () => now,
  })
  await assert.rejects(isCurrent('two'), /no endpoint/)
  now += 1_000
  assert.equal(await isCurrent('two'), true)
})
