import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as settle } from 'node:timers/promises'
import { Coalescer, PREFETCH_WAIT_MS } from './coalesce.ts'

const A = { key: 'a' }
const B = { key: 'b' }
const JOINABLE_FOR_MS = 30_000

interface Fetch {
  readonly key: string
  succeed(answer: string): Promise<void>
  fail(error: unknown): Promise<void>
}

interface Kept {
  readonly key: string
  readonly answer: string
  readonly startedAt: number
}

/** A coalescer whose fetches the test ends by hand, in any order, and whose clock it sets. */
function bench(joinableForMs: number = JOINABLE_FOR_MS) {
  const clock = { now: 1_000_000, wokeAt: 0 }
  let orders = 0
  const fetches: Fetch[] = []
  const timers = new Set<{ readonly at: number; readonly action: () => void }>()
  const kept: Kept[] = []
  const failures: { key: string; error: unknown; isAwaited: boolean }[] = []
  const coalescer = new Coalescer<{ key: string }, string>({
    now: () => clock.now,
    fetch: ({ key }) =>
      new Promise((resolve, reject) => {
        fetches.push({
          key,
          succeed: (answer) => (resolve(answer), settle()),
          fail: (error) => (reject(error), settle()),
        })
      }),
    request: () => ({ order: ++orders, at: clock.now }),
    succeed: ({ question: { key }, requested }, answer, isNewest) => {
      if (isNewest) kept.push({ key, answer, startedAt: requested.at })
    },
    fail: ({ question: { key }, isAwaited }, error, isNewest) => {
      if (isNewest) failures.push({ key, error, isAwaited })
    },
    joinableForMs: () => joinableForMs,
    wokeAt: () => clock.wokeAt,
    after(ms, action) {
      const timer = { at: clock.now + ms, action }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
  })
  function pass(ms: number): Promise<void> {
    clock.now += ms
    for (const timer of timers) if (timer.at <= clock.now && timers.delete(timer)) timer.action()
    return settle()
  }
  return { coalescer, fetches, kept, failures, clock, timers, pass }
}

const failed = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => assert.fail('resolved'),
    (error: unknown) => error,
  )

test('many who ask the same make one call and get one answer', async () => {
  const { coalescer, fetches, kept } = bench()
  const waiting = Array.from({ length: 1_000 }, () => coalescer.join(A))
  assert.equal(fetches.length, 1)
  assert.equal(coalescer.coalesced, 999)
  await fetches[0]!.succeed('x')
  assert.deepEqual(new Set(await Promise.all(waiting)), new Set(['x']))
  assert.deepEqual(kept, [{ key: 'a', answer: 'x', startedAt: 1_000_000 }])
})

test('different questions fly apart', async () => {
  const { coalescer, fetches, kept } = bench()
  const a = coalescer.join(A)
  const b = coalescer.join(B)
  assert.deepEqual(
    fetches.map(({ key }) => key),
    ['a', 'b'],
  )
  await fetches[1]!.succeed('from b')
  await fetches[0]!.succeed('from a')
  assert.deepEqual([await a, await b], ['from a', 'from b'])
  assert.deepEqual(
    kept.map(({ key }) => key),
    ['b', 'a'],
  )
  assert.equal(coalescer.coalesced, 0)
})

test('another question object with the same key joins', async () => {
  const { coalescer, fetches } = bench()
  const both = [coalescer.join({ key: 'a' }), coalescer.join({ key: 'a' })]
  assert.equal(fetches.length, 1)
  await fetches[0]!.succeed('x')
  assert.deepEqual(await Promise.all(both), ['x', 'x'])
})

test('when the leader fails, all fail with the very same error, nothing is kept, and the next call fetches anew', async () => {
  const { coalescer, fetches, kept } = bench()
  const failures = Array.from({ length: 5 }, () => failed(coalescer.join(A)))
  const error = new Error('AccessDenied')
  await fetches[0]!.fail(error)
  for (const failure of failures) assert.equal(await failure, error)
  assert.deepEqual(kept, [])
  const next = coalescer.join(A)
  assert.equal(fetches.length, 2)
  await fetches[1]!.succeed('x')
  assert.equal(await next, 'x')
})

