import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCurrentTokenCheck } from './token.ts'

/** An endpoint whose token changes, seen through a cache that is a step behind. */
function endpoint(held: string | undefined) {
  const state = { held, newest: held, now: 1_000_000, asked: 0 }
  const isCurrent = createCurrentTokenCheck({
    current: async () => [state.held ?? []].flat(),
    renewed: async () => {
      state.asked++
      if (state.newest === state.held) return []
      state.held = state.newest
      return [state.held ?? []].flat()
    },
    now: () => state.now,
  })
  return { state, isCurrent }
}

test('the token in use opens the door, and nobody is asked', async () => {
  const { state, isCurrent } = endpoint('token-1')
  assert.equal(await isCurrent('token-1'), true)
  assert.equal(state.asked, 0)
})

test('a newer token opens the door as soon as it is shown, and an older one only while it is named', async () => {
  const { state, isCurrent } = endpoint('token-1')
  state.newest = 'token-2'
  assert.equal(await isCurrent('token-2'), true)
  assert.equal(await isCurrent('token-1'), false)
})

test('an empty token matches nothing, not even where there is none to match', async () => {
  for (const held of ['token-1', '', undefined]) assert.equal(await endpoint(held).isCurrent(''), false)
})

test('wrong tokens have the endpoint asked once a second, and a right one does not suffer', async () => {
  const { state, isCurrent } = endpoint('token-1')
  for (let i = 0; i < 50; i++) assert.equal(await isCurrent(`wrong-${i}`), false)
  assert.equal(state.asked, 1)
  assert.equal(await isCurrent('token-1'), true)
  state.now += 999
  await isCurrent('wrong')
  assert.equal(state.asked, 1)
  state.now += 1
  await isCurrent('wrong')
  assert.equal(state.asked, 2)
})

test('a clock that is set back does not close the door for longer', async () => {
  const { state, isCurrent } = endpoint('token-1')
  await isCurrent('wrong')
  state.now -= 86_400_000
  state.newest = 'token-2'
  assert.equal(await isCurrent('token-2'), true)
})

test('an endpoint that fails is no open door', async () => {
  const isCurrent = createCurrentTokenCheck({
    current: async () => [],
    renewed: async () => [],
    now: () => 1_000_000,
  })
  for (const presented of ['', 'undefined', 'token-1']) assert.equal(await isCurrent(presented), false)
})
