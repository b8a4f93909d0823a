import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { freshnessAt, isFresh, lifeOf } from './freshness.ts'

test('an answer is fresh from when it was asked for until the millisecond before its time is over', () => {
  const life = lifeOf(1_000, 300)
  assert.deepEqual(
    [1_000, 1_299, 1_300, Number.MAX_SAFE_INTEGER].map((now) => freshnessAt(life, now)),
    ['fresh', 'fresh', 'gone', 'gone'],
  )
})

test('a clock that went backwards makes an answer gone, and not stale', () => {
  assert.equal(freshnessAt(lifeOf(1_000, 300), 999), 'gone')
})

test('a time to live of 0 is never fresh', () => {
  assert.equal(freshnessAt(lifeOf(1_000, 0), 1_000), 'gone')
})

test('the common case says the same as the whole policy, at every instant of every life', () => {
  const instant = fc.nat(100)
  fc.assert(
    fc.property(fc.tuple(instant, instant, instant, instant), instant, (instants, now) => {
      const [storedAt, dueAt, expiresAt, goneAt] = instants.toSorted((a, b) => a - b) as [
        number,
        number,
        number,
        number,
      ]
      const life = { storedAt, dueAt, expiresAt, goneAt }
      assert.equal(isFresh(life, now), freshnessAt(life, now) === 'fresh')
    }),
  )
})