test('a retry from inside a rejection handler starts a new flight, and a second one joins it', async () => {
  const { coalescer, fetches } = bench()
  const retries = [1, 2].map(() => coalescer.join(A).catch(() => coalescer.join(A)))
  await fetches[0]!.fail(new Error('first'))
  assert.equal(fetches.length, 2)
  await fetches[1]!.succeed('second time')
  assert.deepEqual(await Promise.all(retries), ['second time', 'second time'])
})

test('who asks from inside a fulfilment handler finds its answer kept and leads a flight of its own', async () => {
  const { coalescer, fetches, kept } = bench()
  const seen = coalescer.join(A).then(() => {
    void coalescer.join(A)
    return [fetches.length, kept.length]
  })
  await fetches[0]!.succeed('x')
  assert.deepEqual(await seen, [2, 1])
})

test('a refresh with nothing in flight is one call that later joiners share', async () => {
  const { coalescer, fetches, kept } = bench()
  const answers = [coalescer.refresh(A), coalescer.join(A), coalescer.join(A)]
  assert.equal(fetches.length, 1)
  await fetches[0]!.succeed('x')
  assert.deepEqual(await Promise.all(answers), ['x', 'x', 'x'])
  assert.equal(kept.length, 1)
})

test('a refresh during an older read starts at once; the older read answers its own and is not kept', async () => {
  const { coalescer, fetches, kept, clock } = bench()
  const older = coalescer.join(A)
  clock.now += 10
  const refreshed = coalescer.refresh(A)
  assert.equal(fetches.length, 2)
  const joined = coalescer.join(A)
  assert.equal(fetches.length, 2, 'a joiner after the refresh takes the newer flight')
  await fetches[1]!.succeed('new')
  await fetches[0]!.succeed('old')
  assert.deepEqual([await older, await refreshed, await joined], ['old', 'new', 'new'])
  assert.deepEqual(kept, [{ key: 'a', answer: 'new', startedAt: 1_000_010 }])
})

test('the older read that ends first, while the refresh is under way, is not kept either', async () => {
  const { coalescer, fetches, kept } = bench()
  const older = coalescer.join(A)
  const refreshed = coalescer.refresh(A)
  await fetches[0]!.succeed('old')
  assert.equal(await older, 'old')
  assert.deepEqual(kept, [])
  await fetches[1]!.succeed('new')
  assert.equal(await refreshed, 'new')
  assert.deepEqual(
    kept.map(({ answer }) => answer),
    ['new'],
  )
})

test('further refreshes share one queued flight: two calls, however many ask', async () => {
  const { coalescer, fetches, kept, clock } = bench()
  const first = coalescer.refresh(A)
  const others = Array.from({ length: 50 }, () => coalescer.refresh(A))
  assert.equal(fetches.length, 1, 'the second waits for the first to end')
  clock.now += 7
  await fetches[0]!.succeed('first')
  assert.equal(await first, 'first')
  assert.equal(fetches.length, 2)
  await fetches[1]!.succeed('second')
  assert.deepEqual(new Set(await Promise.all(others)), new Set(['second']))
  assert.deepEqual(kept, [
    { key: 'a', answer: 'first', startedAt: 1_000_000 },
    { key: 'a', answer: 'second', startedAt: 1_000_007 },
  ])
  assert.equal(coalescer.coalesced, 49, 'the one who queued the flight shared nothing')
})

test('a refresh that comes while the queued flight is up queues a third', async () => {
  const { coalescer, fetches } = bench()
  void coalescer.refresh(A)
  const second = coalescer.refresh(A)
  await fetches[0]!.succeed('1')
  const third = coalescer.refresh(A)
  assert.equal(fetches.length, 2)
  await fetches[1]!.succeed('2')
  assert.equal(fetches.length, 3)
  await fetches[2]!.succeed('3')
  assert.deepEqual([await second, await third], ['2', '3'])
})

