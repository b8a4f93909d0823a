import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as settle } from 'node:timers/promises'
import { PLAIN } from './freshness.ts'
import { failure, readThroughBench as bench, TTL_MS } from '../../test/read-through-bench.ts'

// What is not on by default: refreshes ahead of the expiry, stale answers, remembered absences.

const A = { key: 'a' }
const AHEAD = { rules: { ...PLAIN, refreshAheadPercent: 20 } }
const WAIT_MS = 500
const STALE = { rules: { ...PLAIN, staleMs: 600_000, staleWaitMs: WAIT_MS } }
const NEGATIVE = { negativeTtlMs: 10_000 }
/** With dice of 0.5, where an answer becomes due. */
const DUE_MS = TTL_MS * 0.85

test('a hit on an answer that is due is served at once, and starts one flight however many ask', async () => {
  const { cache, clock, fetches, read } = bench(AHEAD)
  await read(A, 'old')
  clock.now += DUE_MS - 1
  cache.get(A)
  assert.equal(fetches.length, 1, 'not yet')
  clock.now += 1
  for (let i = 0; i < 1_000; i++) assert.equal(cache.get(A), 'old')
  assert.equal(fetches.length, 2)
  assert.equal(fetches[1]!.purpose, 'ahead')
  fetches[1]!.resolve('new')
  await settle()
  assert.equal(cache.get(A), 'new')
  clock.now += DUE_MS - 1
  assert.equal(cache.get(A), 'new', 'its time counts from the refresh')
  assert.equal(fetches.length, 2)
  assert.equal(cache.stats().refreshedAhead, 1)
  assert.equal(cache.stats().misses, 1)
})

test('a refresh ahead that fails is quiet, and tried again after 1 s and then 2 s', async () => {
  const { cache, clock, fetches, read } = bench(AHEAD)
  await read(A, 'old')
  clock.now += DUE_MS
  const asked: number[] = []
  for (let ms = 0; ms < 4_000; ms += 100) {
    const before = fetches.length
    assert.equal(cache.get(A), 'old')
    if (fetches.length > before) {
      asked.push(ms)
      fetches.at(-1)!.reject(failure('transient'))
      await settle()
    }
    clock.now += 100
  }
  assert.deepEqual(asked, [0, 1_000, 3_000])
})

test('nothing older than its time to live is served by a refresh ahead', async () => {
  const { cache, clock, fetches, read } = bench(AHEAD)
  await read(A, 'old')
  clock.now += DUE_MS
  cache.get(A)
  clock.now += TTL_MS - DUE_MS
  assert.equal(cache.get(A), undefined)
  const loaded = cache.load(A)
  assert.equal(fetches.length, 2, 'who comes then joins the flight')
  fetches[1]!.resolve('new')
  assert.equal(await loaded, 'new')
})

test('a refresh ahead that a freeze cut costs one more flight, and no error', async () => {
  const { cache, clock, fetches, read } = bench({ ...AHEAD, ttl: 3_600_000 })
  await read(A, 'old')
  clock.now += 3_600_000 * 0.85
  assert.equal(cache.get(A), 'old')
  clock.now += 60_000
  clock.wokeAt = clock.now
  assert.equal(cache.get(A), 'old')
  assert.equal(fetches.length, 3)
  fetches[2]!.resolve('new')
  await settle()
  fetches[1]!.reject(failure('transient'))
  await settle()
  assert.equal(cache.get(A), 'new')
})

test('where AWS cannot be asked, the expired answer stands in, with its age', async () => {
  const { cache, clock, fetches, read } = bench(STALE)
  await read(A, 'old')
  clock.now += TTL_MS
  assert.equal(cache.get(A), undefined)
  const waiting = [cache.load(A), cache.load(A)]
  assert.equal(fetches.length, 2)
  fetches[1]!.reject(failure('transient'))
  assert.deepEqual(await Promise.all(waiting), ['old (stale after 60000)', 'old (stale after 60000)'])
  assert.equal(cache.stats().stale, 2)
})

