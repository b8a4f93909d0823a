import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as settle } from 'node:timers/promises'
import { PLAIN } from './freshness.ts'
import { ReadThrough } from './read-through.ts'
import { readThroughBench as bench, TTL_MS } from '../../test/read-through-bench.ts'

const A = { key: 'a' }
const B = { key: 'b' }
const NOTHING_MORE = { refreshedAhead: 0, stale: 0, negative: 0 }

test('a miss is undefined, a load fetches, and then it is a hit', async () => {
  const { cache, fetches, read } = bench()
  assert.equal(cache.get(A), undefined)
  assert.equal(await read(A, 'x'), 'x')
  assert.equal(cache.get(A), 'x')
  assert.equal(cache.get(A), 'x')
  assert.equal(cache.get(B), undefined)
  assert.equal(fetches.length, 1)
})

test('an answer is fresh until the millisecond before its time is over', async () => {
  const { cache, clock, read } = bench()
  await read(A, 'x')
  clock.now += TTL_MS - 1
  assert.equal(cache.get(A), 'x')
  clock.now += 1
  assert.equal(cache.get(A), undefined)
})

test('freshness counts from when it was asked for, not from when it came', async () => {
  const { cache, clock, read } = bench()
  await read(A, 'x', 20_000)
  clock.now += TTL_MS - 20_000 - 1
  assert.equal(cache.get(A), 'x')
  clock.now += 1
  assert.equal(cache.get(A), undefined)
})

test('an answer that took longer than its time to live is given to who waited, and is not fresh', async () => {
  const { cache, read } = bench()
  assert.equal(await read(A, 'slow', TTL_MS), 'slow')
  assert.equal(cache.get(A), undefined)
})

test('each question has its own time to live', async () => {
  const { cache, clock, read } = bench()
  const brief = { key: 'brief', ttlMs: 1_000 }
  const long = { key: 'long', ttlMs: 300_000 }
  await read(brief, 'b')
  await read(long, 'l')
  clock.now += 1_000
  assert.equal(cache.get(brief), undefined)
  assert.equal(cache.get(long), 'l')
})

for (const [how, nothingKept] of [
  ['a time to live of 0', { ttl: 0 }],
  ['capacity 0', { capacity: 0 }],
] as const) {
  test(`with ${how} nothing is kept, and many readers still cost two calls`, async () => {
    const { cache, fetches } = bench(nothingKept)
    const waiting = Array.from({ length: 1_000 }, () => cache.load(A))
    assert.equal(fetches.length, 1)
    fetches[0]!.resolve('x')
    await settle()
    assert.equal(fetches.length, 2)
    fetches[1]!.resolve('y')
    assert.deepEqual(new Set(await Promise.all(waiting)), new Set(['x', 'y']))
    assert.equal(cache.get(A), undefined)
    assert.deepEqual(cache.stats(), { hits: 0, misses: 1_000, coalesced: 998, evictions: 0, ...NOTHING_MORE })
  })

  test(`with ${how} no read is answered by a call that began before it`, async () => {
    const { cache, clock, fetches } = bench(nothingKept)
    const before = cache.load(A)
    clock.now += 800
    const after = cache.load(A)
    fetches[0]!.resolve('old')
    assert.equal(await before, 'old')
    await settle()
    fetches[1]!.resolve('rotated')
    assert.equal(await after, 'rotated')
  })
}

test('a store with a time to live of 0 leaves the other alone', async () => {
  const { cache, read } = bench()
  await read({ key: 'off', ttlMs: 0 }, 'x')
  await read(A, 'y')
  assert.equal(cache.get({ key: 'off', ttlMs: 0 }), undefined)
  assert.equal(cache.get(A), 'y')
})

test('an answer larger than all the room is given, and asked for again the next time', async () => {
  const { cache, read } = bench({ maxBytes: 1_000 })
  await read(A, 'small')
  assert.equal(await read(B, 'x'.repeat(1_001)), 'x'.repeat(1_001))
  assert.equal(cache.get(B), undefined)
  assert.equal(cache.get(A), 'small')
  assert.equal(cache.stats().evictions, 0)
})

