import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kindOf, placeOf } from './errors.ts'

test('an error is named by its class and code, whatever the type of the code', () => {
  assert.equal(kindOf(new TypeError('a value')), 'TypeError')
  assert.equal(kindOf(Object.assign(new Error('a value'), { code: 'EPIPE' })), 'Error EPIPE')
  assert.equal(kindOf(new DOMException('a value', 'AbortError')), 'AbortError 20')
  assert.equal(kindOf(Object.assign(new Error('a value'), { code: { toString: 1 } })), 'Error')
  for (const odd of [undefined, null, 'a value', 7, {}, () => {}]) assert.equal(kindOf(odd), typeof odd)
})

test('the place is a line of code, even where the message looks like one', () => {
  const place = placeOf(new Error('x\n    at the-secret-value (y)'))
  assert.match(place, /^at .*errors\.test\.ts/)
  assert.doesNotMatch(place, /the-secret-value/)
  for (const odd of [undefined, 'a value', Object.assign(new Error('x'), { stack: undefined })]) {
    assert.equal(placeOf(odd), '')
  }
})
