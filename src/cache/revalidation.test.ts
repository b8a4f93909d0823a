import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as settle } from 'node:timers/promises'
import { failure, readThroughBench as bench, TTL_MS } from '../../test/read-through-bench.ts'
import { PLAIN } from './freshness.ts'

// What is past its expiry: served at once while it is fetched anew, or after a bounded wait for AWS.

const A = { key: 'a' }
const B = { key: 'b' }
const WAIT_MS = 500
const OVERDUE = { rules: { ...PLAIN, revalidateMs: 300_000 } }
const STALE = { rules: { ...PLAIN, staleMs: 600_000, staleWaitMs: WAIT_MS } }
const BOTH = { rules: { ...PLAIN, revalidateMs: 300_000, staleMs: 600_000, staleWaitMs: WAIT_MS } }

/** Settled by now, without a timer or an answer of AWS. */
async function atOnce<T>(coming: Promise<T>): Promise<T | 'still waiting'> {
  await settle()
  return Promise.race([coming, Promise.resolve('still waiting' as const)])
}

test('an overdue answer is served at once with its age, and one call is made behind it however many ask', async () => {
  const { cache, clock, fetches, read, timers } = bench(OVERDUE)
  await read(A, 'old')
  clock.now += TTL_MS
  for (let i = 0; i < 1_000; i++) {
    assert.equal(cache.get(A), undefined)
    assert.equal(await cache.load(A), 'old (stale after 60000)')
  }
  assert.deepEqual([fetches.length, timers.size], [2, 0])
  assert.equal(fetches[1]!.purpose, 'behind')
  fetches[1]!.resolve('new')
  await settle()
  assert.equal(cache.get(A), 'new')
  assert.deepEqual(
    { ...cache.stats() },
    { hits: 1, misses: 1_001, coalesced: 0, evictions: 0, refreshedAhead: 0, stale: 1_000, negative: 0 },
  )
})

test('it is served until the millisecond before its bound, and after that a read waits for AWS', async () => {
  const { cache, clock, fetches, read } = bench(OVERDUE)
  await read(A, 'old')
  clock.now += TTL_MS + 299_999
  assert.equal(await cache.load(A), 'old (stale after 359999)')
  clock.now += 1
  assert.equal(await atOnce(cache.load(A)), 'still waiting')
  assert.equal(fetches.length, 2, 'who comes then joins the call')
})

