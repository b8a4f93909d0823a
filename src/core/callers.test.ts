import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Callers } from './callers.ts'

const here = () => true

test('a question that nobody has come for is wanted: who asks it does not say who waits', () => {
  const callers = new Callers()
  assert.equal(callers.isWanted('a'), true)
  callers.asking('a')
  assert.equal(callers.isWanted('a'), true)
})

test('a call is wanted as long as one of its callers is there', () => {
  const callers = new Callers()
  let isThere = true
  const leave = callers.enter('a', here)
  callers.enter('a', () => isThere)
  callers.asking('a')
  leave()
  assert.equal(callers.isWanted('a'), true)
  isThere = false
  assert.equal(callers.isWanted('a'), false)
  assert.equal(callers.isWanted('b'), true)
})

test('a call that all have left is not wanted, and the next one of that question is', () => {
  const callers = new Callers()
  const leave = callers.enter('a', here)
  callers.asking('a')
  leave()
  assert.equal(callers.isWanted('a'), false)
  callers.settled('a')
  assert.equal(callers.isWanted('a'), true)
})

test('who came and went without a call, as for what is held, makes no later call unwanted', () => {
  const callers = new Callers()
  callers.enter('a', here)()
  callers.asking('a')
  assert.equal(callers.isWanted('a'), true)
})
