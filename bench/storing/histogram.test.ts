import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { Histogram } from './histogram.ts'

test('percentiles lie within a bucket, 1.6 %, of the exact ones', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0.1, max: 1e7, noNaN: true }), { minLength: 1, maxLength: 300 }),
      (values) => {
        const histogram = new Histogram()
        for (const value of values) histogram.record(value)
        const sorted = values.toSorted((a, b) => a - b)
        for (const share of [0.5, 0.9, 0.99, 0.999]) {
          const exact = sorted[Math.ceil(share * sorted.length) - 1]!
          const got = histogram.percentile(share)
          assert.ok(
            Math.abs(got - exact) <= Math.max(exact * 0.016, 0.11) + 0.05,
            `p${share}: ${got}, exact ${exact}`,
          )
        }
      },
    ),
  )
})

test('what it writes it reads, to the same buckets', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1e9, noNaN: true })), (values) => {
      const histogram = new Histogram()
      for (const value of values) histogram.record(value)
      assert.deepEqual(Histogram.from(histogram.buckets()).buckets(), histogram.buckets())
      assert.equal(histogram.count, values.length)
    }),
  )
})

test('an empty one has no percentile', () => {
  assert.equal(new Histogram().percentile(0.5), Number.NaN)
})

test('a value beyond its range counts as the largest', () => {
  const histogram = new Histogram()
  histogram.record(1e12)
  assert.equal(histogram.count, 1)
  assert.ok(histogram.percentile(1) > 2e8)
})
