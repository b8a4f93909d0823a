import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCurrentTokenCheck } from './token.ts'

/** An endpoint whose token changes, seen through a cache that is a step behind. Pauses pass at once. */
function endpoint(held: string | undefined) {
  const state = { held, newest: held, now: 1_000_000, requests: 0, paused: 0 }
  const isCurrent = createCurrentTokenCheck({
    current: async () => [state.held ?? []].flat(),
    renew: async () => {
      state.requests++
      state.held = state.newest
    },
    now: () => state.now,
    pause: async (ms) => {
      state.paused += ms
      state.now += ms
    },
  })
  return { state, isCurrent }
}

test('the token in use opens the door, and nobody is asked', async () => {
  const { state, isCurrent } = endpoint('token-1')
  assert.equal(await isCurrent('token-1'), true)
  assert.equal(state.requests, 0)
})

test('a newer token opens the door as soon as it is shown, and an older one only while it is named', async () => {
  const { state, isCurrent } = endpoint('token-1')
  state.newest = 'token-2'
  assert.equal(await isCurrent('token-2'), true)
  assert.deepEqual([state.requests, state.paused], [1, 0])
  assert.equal(await isCurrent('token-1'), false)
})

test('an empty token matches nothing, not even where there is none to match', async () => {
  for (const held of ['token-1', '', undefined]) assert.equal(await endpoint(held).isCurrent(''), false)
})

test('wrong tokens have the endpoint asked once a second, and the one in use does not wait', async () => {
  const { state, isCurrent } = endpoint('token-1')
  const wrong = (count: number) =>
    Promise.all(Array.from({ length: count }, (_, i) => isCurrent(`wrong-${i}`)))
  assert.deepEqual(new Set(await wrong(50)), new Set([false]))
  assert.deepEqual([state.requests, state.paused], [1, 0])
  assert.deepEqual(new Set(await wrong(50)), new Set([false]))
  assert.deepEqual([state.requests, state.paused], [2, 1_000])
  assert.equal(await isCurrent('token-1'), true)
  assert.deepEqual([state.requests, state.paused], [2, 1_000])
})

test('a newer token is not refused because a wrong one was shown a moment ago', async () => {
  const { state, isCurrent } = endpoint('token-1')
  await isCurrent('wrong')
  state.newest = 'token-2'
  const [wrong, right] = await Promise.all([isCurrent('wrong'), isCurrent('token-2')])
  assert.deepEqual([wrong, right], [false, true])
  assert.deepEqual([state.requests, state.paused], [2, 1_000])
})

test('a question that was sent before a rotation does not refuse the token from after it', async () => {
  let held = 'token-1'
  const answers: (() => void)[] = []
  const isCurrent = createCurrentTokenCheck({
    current: async () => [held],
    renew: () => new Promise<void>((answer) => answers.push(answer)),
    now: () => 1_000_000,
    pause: async () => undefined,
  })
  const requested = async (count: number) => {
    while (answers.length < count) await new Promise(setImmediate)
  }
  const first = isCurrent('wrong')
  await requested(1)
  const second = isCurrent('token-2')
  await new Promise(setImmediate)
  answers[0]!()
  assert.equal(await first, false)
  await requested(2)
  held = 'token-2'
  answers[1]!()
  assert.equal(await second, true)
})

test('a clock that is set back makes nobody wait', async () => {
  const { state, isCurrent } = endpoint('token-1')
  await isCurrent('wrong')
  state.now -= 86_400_000
  state.newest = 'token-2'
  assert.equal(await isCurrent('token-2'), true)
  assert.equal(state.paused, 0)
})

test('an endpoint that fails is no open door', async () => {
  const isCurrent = createCurrentTokenCheck({
    current: async () => [],
    renew: async () => undefined,
    now: () => 1_000_000,
    pause: async () => undefined,
  })
  for (const presented of ['', 'undefined', 'token-1']) assert.equal(await isCurrent(presented), false)
})