test('the least recently used leave when the bytes of all are too many', async () => {
  const { cache, read } = bench({ maxBytes: 3_000 })
  await read(A, 'a'.repeat(1_000))
  await read(B, 'b'.repeat(1_000))
  cache.get(A)
  await read({ key: 'c' }, 'c'.repeat(1_000))
  assert.equal(cache.get(B), undefined)
  assert.notEqual(cache.get(A), undefined)
  assert.equal(cache.stats().evictions, 1)
})

test('an answer that has grown makes the least recently used leave, and one that is not held changes nothing', async () => {
  const sizes = new Map<string, number>()
  const { cache, read } = bench({ maxBytes: 3_000, bytesOf: (answer) => sizes.get(answer) ?? answer.length })
  await read(A, 'a')
  await read(B, 'b')
  sizes.set('b', 2_500).set('other', 2_500)
  cache.resize(A, 'other')
  assert.notEqual(cache.get(A), undefined)
  cache.resize(B, 'b')
  assert.equal(cache.get(A), undefined)
  assert.equal(cache.get(B), 'b')
  assert.equal(cache.stats().evictions, 1)
})

test('one capacity is shared by all questions, and the least recently used leaves', async () => {
  const { cache, read } = bench({ capacity: 2 })
  await read(A, 'a')
  await read(B, 'b')
  cache.get(A)
  await read({ key: 'c' }, 'c')
  assert.equal(cache.get(B), undefined)
  assert.equal(cache.get(A), 'a')
  assert.equal(cache.stats().evictions, 1)
})

test('an entry that is evicted while it is being refreshed comes back with the refreshed answer', async () => {
  const { cache, fetches, read } = bench({ capacity: 1 })
  await read(A, 'old')
  const refreshed = cache.refresh(A)
  const refetch = fetches.at(-1)!
  await read(B, 'b')
  assert.equal(cache.get(A), undefined)
  refetch.resolve('new')
  assert.equal(await refreshed, 'new')
  assert.equal(cache.get(A), 'new')
})

test('a failure rejects with what the fetch rejected with, and is never kept', async () => {
  const { cache, fetches, read } = bench()
  const failure = new Error('AccessDenied')
  const asked = cache.load(A)
  fetches[0]!.reject(failure)
  await assert.rejects(asked, (error) => error === failure)
  assert.equal(cache.get(A), undefined)
  assert.equal(await read(A, 'x'), 'x')
})

test('a refresh fetches although the answer is fresh, and replaces it', async () => {
  const { cache, fetches, read } = bench()
  await read(A, 'old')
  const refreshed = cache.refresh(A)
  assert.equal(cache.get(A), 'old', 'others are served meanwhile')
  fetches[1]!.resolve('new')
  assert.equal(await refreshed, 'new')
  assert.equal(cache.get(A), 'new')
})

test('a refresh counts freshness anew', async () => {
  const { cache, clock, fetches, read } = bench()
  await read(A, 'old')
  clock.now += TTL_MS - 1
  const refreshed = cache.refresh(A)
  fetches[1]!.resolve('new')
  await refreshed
  clock.now += TTL_MS - 1
  assert.equal(cache.get(A), 'new')
})

test('a refresh that fails leaves the old answer', async () => {
  const { cache, fetches, read } = bench()
  await read(A, 'old')
  const refreshed = cache.refresh(A)
  fetches[1]!.reject(new Error('Throttling'))
  await assert.rejects(refreshed, /Throttling/)
  assert.equal(cache.get(A), 'old')
})

test('an older read that ends after a refresh does not overwrite what the refresh brought', async () => {
  const { cache, fetches } = bench()
  const older = cache.load(A)
  const refreshed = cache.refresh(A)
  fetches[1]!.resolve('new')
  assert.equal(await refreshed, 'new')
  fetches[0]!.resolve('old')
  assert.equal(await older, 'old')
  assert.equal(cache.get(A), 'new')
})

test('an older read never satisfies a refresh', async () => {
  const { cache, fetches } = bench()
  const older = cache.load(A)
  const refreshed = cache.refresh(A)
  fetches[0]!.resolve('old')
  await older
  const outcome = await Promise.race([refreshed, settle('still waiting')])
  assert.equal(outcome, 'still waiting')
  fetches[1]!.resolve('new')
  assert.equal(await refreshed, 'new')
})

