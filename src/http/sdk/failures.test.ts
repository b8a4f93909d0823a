import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UpstreamError } from '../../errors.ts'
import { say } from '../../public.ts'
import { createFailureMemory } from './failures.ts'

const failure = () => new UpstreamError(say`TimeoutError`, say`why`, say`the whole story`)

test('a failure is remembered for half a minute, by the call that failed', () => {
  const clock = { now: 1_000_000 }
  const memory = createFailureMemory(() => clock.now)
  const error = failure()
  memory.remember('a', error)
  assert.equal(memory.of('a'), error)
  assert.equal(memory.of('b'), undefined)
  clock.now += 29_999
  assert.equal(memory.of('a'), error)
  clock.now += 1
  assert.equal(memory.of('a'), undefined)
})

test('a clock that was set back by long forgets', () => {
  const clock = { now: 1_000_000 }
  const memory = createFailureMemory(() => clock.now)
  memory.remember('a', failure())
  clock.now -= 60_000
  assert.equal(memory.of('a'), undefined)
})

test('a hundred failures are remembered, and the oldest makes room', () => {
  const memory = createFailureMemory()
  for (let i = 0; i < 101; i++) memory.remember(`call ${i}`, failure())
  assert.equal(memory.of('call 0'), undefined)
  assert.notEqual(memory.of('call 1'), undefined)
  assert.notEqual(memory.of('call 100'), undefined)
})
