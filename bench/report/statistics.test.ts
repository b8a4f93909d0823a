import assert from 'node:assert/strict'
import test from 'node:test'
import { difference, effect, estimate } from './statistics.ts'

const oneTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1)

test('the interval of a median spans the ranks that the tables of order statistics give', () => {
  // Ranks at 95 %: W. J. Conover, "Practical Nonparametric Statistics", as (lower, upper) for n.
  const ranks = {
    6: [1, 6],
    8: [1, 8],
    9: [2, 8],
    12: [3, 10],
    15: [4, 12],
    20: [6, 15],
    25: [8, 18],
    30: [10, 21],
  }
  for (const [n, [low, high]] of Object.entries(ranks)) {
    assert.deepEqual(estimate(oneTo(Number(n))).interval, { low, high }, `n = ${n}`)
  }
})

test('fewer than six samples have a median and no interval', () => {
  assert.deepEqual(estimate([3, 1, 2]), { median: 2, interval: undefined, n: 3 })
  assert.equal(estimate(oneTo(5)).interval, undefined)
})

test('no samples have neither', () => {
  const { median, interval, n } = estimate([])
  assert.deepEqual([median, interval, n], [Number.NaN, undefined, 0])
})

test('a clear effect is claimed in its direction', () => {
  const before = oneTo(20).map((i) => 100 + i)
  const faster = effect(
    before,
    before.map((value) => value * 0.8),
  )
  assert.equal(faster.verdict, 'lower')
  assert.ok(Math.abs(faster.ratio - 0.8) < 1e-9)
  assert.equal(
    effect(
      before,
      before.map((value) => value * 1.3),
    ).verdict,
    'higher',
  )
})

test('nothing is claimed where the interval includes no effect', () => {
  const before = [100, 140, 90, 120, 105, 95, 130, 110]
  const after = [104, 138, 93, 118, 102, 99, 128, 113]
  const { verdict, interval } = effect(before, after)
  assert.equal(verdict, 'no claim')
  assert.ok(interval !== undefined && interval.low <= 1 && interval.high >= 1)
})

test('nothing is claimed from fewer than six samples, however far apart', () => {
  assert.equal(effect([1, 1, 1, 1, 1], [9, 9, 9, 9, 9, 9]).verdict, 'no claim')
})

test('the same samples give the same interval', () => {
  const [a, b] = [oneTo(12), oneTo(12).map((i) => i * i)]
  assert.deepEqual(effect(a, b), effect(a, b))
})

test('a difference is in the unit of the samples', () => {
  const base = oneTo(9)
  const added = difference(
    base,
    base.map((value) => value + 50),
  )
  assert.equal(added.value, 50)
  assert.ok(added.interval !== undefined && added.interval.low > 40 && added.interval.high < 60)
})

test('a figure of zero has no ratio, and so no interval of one', () => {
  const zero = Array.from({ length: 8 }, (_, i) => (i < 7 ? 0 : 1))
  for (const [from, to] of [
    [zero, zero],
    [zero, oneTo(8)],
  ]) {
    const { interval, verdict } = effect(from!, to!)
    assert.deepEqual([interval, verdict], [undefined, 'no claim'])
  }
})
