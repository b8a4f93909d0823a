import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  endedAtExpiry,
  freshnessAt,
  isFresh,
  isPaused,
  lifeOf,
  noAttempts,
  pauseAfterFailure,
  PLAIN,
  takeAttempt,
} from './freshness.ts'

test('an answer is fresh from when it was asked for until the millisecond before its time is over', () => {
  const life = lifeOf(1_000, 300, { rules: PLAIN, random: Math.random })
  assert.deepEqual(
    [1_000, 1_299, 1_300, Number.MAX_SAFE_INTEGER].map((now) => freshnessAt(life, now)),
    ['fresh', 'fresh', 'gone', 'gone'],
  )
})

test('a clock that went backwards makes an answer gone, and not stale', () => {
  assert.equal(freshnessAt(lifeOf(1_000, 300, { rules: PLAIN, random: Math.random }), 999), 'gone')
})

test('a time to live of 0 is never fresh', () => {
  assert.equal(freshnessAt(lifeOf(1_000, 0, { rules: PLAIN, random: Math.random }), 1_000), 'gone')
})

test('the common case says the same as the whole policy, at every instant of every life', () => {
  const instant = fc.nat(100)
  fc.assert(
    fc.property(fc.tuple(instant, instant, instant, instant, instant), instant, (instants, now) => {
      const [storedAt = 0, dueAt = 0, expiresAt = 0, staleAt = 0, goneAt = 0] = instants.toSorted(
        (a, b) => a - b,
      )
      const life = { storedAt, dueAt, expiresAt, staleAt, goneAt }
      assert.equal(isFresh(life, now), freshnessAt(life, now) === 'fresh')
    }),
  )
})

const AHEAD = { ...PLAIN, refreshAheadPercent: 20, staleMs: 5_000 }

test('an answer becomes due in the first half of the last part of its time, spread by the dice', () => {
  const dueAt = (dice: number) => lifeOf(0, 100_000, { rules: AHEAD, random: () => dice }).dueAt
  assert.deepEqual([dueAt(0), dueAt(0.5), dueAt(1)], [80_000, 85_000, 90_000])
})

test('after its time it is stale for as long as the rules say, and then gone', () => {
  const life = lifeOf(0, 100_000, { rules: AHEAD, random: () => 0 })
  assert.deepEqual(
    [79_999, 80_000, 99_999, 100_000, 104_999, 105_000].map((now) => freshnessAt(life, now)),
    ['fresh', 'due', 'due', 'stale', 'stale', 'gone'],
  )
})

test('after its time it is overdue first, then stale, and never gone before either is over', () => {
  const instants = [100_000, 101_999, 102_000, 104_999, 105_000]
  for (const [revalidateMs, staleMs, expected] of [
    [2_000, 5_000, ['overdue', 'overdue', 'stale', 'stale', 'gone']],
    [5_000, 2_000, ['overdue', 'overdue', 'overdue', 'overdue', 'gone']],
    [5_000, 0, ['overdue', 'overdue', 'overdue', 'overdue', 'gone']],
    [0, 5_000, ['stale', 'stale', 'stale', 'stale', 'gone']],
  ] as const) {
    const life = lifeOf(0, 100_000, { rules: { ...PLAIN, revalidateMs, staleMs }, random: () => 0 })
    assert.deepEqual(
      instants.map((now) => freshnessAt(life, now)),
      expected,
    )
    const ended = endedAtExpiry(life)
    assert.deepEqual(
      [99_999, 100_000].map((now) => freshnessAt(ended, now)),
      ['fresh', 'gone'],
    )
  }
})

test('refreshes ahead are tried after 1, 2, 4 seconds and so on, and at last every 30', () => {
  const attempts = noAttempts()
  const tried: number[] = []
  for (let now = 1_000_000; now < 1_000_000 + 130_000; now += 100) {
    if (takeAttempt(attempts, now)) tried.push((now - 1_000_000) / 1_000)
  }
  assert.deepEqual(tried, [0, 1, 3, 7, 15, 31, 61, 91, 121])
})

test('a clock that was set back does not put off the next attempt for longer than the longest delay', () => {
  const attempts = noAttempts()
  takeAttempt(attempts, 9_000_000)
  assert.equal(takeAttempt(attempts, 1_000_000), true)
})

test('after a failure a stale answer needs no question for four to six seconds', () => {
  const pauses = [0, 0.5, 1].map((dice) => {
    const attempts = noAttempts()
    pauseAfterFailure(attempts, 1_000_000, () => dice)
    return attempts.staleUntil - 1_000_000
  })
  assert.deepEqual(pauses, [4_000, 5_000, 6_000])
})

test('a clock that was set back ends the pause, and one that was set back before it does not begin one', () => {
  const attempts = noAttempts()
  assert.equal(isPaused(attempts, 1_000_000), false)
  pauseAfterFailure(attempts, 9_000_000, () => 0.5)
  assert.deepEqual(
    [9_000_000, 9_004_999, 9_005_000, 8_900_000].map((now) => isPaused(attempts, now)),
    [true, true, false, false],
  )
})

test('the pause doubles with each failure in a row, up to 40 seconds', () => {
  const attempts = noAttempts()
  const pauses = [1, 2, 3, 4, 5].map(() => {
    pauseAfterFailure(attempts, 1_000_000, () => 0.5)
    return attempts.staleUntil - 1_000_000
  })
  assert.deepEqual(pauses, [5_000, 10_000, 20_000, 40_000, 40_000])
})