test('while it stands in, AWS is asked after 5 s and then less often, and an answer of AWS ends it', async () => {
  const { cache, clock, fetches, read } = bench(STALE)
  await read(A, 'old')
  clock.now += TTL_MS
  const asked: number[] = []
  for (let ms = 0; ms < 40_000; ms += 1_000) {
    const before = fetches.length
    const loaded = cache.load(A)
    if (fetches.length > before) {
      asked.push(ms)
      fetches.at(-1)!.reject(failure('transient'))
    }
    assert.match(await loaded, /^old \(stale/)
    clock.now += 1_000
  }
  assert.deepEqual(asked, [0, 5_000, 15_000, 35_000])
  clock.now += 40_000
  assert.equal(await read(A, 'new'), 'new')
  assert.equal(cache.get(A), 'new')
})

test('serving it does not renew it: past its bound a read gets the failure', async () => {
  const { cache, clock, fetches, read } = bench(STALE)
  await read(A, 'old')
  clock.now += TTL_MS + 599_999
  const last = cache.load(A)
  fetches.at(-1)!.reject(failure('transient'))
  assert.match(await last, /stale/)
  clock.now += 1
  const after = cache.load(A)
  fetches.at(-1)!.reject(failure('transient'))
  await assert.rejects(after, /transient/)
})

for (const kind of ['absent', 'other'] as const) {
  test(`it never stands in for a failure that says something (${kind}), nor for one after that`, async () => {
    const { cache, clock, fetches, read } = bench(STALE)
    await read(A, 'old')
    clock.now += TTL_MS
    const rejected = cache.load(A)
    fetches.at(-1)!.reject(failure(kind))
    await assert.rejects(rejected, new RegExp(kind))
    const after = cache.load(A)
    fetches.at(-1)!.reject(failure('transient'))
    await assert.rejects(after, /transient/)
  })
}

test('a permission that is revoked while stale answers are served ends them', async () => {
  const { cache, clock, fetches, read } = bench(STALE)
  await read(A, 'old')
  clock.now += TTL_MS
  const first = cache.load(A)
  fetches.at(-1)!.reject(failure('transient'))
  assert.match(await first, /stale/)
  clock.now += 6_000
  const revoked = cache.load(A)
  fetches.at(-1)!.reject(failure('absent'))
  await assert.rejects(revoked, /absent/)
  const after = cache.load(A)
  fetches.at(-1)!.reject(failure('transient'))
  await assert.rejects(after, /transient/)
})

test('a refresh that AWS refuses while the answer is fresh leaves it until its expiry, and no longer', async () => {
  const { cache, clock, fetches, read } = bench(STALE)
  await read(A, 'old')
  const refused = cache.refresh(A)
  fetches.at(-1)!.reject(failure('absent'))
  await assert.rejects(refused, /absent/)
  assert.equal(cache.get(A), 'old')
  clock.now += TTL_MS
  const after = cache.load(A)
  fetches.at(-1)!.reject(failure('transient'))
  await assert.rejects(after, /transient/)
})

test('a refresh never gets a stale answer', async () => {
  const { cache, clock, fetches, read } = bench(STALE)
  await read(A, 'old')
  clock.now += TTL_MS
  const refreshed = cache.refresh(A)
  fetches.at(-1)!.reject(failure('transient'))
  await assert.rejects(refreshed, /transient/)
})

test('a clock that went backwards makes nothing stale', async () => {
  const { cache, clock, fetches, read } = bench(STALE)
  await read(A, 'old')
  clock.now -= 1
  const loaded = cache.load(A)
  fetches.at(-1)!.reject(failure('transient'))
  await assert.rejects(loaded, /transient/)
})

test('an absence is remembered for its time, with the same failure', async () => {
  const { cache, clock, fetches } = bench(NEGATIVE)
  const first = cache.load(A)
  const error = failure('absent')
  fetches[0]!.reject(error)
  await assert.rejects(first, (reason) => reason === error)
  clock.now += 9_999
  await assert.rejects(cache.load(A), (reason) => reason === error)
  assert.equal(fetches.length, 1)
  clock.now += 1
  void cache.load(A).catch(() => {})
  assert.equal(fetches.length, 2)
  assert.equal(cache.stats().negative, 1)
})

test('no other failure is remembered, and without the setting no absence', async () => {
  for (const [options, kind] of [
    [NEGATIVE, 'transient'],
    [NEGATIVE, 'other'],
    [{}, 'absent'],
  ] as const) {
    const { cache, fetches } = bench(options)
    const first = cache.load(A)
    fetches[0]!.reject(failure(kind))
    await assert.rejects(first)
    void cache.load(A).catch(() => {})
    assert.equal(fetches.length, 2, kind)
  }
})

test('a refresh bypasses a remembered absence and forgets it', async () => {
  const { cache, fetches } = bench(NEGATIVE)
  const first = cache.load(A)
  fetches[0]!.reject(failure('absent'))
  await assert.rejects(first)
  const refreshed = cache.refresh(A)
  const loaded = cache.load(A)
  fetches[1]!.resolve('here now')
  assert.deepEqual(await Promise.all([refreshed, loaded]), ['here now', 'here now'])
  assert.equal(cache.get(A), 'here now')
})

test('a hundred absences are remembered, and push out no answer', async () => {
  const { cache, fetches, read } = bench({ ...NEGATIVE, capacity: 1 })
  await read(A, 'x')
  for (let i = 0; i <= 100; i++) {
    const loaded = cache.load({ key: `absent${i}` })
    fetches.at(-1)!.reject(failure('absent'))
    await assert.rejects(loaded)
  }
  assert.equal(cache.get(A), 'x')
  const before = fetches.length
  await assert.rejects(cache.load({ key: 'absent1' }))
  assert.equal(fetches.length, before)
  void cache.load({ key: 'absent0' }).catch(() => {})
  assert.equal(fetches.length, before + 1, 'the first was pushed out')
})

test('a clock that went backwards forgets an absence', async () => {
  const { cache, clock, fetches } = bench(NEGATIVE)
  const first = cache.load(A)
  fetches[0]!.reject(failure('absent'))
  await assert.rejects(first)
  clock.now -= 1
  void cache.load(A).catch(() => {})
  assert.equal(fetches.length, 2)
})
