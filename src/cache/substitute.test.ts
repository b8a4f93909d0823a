import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as settle } from 'node:timers/promises'
import { PLAIN } from './freshness.ts'
import { failure, readThroughBench, TTL_MS } from '../../test/read-through-bench.ts'

// Answers of somebody who stands in for the one whom we ask: kept for a while, and no knowledge.

const A = { key: 'a' }
const ALIASED = { key: 'arn' }
const KEPT_MS = 30_000
const bench = (changes: Parameters<typeof readThroughBench>[0] = {}) =>
  readThroughBench({
    aliasesOf: () => ['arn'],
    substituteMs: (answer) => (answer.startsWith('replica') ? KEPT_MS : undefined),
    subjectsOf: () => ['subject'],
    ...changes,
  })
const AHEAD_AND_STALE = { rules: { ...PLAIN, refreshAheadPercent: 50, staleMs: 600_000 } }

test('an answer that stands in is a hit for its time, under its own key alone', async () => {
  const { cache, clock, read } = bench()
  await read(A, 'replica')
  assert.equal(cache.get(ALIASED), undefined)
  clock.now += KEPT_MS - 1
  assert.equal(cache.get(A), 'replica')
  clock.now += 1
  assert.equal(cache.get(A), undefined)
})

test('it is kept no longer than any answer', async () => {
  const { cache, clock, read } = bench({ ttl: 1_000 })
  await read(A, 'replica')
  clock.now += 1_000
  assert.equal(cache.get(A), undefined)
})

test('it is never served as a stale answer, and is fetched anew ahead of its end as any other', async () => {
  const { cache, clock, fetches, read } = bench(AHEAD_AND_STALE)
  await read(A, 'replica')
  clock.now += KEPT_MS - 1
  assert.equal(cache.get(A), 'replica')
  assert.equal(fetches[1]!.purpose, 'ahead')
  fetches[1]!.reject(failure('transient'))
  await settle()
  clock.now += 1
  assert.equal(cache.hasStale(A), false)
  const read2 = cache.load(A)
  fetches[2]!.reject(failure('transient'))
  await assert.rejects(read2, /transient/)
})

test('the next one takes its place, and so does an answer of the one whom we ask', async () => {
  const { cache, clock, read } = bench()
  await read(A, 'replica 1')
  clock.now += KEPT_MS
  await read(A, 'replica 2')
  assert.equal(cache.get(A), 'replica 2')
  clock.now += KEPT_MS
  await read(A, 'own')
  assert.equal(cache.get(ALIASED), 'own')
  clock.now += TTL_MS - 1
  assert.equal(cache.get(A), 'own')
})

test('one that was refreshed is given, and nothing that is held leaves for it', async () => {
  const { cache, clock, fetches, read } = bench(AHEAD_AND_STALE)
  await read(A, 'own')
  const refreshed = cache.refresh(A)
  fetches[1]!.resolve('replica')
  assert.equal(await refreshed, 'replica')
  assert.equal(cache.get(A), 'own')
  assert.equal(cache.get(ALIASED), 'own')
  clock.now += TTL_MS
  assert.equal(cache.hasStale(A), true)
})

test('one that was requested before a change is given, and not kept', async () => {
  const { cache, fetches } = bench()
  const asked = cache.load(A)
  cache.changed(['subject'])
  fetches[0]!.resolve('replica')
  assert.equal(await asked, 'replica')
  assert.equal(cache.get(A), undefined)
})

test('one of a list is kept by the same rules', async () => {
  const { cache, read } = bench()
  const requested = cache.request()
  await read(A, 'own')
  cache.add(A, 'replica', { requested })
  cache.add(A, 'replica', { requested: cache.request() })
  assert.equal(cache.get(A), 'own')
  cache.forget()
  cache.add(A, 'replica', { requested })
  assert.equal(cache.get(A), undefined)
  cache.add(A, 'replica', { requested: cache.request() })
  assert.deepEqual([cache.get(A), cache.get(ALIASED)], ['replica', undefined])
})

test('an absence that is remembered is not over because somebody else has an answer', async () => {
  const { cache, fetches } = bench({ negativeTtlMs: 10_000 })
  const absent = cache.load(ALIASED)
  fetches[0]!.reject(failure('absent'))
  await assert.rejects(absent, /absent/)
  const asked = cache.load(A)
  fetches[1]!.resolve('replica')
  await asked
  await assert.rejects(cache.load(ALIASED), /absent/)
})
