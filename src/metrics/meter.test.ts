import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BOUNDS_SECONDS, Meter } from './meter.ts'
import { prometheusText } from './prometheus.ts'

const STATS = { hits: 1, misses: 2, coalesced: 3, evictions: 4, refreshedAhead: 5, stale: 6, negative: 7 }

test('a call counts in the smallest bound that it does not exceed', () => {
  const meter = new Meter(() => 0)
  for (const ms of [0, 5, 5.1, 1000, 10_001]) meter.called(ms, 'answered')
  const { counts, count, sumMs } = meter.totals(STATS, { prefetched: 0, failovers: 0 }).calls
  assert.deepEqual(
    BOUNDS_SECONDS.map((bound, i) => [bound, counts[i]]).filter(([, n]) => n !== 0),
    [
      [0.005, 2],
      [0.01, 1],
      [1, 1],
    ],
  )
  assert.deepEqual([count, sumMs], [5, 11_011.1])
})

test('a throttled call is an error, too', () => {
  const meter = new Meter(() => 0)
  meter.called(1, 'failed')
  meter.called(1, 'throttled')
  meter.called(1, 'answered')
  const { upstreamErrors, throttles } = meter.totals(STATS, { prefetched: 0, failovers: 0 })
  assert.deepEqual([upstreamErrors, throttles], [2, 1])
})

test('of many latencies a hundred are kept, of few all, and taking them begins anew', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(10_000), { maxLength: 300 }),
      fc.infiniteStream(fc.double({ min: 0, max: 0.999 })),
      (latencies, random) => {
        const meter = new Meter(() => random.next().value as number)
        for (const ms of latencies) meter.called(ms, 'answered')
        const taken = meter.takeSamples()
        assert.equal(taken.length, Math.min(latencies.length, 100))
        const left = [...latencies]
        for (const ms of taken) {
          const at = left.indexOf(ms)
          assert.ok(at !== -1)
          left.splice(at, 1)
        }
        assert.deepEqual(meter.takeSamples(), [])
      },
    ),
  )
})

test('the buckets of a histogram count all below their bound, and the last counts all', () => {
  const meter = new Meter(() => 0)
  for (const ms of [1, 7, 20_000]) meter.called(ms, 'answered')
  const text = prometheusText(meter.totals(STATS, { prefetched: 8, failovers: 2 }))
  const buckets = [...text.matchAll(/_bucket\{le="([^"]+)"\} (\d+)/g)].map(([, le, n]) => `${le} ${n}`)
  assert.deepEqual(
    [buckets[0], buckets[1], buckets.at(-2), buckets.at(-1)],
    ['0.005 1', '0.01 2', '10 2', '+Inf 3'],
  )
  assert.match(text, /^parameters_secrets_extension_prefetched_total 8$/m)
  assert.match(text, /^parameters_secrets_extension_failovers_total 2$/m)
  assert.ok(text.endsWith('\n'))
})
