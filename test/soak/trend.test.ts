import assert from 'node:assert/strict'
import { test } from 'node:test'
import { growth, median, type Point } from './trend.ts'

function points(values: readonly number[]): Point[] {
  return values.map((value, at) => ({ at, value }))
}

test('a steady growth is seen for what it is', () => {
  assert.equal(growth(points([10, 12, 14, 16])), 6)
  assert.equal(growth(points([16, 14, 12, 10])), -6)
})

test('saw teeth around a level are no growth', () => {
  const teeth = Array.from({ length: 60 }, (_, i) => 50 + (i % 5) * 4)
  assert.ok(Math.abs(growth(points(teeth))) < 1)
})

test('a leak is seen under saw teeth', () => {
  const leak = Array.from({ length: 60 }, (_, i) => 50 + (i % 5) * 4 + i)
  assert.ok(Math.abs(growth(points(leak)) - 59) < 6)
})

test('a few wild points change nothing', () => {
  const wild = points(Array.from({ length: 40 }, (_, i) => (i % 9 === 0 ? 1_000 : 20)))
  assert.equal(growth(wild), 0)
})

test('one point, or none, has not grown', () => {
  assert.equal(growth([]), 0)
  assert.equal(growth(points([3])), 0)
})

test('the median is the middle, or the middle of the two in the middle', () => {
  assert.equal(median([3, 1, 2]), 2)
  assert.equal(median([4, 1, 3, 2]), 2.5)
})
