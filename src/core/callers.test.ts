import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Callers } from './callers.ts'

const there = () => true

test('what nobody has asked for by a request is wanted', () => {
  assert.equal(new Callers().isWanted('a'), true)
})

test('it is wanted until the last caller has left, and again when another comes', () => {
  const callers = new Callers()
  const leave = [callers.enter('a', () => true), callers.enter('a', () => true)]
  leave[0]!()
  assert.equal(callers.isWanted('a'), true)
  leave[1]!()
  assert.equal(callers.isWanted('a'), false)
  assert.equal(callers.isWanted('b'), true)
  callers.enter('a', there)
  assert.equal(callers.isWanted('a'), true)
})

test('a caller who has not left but is not there any more wants nothing', () => {
  const callers = new Callers()
  let isThere = true
  callers.enter('a', () => isThere)
  assert.equal(callers.isWanted('a'), true)
  isThere = false
  assert.equal(callers.isWanted('a'), false)
})

test('a call that is over leaves nothing behind', () => {
  const callers = new Callers()
  callers.enter('a', there)()
  callers.settled('a')
  assert.equal(callers.isWanted('a'), true)
})