test('a refresh that fails fails its own; the queued one takes off all the same', async () => {
  const { coalescer, fetches, kept } = bench()
  const first = failed(coalescer.refresh(A))
  const second = coalescer.refresh(A)
  const error = new Error('Throttling')
  await fetches[0]!.fail(error)
  assert.equal(await first, error)
  assert.equal(fetches.length, 2)
  await fetches[1]!.succeed('x')
  assert.equal(await second, 'x')
  assert.deepEqual(
    kept.map(({ answer }) => answer),
    ['x'],
  )
})

test('a queued refresh that fails fails all who share it with one error', async () => {
  const { coalescer, fetches, kept } = bench()
  void coalescer.refresh(A)
  const queued = [1, 2, 3].map(() => failed(coalescer.refresh(A)))
  await fetches[0]!.succeed('x')
  const error = new Error('second')
  await fetches[1]!.fail(error)
  for (const failure of queued) assert.equal(await failure, error)
  assert.equal(kept.length, 1)
})

test('after a failed refresh an older read that succeeds is not kept: a newer value may have been seen', async () => {
  const { coalescer, fetches, kept } = bench()
  const older = coalescer.join(A)
  const refresh = failed(coalescer.refresh(A))
  await fetches[1]!.fail(new Error('no'))
  await refresh
  await fetches[0]!.succeed('old')
  assert.equal(await older, 'old')
  assert.deepEqual(kept, [])
})

test('a flight is joined until the millisecond before it is too old', async () => {
  const { coalescer, fetches, kept, clock } = bench()
  const early = coalescer.join(A)
  clock.now += JOINABLE_FOR_MS - 1
  const justInTime = coalescer.join(A)
  assert.equal(fetches.length, 1)
  clock.now += 1
  const late = coalescer.join(A)
  assert.equal(fetches.length, 2)
  await fetches[1]!.succeed('after the freeze')
  await fetches[0]!.succeed('before the freeze')
  assert.deepEqual(
    [await early, await justInTime, await late],
    ['before the freeze', 'before the freeze', 'after the freeze'],
  )
  assert.deepEqual(kept, [{ key: 'a', answer: 'after the freeze', startedAt: 1_030_000 }])
})

test('a stale flight that fails at last leaves the newer one in the air', async () => {
  const { coalescer, fetches, clock } = bench()
  const stale = failed(coalescer.join(A))
  clock.now += JOINABLE_FOR_MS
  void coalescer.join(A)
  await fetches[0]!.fail(new Error('ECONNRESET'))
  await stale
  void coalescer.join(A)
  assert.equal(fetches.length, 2, 'and it can still be joined')
})

test('a stale refresh is not queued behind: the next refresh starts at once', () => {
  const { coalescer, fetches, clock } = bench()
  void coalescer.refresh(A)
  clock.now += JOINABLE_FOR_MS
  void coalescer.refresh(A)
  assert.equal(fetches.length, 2)
})

test('a clock that went backwards makes no flight joinable', async () => {
  const { coalescer, fetches, kept, clock } = bench()
  const before = coalescer.join(A)
  clock.now -= 1
  const after = coalescer.join(A)
  assert.equal(fetches.length, 2)
  await fetches[1]!.succeed('newer')
  await fetches[0]!.succeed('older')
  assert.deepEqual([await before, await after], ['older', 'newer'])
  assert.deepEqual(kept, [{ key: 'a', answer: 'newer', startedAt: 999_999 }])
})

test('clear lets every flight answer its waiters, keeps none, and lets nobody join them', async () => {
  const { coalescer, fetches, kept } = bench()
  const before = [coalescer.join(A), coalescer.join(B)]
  coalescer.clear()
  const after = coalescer.join(A)
  assert.equal(fetches.length, 3)
  await fetches[0]!.succeed('forgotten')
  await fetches[1]!.succeed('forgotten too')
  await fetches[2]!.succeed('kept')
  assert.deepEqual(await Promise.all([...before, after]), ['forgotten', 'forgotten too', 'kept'])
  assert.deepEqual(
    kept.map(({ answer }) => answer),
    ['kept'],
  )
})

