import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createWake } from './wake.ts'

function start() {
  const clock = { now: 1_000_000 }
  return { clock, wake: createWake(() => clock.now) }
}

test('a gap of more than a second during a call is a sleep, and one between calls is none', async () => {
  const { clock, wake } = start()
  await wake.during(() => Promise.resolve())
  clock.now += 60_000
  assert.equal(wake.wokeAt(), 0)
  await wake.during(async () => {
    await Promise.resolve()
    clock.now += 1_000
    assert.equal(wake.wokeAt(), 0, 'a look may be late')
    clock.now += 1_001
    assert.equal(wake.wokeAt(), clock.now)
  })
})

test('the latest sleep is remembered, and a call that begins after it is from after it', async () => {
  const { clock, wake } = start()
  const wokeAt = await wake.during(() => {
    clock.now += 5_000
    return Promise.resolve(wake.wokeAt())
  })
  await wake.during(() => Promise.resolve(assert.equal(wake.wokeAt(), wokeAt)))
})

test('a clock that was set back counts as a sleep', async () => {
  const { clock, wake } = start()
  await wake.during(() => {
    clock.now -= 1
    return Promise.resolve(assert.equal(wake.wokeAt(), clock.now))
  })
})

test('what a call rejects with is passed on, and the clock is looked at no more', async () => {
  const { clock, wake } = start()
  await assert.rejects(
    wake.during(() => Promise.reject(new Error('no'))),
    /^Error: no$/,
  )
  clock.now += 60_000
  assert.equal(wake.wokeAt(), 0)
})
