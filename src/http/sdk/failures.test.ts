import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UpstreamError } from '../../errors.ts'
import { secretLookup } from '../../lookup.ts'
import { say } from '../../public.ts'
import { createFailureMemory } from './failures.ts'

const failure = (attempts = 3) =>
  new UpstreamError({ code: say`TimeoutError`, reason: say`why`, report: say`the whole story`, attempts })
const secrets = (...names: string[]) => names.map((name) => secretLookup(name))
const A = secrets('a')
const noAnswers = () => 0

test('a failure is remembered for half a minute, by the call that failed', () => {
  const clock = { now: 1_000_000 }
  const memory = createFailureMemory(noAnswers, () => clock.now)
  const error = failure()
  memory.remember('call', A, error)
  assert.equal(memory.of('call', A), error)
  assert.equal(memory.of('another call', A), undefined)
  clock.now += 29_999
  assert.equal(memory.of('call', A), error)
  clock.now += 1
  assert.equal(memory.of('call', A), undefined)
})

test('a failure is not given to a call for something else', () => {
  const memory = createFailureMemory(noAnswers)
  memory.remember('call', secrets('a', 'b'), failure())
  for (const other of [secrets('a'), secrets('b'), secrets('b', 'a'), secrets('a', 'b', 'c')]) {
    assert.equal(memory.of('call', other), undefined)
  }
  assert.notEqual(memory.of('call', secrets('a', 'b')), undefined)
})

test('a failure after fewer than three attempts is not remembered', () => {
  const memory = createFailureMemory(noAnswers)
  for (const attempts of [0, 1, 2]) memory.remember('call', A, failure(attempts))
  assert.equal(memory.of('call', A), undefined)
  memory.remember('call', A, failure(4))
  assert.notEqual(memory.of('call', A), undefined)
})

test('all failures are forgotten at once', () => {
  const memory = createFailureMemory(noAnswers)
  memory.remember('call', A, failure())
  memory.forget()
  assert.equal(memory.of('call', A), undefined)
})

test('a failure counts until AWS has answered anything', () => {
  let answers = 7
  const memory = createFailureMemory(() => answers)
  memory.remember('call', A, failure())
  assert.notEqual(memory.of('call', A), undefined)
  answers++
  assert.equal(memory.of('call', A), undefined)
  memory.remember('call', A, failure())
  assert.notEqual(memory.of('call', A), undefined)
})

test('a clock that was set back by long forgets', () => {
  const clock = { now: 1_000_000 }
  const memory = createFailureMemory(noAnswers, () => clock.now)
  memory.remember('call', A, failure())
  clock.now -= 60_000
  assert.equal(memory.of('call', A), undefined)
})

test('a hundred failures are remembered, and the oldest makes room; a call with endless names is not', () => {
  const memory = createFailureMemory(noAnswers)
  for (let i = 0; i < 101; i++) memory.remember(`call ${i}`, A, failure())
  assert.equal(memory.of('call 0', A), undefined)
  assert.notEqual(memory.of('call 1', A), undefined)
  assert.notEqual(memory.of('call 100', A), undefined)
  const endless = secrets('a'.repeat(5_000))
  memory.remember('call', endless, failure())
  assert.equal(memory.of('call', endless), undefined)
})