test('an entry that several keys find costs one call, whichever of them is read', async () => {
  const { cache, clock, fetches, read } = bench({ ...OVERDUE, aliasesOf: () => ['a', 'b'] })
  await read(A, 'old')
  clock.now += TTL_MS
  for (const question of [A, B, B, A]) assert.match(await cache.load(question), /^old \(stale/)
  assert.equal(fetches.length, 2)
  fetches[1]!.resolve('new')
  await settle()
  assert.deepEqual([cache.get(A), cache.get(B)], ['new', 'new'])
})

test('while AWS cannot be asked it is served at once, and AWS is asked after 5 s, 10 s and so on', async () => {
  const { cache, clock, fetches, read } = bench(OVERDUE)
  await read(A, 'old')
  clock.now += TTL_MS
  const asked: number[] = []
  for (let ms = 0; ms < 40_000; ms += 1_000) {
    const before = fetches.length
    assert.match(await cache.load(A), /^old \(stale/)
    if (fetches.length > before) {
      asked.push(ms)
      fetches.at(-1)!.reject(failure('transient'))
      await settle()
    }
    clock.now += 1_000
  }
  assert.deepEqual(asked, [0, 5_000, 15_000, 35_000])
})

for (const kind of ['absent', 'other'] as const) {
  for (const [what, options] of Object.entries({ OVERDUE, STALE, BOTH })) {
    test(`a refusal (${kind}) behind it ends it: the next read rejects with it (${what})`, async () => {
      const { cache, clock, fetches, pass, read } = bench(options)
      await read(A, 'old')
      clock.now += TTL_MS
      const first = cache.load(A)
      pass(WAIT_MS)
      assert.match(await first, /^old/)
      fetches[1]!.reject(failure(kind))
      await settle()
      const second = cache.load(A)
      assert.equal(fetches.length, 3)
      fetches[2]!.reject(failure(kind))
      await assert.rejects(second, new RegExp(kind))
      const third = cache.load(A)
      fetches[3]!.reject(failure('transient'))
      await assert.rejects(third, /transient/)
    })
  }
}

test('an absence that nobody waited for is not remembered', async () => {
  const { cache, clock, fetches, read } = bench({ ...OVERDUE, negativeTtlMs: 60_000 })
  await read(A, 'old')
  clock.now += TTL_MS
  await cache.load(A)
  fetches[1]!.reject(failure('absent'))
  await settle()
  const next = cache.load(A)
  fetches[2]!.resolve('here again')
  assert.equal(await next, 'here again')
})

test('a refresh never gets an overdue answer, and one of before is not kept over it', async () => {
  const { cache, clock, fetches, read } = bench(OVERDUE)
  await read(A, 'old')
  clock.now += TTL_MS
  await cache.load(A)
  const refreshed = cache.refresh(A)
  assert.equal(await atOnce(refreshed), 'still waiting')
  fetches[2]!.resolve('new')
  assert.equal(await refreshed, 'new')
  fetches[1]!.resolve('of before')
  await settle()
  assert.equal(cache.get(A), 'new')
})

test('a change ends it at once', async () => {
  const { cache, clock, read } = bench(BOTH)
  await read(A, 'old')
  clock.now += TTL_MS
  cache.changed(['a'])
  assert.equal(await atOnce(cache.load(A)), 'still waiting')
})

test('a clock that went backwards makes nothing overdue', async () => {
  const { cache, clock, read } = bench(BOTH)
  await read(A, 'old')
  clock.now -= 1
  assert.equal(await atOnce(cache.load(A)), 'still waiting')
})

test('what is refreshed ahead is overdue without one more call while that is under way', async () => {
  const { cache, clock, fetches, read } = bench({ rules: { ...OVERDUE.rules, refreshAheadPercent: 20 } })
  await read(A, 'old')
  clock.now += TTL_MS - 1
  assert.equal(cache.get(A), 'old')
  clock.now += 1
  assert.match(await cache.load(A), /^old \(stale/)
  assert.equal(fetches.length, 2)
})

test('how an overdue answer is fetched is for its reader to say', async () => {
  const { cache, clock, fetches, read } = bench(OVERDUE)
  await read(A, 'old')
  clock.now += TTL_MS
  const batch = () => Promise.resolve('of a batch')
  assert.match(await cache.load(A, batch), /^old \(stale/)
  await settle()
  assert.equal(cache.get(A), 'of a batch')
  assert.equal(fetches.length, 1)
})

test('where a stale answer may be served, a read waits so long for AWS, and the call goes on', async () => {
  const { cache, fetches, pass, clock, read, timers } = bench(STALE)
  await read(A, 'old')
  clock.now += TTL_MS
  const waiting = [cache.load(A), cache.load(A)]
  pass(WAIT_MS - 1)
  assert.equal(await atOnce(waiting[0]!), 'still waiting')
  pass(1)
  assert.deepEqual(await Promise.all(waiting), ['old (stale after 60500)', 'old (stale after 60500)'])
  assert.deepEqual([cache.stats().stale, fetches.length, timers.size], [2, 2, 0])
  fetches[1]!.resolve('new')
  await settle()
  assert.equal(cache.get(A), 'new')
  pass(TTL_MS - WAIT_MS - 1)
  assert.equal(cache.get(A), 'new', 'its time counts from the question')
})

test('who comes later waits for what is left of that, and then not at all', async () => {
  const { cache, fetches, pass, clock, read } = bench(STALE)
  await read(A, 'old')
  clock.now += TTL_MS
  const first = cache.load(A)
  pass(400)
  const second = cache.load(A)
  pass(100)
  assert.deepEqual(await Promise.all([first, second]), ['old (stale after 60500)', 'old (stale after 60500)'])
  for (let i = 0; i < 100; i++) {
    assert.match(await atOnce(cache.load(A)), /^old/)
    pass(100)
  }
  assert.equal(fetches.length, 2)
})

test('an answer of AWS within the wait is given, and no timer is left', async () => {
  const { cache, fetches, clock, pass, read, timers } = bench(STALE)
  await read(A, 'old')
  clock.now += TTL_MS
  const loaded = cache.load(A)
  pass(WAIT_MS - 1)
  fetches[1]!.resolve('new')
  assert.equal(await loaded, 'new')
  assert.deepEqual([timers.size, cache.stats().stale], [0, 0])
})

test('a failure after the wait is nothing to tell, and AWS is left alone for a while after it', async () => {
  const { cache, fetches, clock, pass, read } = bench(STALE)
  await read(A, 'old')
  clock.now += TTL_MS
  const loaded = cache.load(A)
  pass(WAIT_MS)
  assert.match(await loaded, /^old/)
  fetches[1]!.reject(failure('transient'))
  await settle()
  assert.match(await atOnce(cache.load(A)), /^old/)
  assert.deepEqual([fetches.length, cache.stats().stale], [2, 2])
})

test('with a wait of 0 a stale answer is served at once, and fetched anew behind it', async () => {
  const { cache, fetches, clock, read } = bench({ rules: { ...STALE.rules, staleWaitMs: 0 } })
  await read(A, 'old')
  clock.now += TTL_MS
  assert.match(await atOnce(cache.load(A)), /^old/)
  fetches[1]!.resolve('new')
  await settle()
  assert.equal(cache.get(A), 'new')
})

test('while AWS is silent for nine minutes, one call is under way, and each read is answered in time', async () => {
  const { cache, fetches, clock, pass, read } = bench(BOTH)
  await read(A, 'old')
  clock.now += TTL_MS
  let longestMs = 0
  for (let ms = 0; ms < 540_000; ms += 1_000) {
    const requestedAt = clock.now
    const loaded = cache.load(A)
    while ((await atOnce(loaded)) === 'still waiting') pass(50)
    longestMs = Math.max(longestMs, clock.now - requestedAt)
    assert.match(await loaded, /^old/)
    pass(1_000 - (clock.now - requestedAt))
  }
  assert.ok(longestMs <= WAIT_MS, `${longestMs} ms`)
  assert.equal(fetches.length, 2, 'the first, and one that nobody has answered')
})

test('a freeze that is longer than the bound leaves a waiting reader to AWS', async () => {
  const { cache, fetches, clock, pass, read } = bench(STALE)
  await read(A, 'old')
  clock.now += TTL_MS
  const loaded = cache.load(A)
  clock.now += 600_000
  pass(WAIT_MS)
  assert.equal(await atOnce(loaded), 'still waiting')
  fetches[1]!.resolve('new')
  assert.equal(await loaded, 'new')
})

test('a freeze during the call costs one more call, and the read waits no longer for it', async () => {
  const { cache, fetches, clock, pass, read } = bench(STALE)
  await read(A, 'old')
  clock.now += TTL_MS
  void cache.load(A)
  clock.now += 20_000
  clock.wokeAt = clock.now
  const loaded = cache.load(A)
  assert.equal(fetches.length, 3)
  pass(WAIT_MS)
  assert.match(await loaded, /^old/)
})

test('however often the process is frozen, two calls for one question are under way at most', async () => {
  for (const options of [OVERDUE, STALE]) {
    const { cache, fetches, clock, pass, read } = bench(options)
    await read(A, 'old')
    clock.now += TTL_MS
    for (let i = 0; i < 10; i++) {
      clock.now += 20_000
      clock.wokeAt = clock.now
      const loaded = cache.load(A)
      pass(WAIT_MS)
      assert.match(await loaded, /^old/)
    }
    assert.equal(fetches.length, 3)
    fetches[1]!.reject(failure('transient'))
    await settle()
    clock.wokeAt = clock.now
    const loaded = cache.load(A)
    pass(WAIT_MS)
    assert.match(await loaded, /^old/)
    assert.equal(fetches.length, 4, 'one is over, so there is room for another')
  }
})

test('what is evicted while its reader waits is served all the same', async () => {
  const { cache, fetches, clock, pass, read } = bench({ ...STALE, capacity: 1 })
  await read(A, 'old')
  clock.now += TTL_MS
  const loaded = cache.load(A)
  await read(B, 'another')
  assert.equal(fetches.length, 3)
  pass(WAIT_MS)
  assert.match(await loaded, /^old/)
})

for (const [what, learn] of Object.entries({
  'a change': ({ cache }: ReturnType<typeof bench>) => cache.changed(['a']),
  'a restore': ({ cache }: ReturnType<typeof bench>) => cache.forget(),
})) {
  test(`${what} while its reader waits leaves the reader to AWS`, async () => {
    const world = bench(STALE)
    const { cache, fetches, clock, pass, read } = world
    await read(A, 'old')
    clock.now += TTL_MS
    const loaded = cache.load(A)
    learn(world)
    pass(WAIT_MS)
    assert.equal(await atOnce(loaded), 'still waiting')
    fetches[1]!.resolve('new')
    assert.equal(await loaded, 'new')
  })
}

test('what comes beside another answer during the wait is given in its place', async () => {
  const { cache, fetches, clock, pass, read } = bench(STALE)
  await read(A, 'old')
  clock.now += TTL_MS
  const loaded = cache.load(A)
  cache.add(A, 'of a list', { requested: cache.request() })
  pass(WAIT_MS)
  assert.equal(await loaded, 'of a list')
  fetches[1]!.reject(failure('transient'))
})

test('without the settings a read waits for AWS, however long', async () => {
  const { cache, clock, pass, read, timers } = bench({ rules: { ...PLAIN, staleWaitMs: WAIT_MS } })
  await read(A, 'old')
  clock.now += TTL_MS
  const loaded = cache.load(A)
  assert.equal(timers.size, 0)
  pass(30_000)
  assert.equal(await atOnce(loaded), 'still waiting')
})