test('a fetch that a freeze cut is not joined after 30 seconds', async () => {
  const { cache, clock, fetches } = bench()
  const before = cache.load(A)
  clock.now += 29_999
  void cache.load(A)
  assert.equal(fetches.length, 1)
  clock.now += 1
  const after = cache.load(A)
  assert.equal(fetches.length, 2)
  fetches[1]!.resolve('after')
  fetches[0]!.resolve('before')
  assert.deepEqual([await before, await after], ['before', 'after'])
  assert.equal(cache.get(A), 'after')
})

test('with a shorter time to live a fetch is joined for that long, so that nobody gets an outlived answer', () => {
  const { cache, clock, fetches } = bench({ ttl: 1_000 })
  void cache.load(A)
  clock.now += 999
  void cache.load(A)
  assert.equal(fetches.length, 1)
  clock.now += 1
  void cache.load(A)
  assert.equal(fetches.length, 2)
})

test('a clock that went backwards behind the asking makes the answer a miss', async () => {
  const { cache, clock, read } = bench()
  await read(A, 'x')
  clock.now -= 1
  assert.equal(cache.get(A), undefined)
})

test('forget drops every answer, and what is in flight answers its waiters without being kept', async () => {
  const { cache, fetches, read } = bench()
  await read(A, 'x')
  const flying = cache.load(B)
  cache.forget()
  assert.equal(cache.get(A), undefined)
  fetches[1]!.resolve('y')
  assert.equal(await flying, 'y')
  assert.equal(cache.get(B), undefined)
  assert.equal(await read(B, 'z'), 'z')
  assert.equal(cache.get(B), 'z')
})

test('stats counts hits, misses, joined misses and evictions', async () => {
  const { cache, fetches, read } = bench({ capacity: 1 })
  assert.deepEqual(cache.stats(), { hits: 0, misses: 0, coalesced: 0, evictions: 0, ...NOTHING_MORE })
  const both = [cache.load(A), cache.load(A)]
  fetches[0]!.resolve('a')
  await Promise.all(both)
  cache.get(A)
  cache.get(A)
  cache.get(B)
  await read(B, 'b')
  const refreshed = cache.refresh(B)
  fetches.at(-1)!.resolve('b2')
  await refreshed
  assert.deepEqual(cache.stats(), { hits: 2, misses: 4, coalesced: 1, evictions: 1, ...NOTHING_MORE })
})

test('the same answer under a further question keeps the time that it has', async () => {
  const answer = { text: 'one' }
  let now = 1_000_000
  const cache = new ReadThrough<{ key: string }, { text: string }>({
    capacity: 10,
    maxBytes: 1_000_000,
    bytesOf: () => 1,
    mostBytes: () => Infinity,
    aliasesOf: () => ['a', 'arn'],
    substituteMs: () => undefined,
    subjectsOf: () => ['a'],
    overlap: (one, other) => one === other,
    ttlMs: () => 60_000,
    after: () => () => undefined,
    rules: PLAIN,
    negativeTtlMs: 0,
    kindOf: () => 'other',
    asStale: (held) => held,
    now: () => now,
    wokeAt: () => 0,
    random: () => 0.5,
    fetch: () => Promise.resolve(answer),
  })
  const requested = cache.request()
  now += 10_000
  cache.add({ key: 'a' }, answer, { requested })
  now += 40_000
  await cache.load({ key: 'arn' })
  assert.equal(cache.peek({ key: 'arn' }), answer)
  now += 10_000
  assert.equal(cache.get({ key: 'arn' }), undefined, 'a minute after it was asked for')
  assert.equal(cache.peek({ key: 'a' }), undefined)
})

test('a peek sees what a get would, uncounted, and nothing after a clock that went backwards', async () => {
  const { cache, clock, read } = bench()
  await read(A, 'x')
  assert.equal(cache.peek(A), 'x')
  assert.equal(cache.stats().hits, 0)
  clock.now -= 1
  assert.equal(cache.peek(A), undefined)
  clock.now += TTL_MS + 1
  assert.equal(cache.peek(A), undefined)
})