test('a refresh that was queued before clear still takes off after it', async () => {
  const { coalescer, fetches, kept } = bench()
  void coalescer.refresh(A)
  const queued = coalescer.refresh(A)
  coalescer.clear()
  await fetches[0]!.succeed('forgotten')
  assert.equal(fetches.length, 2)
  await fetches[1]!.succeed('asked for after clear')
  assert.equal(await queued, 'asked for after clear')
  assert.deepEqual(
    kept.map(({ answer }) => answer),
    ['asked for after clear'],
  )
})

test('a waiter who loses interest changes nothing for the others', async () => {
  const { coalescer, fetches } = bench()
  const bored = Promise.race([coalescer.join(A), Promise.resolve('gone')])
  const patient = coalescer.join(A)
  assert.equal(await bored, 'gone')
  await fetches[0]!.succeed('x')
  assert.equal(await patient, 'x')
})

test('the failure of the newest flight counts, and that of a flight which a refresh replaced does not', async () => {
  const { coalescer, fetches, failures } = bench()
  const older = coalescer.join(A).catch(() => 'failed')
  const refresh = coalescer.refresh(A).catch(() => 'failed')
  await fetches[0]!.fail(new Error('old'))
  assert.deepEqual(failures, [])
  const error = new Error('new')
  await fetches[1]!.fail(error)
  assert.deepEqual(failures, [{ key: 'a', error, isAwaited: true }])
  assert.deepEqual(await Promise.all([older, refresh]), ['failed', 'failed'])
})

test('a flight in the background is joined, and its answer kept', async () => {
  const { coalescer, fetches, kept } = bench()
  let succeed: (answer: string) => void = () => {}
  const led = coalescer.lead(A, () => new Promise((resolve) => (succeed = resolve)))
  assert.equal(coalescer.ageOf(A.key), 0)
  const joined = coalescer.join(A)
  succeed('from a batch')
  assert.deepEqual(await Promise.all([led, joined]), ['from a batch', 'from a batch'])
  assert.equal(fetches.length, 0)
  assert.deepEqual(kept, [{ key: 'a', answer: 'from a batch', startedAt: 1_000_000 }])
  assert.equal(coalescer.ageOf(A.key), undefined)
})

test('where a flight is out already, leading another calls nobody and gets its answer', async () => {
  const { coalescer, fetches } = bench()
  const joined = coalescer.join(A)
  const led = coalescer.lead(A, () => assert.fail('there is a flight'))
  await fetches[0]!.succeed('asked alone')
  assert.deepEqual(await Promise.all([joined, led]), ['asked alone', 'asked alone'])
})

test('a failure in the background is one that nobody waited for, until a reader joins', async () => {
  const { coalescer, fetches, failures } = bench()
  const error = new Error('no')
  const alone = failed(coalescer.lead(A, () => Promise.reject(error)))
  await alone
  let fail: (error: Error) => void = () => {}
  const both = [coalescer.lead(A, () => new Promise((_, reject) => (fail = reject))), coalescer.join(A)].map(
    failed,
  )
  fail(error)
  assert.deepEqual(await Promise.all(both), [error, error])
  assert.deepEqual(
    failures.map(({ isAwaited }) => isAwaited),
    [false, true],
  )
  assert.equal(fetches.length, 0)
})

test('a caller may fetch in its own way, but for the refresh that waits for another to end', async () => {
  const { coalescer, fetches } = bench()
  const own = (answer: string) => () => Promise.resolve(answer)
  assert.equal(await coalescer.join(A, own('read')), 'read')
  const refreshes = [
    coalescer.refresh(A, own('refresh')),
    coalescer.refresh(A, () => assert.fail('too late to be called')),
  ]
  assert.equal(await refreshes[0], 'refresh')
  await settle()
  await fetches[0]!.succeed('the next refresh')
  assert.equal(await refreshes[1], 'the next refresh')
})

test('a flight from before the process slept is not joined, though it is young', async () => {
  const { coalescer, fetches, kept, clock } = bench()
  const before = coalescer.join(A)
  clock.now += 2_000
  clock.wokeAt = clock.now
  const after = coalescer.join(A)
  assert.equal(fetches.length, 2)
  assert.equal(coalescer.join(A), after, 'one after it is')
  await fetches[1]!.succeed('after')
  await fetches[0]!.succeed('before')
  assert.deepEqual([await before, await after], ['before', 'after'])
  assert.deepEqual(
    kept.map(({ answer }) => answer),
    ['after'],
  )
})

test('a flight that is forgotten answers its waiters and is not joined, and one that is newer stays', async () => {
  const { coalescer, fetches, kept } = bench()
  const a = coalescer.join(A)
  const b = coalescer.join(B)
  coalescer.forgetOlder(['a', 'b'], 2)
  void coalescer.join(A)
  void coalescer.join(B)
  assert.equal(fetches.length, 3)
  coalescer.forgetWhere(({ question }) => question.key === 'b')
  void coalescer.join(B)
  assert.equal(fetches.length, 4)
  for (const [i, fetch] of fetches.entries()) await fetch.succeed(String(i))
  assert.deepEqual([await a, await b], ['0', '1'])
  assert.deepEqual(
    kept.map(({ answer }) => answer),
    ['2', '3'],
  )
})

/** A bench with a prefetch under way that the test ends by hand. */
function prefetching() {
  const all = bench()
  let succeed = (_answer: string): void => assert.fail('it is not under way')
  let fail = (_error: unknown): void => assert.fail('it is not under way')
  const call = () => new Promise<string>((resolve, reject) => ([succeed, fail] = [resolve, reject]))
  all.coalescer.prefetch(A, call).catch(() => undefined)
  return { ...all, ends: { succeed, fail } }
}

test('readers who join a prefetch wait for it, and no timer is left', async () => {
  const { coalescer, fetches, kept, timers, pass, ends } = prefetching()
  const readers = [coalescer.join(A), coalescer.join(A)]
  await pass(PREFETCH_WAIT_MS - 1)
  ends.succeed('prefetched')
  assert.deepEqual(await Promise.all(readers), ['prefetched', 'prefetched'])
  assert.equal(fetches.length, 0)
  assert.equal(timers.size, 0)
  assert.equal(kept.length, 1)
})

test('readers for whom a prefetch takes too long make one call together, which is kept', async () => {
  const { coalescer, fetches, kept, pass, ends } = prefetching()
  const early = [coalescer.join(A), coalescer.join(A)]
  await pass(PREFETCH_WAIT_MS)
  const late = coalescer.join(A)
  assert.equal(fetches.length, 1)
  await fetches[0]!.succeed('read')
  assert.deepEqual(await Promise.all([...early, late]), ['read', 'read', 'read'])
  ends.succeed('prefetched')
  await settle()
  assert.deepEqual(
    kept.map(({ answer }) => answer),
    ['read'],
  )
})

test('a prefetch that ends after all answers who has waited too long, if it is earlier', async () => {
  const { coalescer, fetches, pass, ends } = prefetching()
  const reader = coalescer.join(A)
  await pass(PREFETCH_WAIT_MS)
  ends.succeed('prefetched')
  assert.equal(await reader, 'prefetched')
  await fetches[0]!.succeed('read')
})

test('a prefetch that fails in time fails its readers, and later none', async () => {
  const error = new Error('refused')
  const inTime = prefetching()
  const one = failed(inTime.coalescer.join(A))
  inTime.ends.fail(error)
  assert.equal(await one, error)
  const tooLate = prefetching()
  const other = tooLate.coalescer.join(A)
  await tooLate.pass(PREFETCH_WAIT_MS)
  tooLate.ends.fail(error)
  await settle()
  await tooLate.fetches[0]!.succeed('read')
  assert.equal(await other, 'read')
})

test('a read of what is under way in no prefetch waits for it without a timer', () => {
  const { coalescer, timers } = bench()
  void coalescer.lead(A, () => new Promise(() => {}))
  void coalescer.join(A)
  void coalescer.join(B)
  void coalescer.join(B)
  assert.equal(timers.size, 0)
})
