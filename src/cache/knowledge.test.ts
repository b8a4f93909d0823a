import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PLAIN } from './freshness.ts'
import { Knowledge, type Requested } from './knowledge.ts'
import { failure, readThroughBench, type Question } from '../../test/read-through-bench.ts'

// The rule of knowledge.ts, case by case; core/known.fuzz.test.ts has any order of them.

const subjectsOf = ({ key }: Question): string[] => [key.split(':')[0]!]
/** `a` and `arn` are one, and so are `a:old` and `arn:old`; all are about `a`. */
const ALIASES: Readonly<Record<string, string[]>> = { a: ['arn'], 'a:old': ['arn:old'] }
const A = { key: 'a' }
const ARN = { key: 'arn' }
const OLD = { key: 'a:old' }
const OTHER = { key: 'b' }

/** Each answer says under which further keys it is found, after a `|`. */
function bench(changes: Parameters<typeof readThroughBench>[0] = {}) {
  return readThroughBench({
    subjectsOf: (question) => subjectsOf(question).map((one) => (one === 'arn' ? 'a' : one)),
    aliasesOf: (answer) => answer.split('|').slice(1),
    ...changes,
  })
}

const named = (text: string, key = 'a'): string => [text, ...(ALIASES[key] ?? [])].join('|')

test('a write drops every spelling and version of what it names, and nothing else', async () => {
  const { cache, read } = bench()
  await read(A, named('one'))
  await read(OLD, 'zero')
  await read(OTHER, 'other')
  cache.changed(['a'])
  assert.deepEqual(
    [A, ARN, OLD, OTHER].map((question) => cache.get(question)),
    [undefined, undefined, undefined, 'other'],
  )
})

test('a read from before a write answers who waited, is not joined after it, and is not kept', async () => {
  const { cache, fetches } = bench()
  const before = cache.load(A)
  const untouched = cache.load(OTHER)
  cache.changed(['a'])
  const after = cache.load(A)
  assert.equal(fetches.length, 3)
  fetches[0]!.resolve('old')
  assert.equal(await before, 'old')
  assert.equal(cache.get(A), undefined)
  fetches[2]!.resolve('new')
  assert.equal(await after, 'new')
  assert.equal(cache.get(A), 'new')
  fetches[1]!.resolve('other')
  await untouched
  assert.equal(cache.get(OTHER), 'other', 'a write of one costs the others nothing')
})

test('an answer that came beside another is not kept over a write from after it was requested', () => {
  const { cache } = bench()
  const requested = cache.request()
  cache.changed(['a'])
  cache.add(A, named('from before'), { requested })
  assert.equal(cache.get(A), undefined)
  cache.add(A, named('from after'), { requested: cache.request() })
  assert.equal(cache.get(ARN), named('from after'))
})

test('an answer that was requested earlier replaces none that was requested later, under any key', async () => {
  const { cache, fetches } = bench()
  const requested = cache.request()
  const byArn = cache.load(ARN)
  const byName = cache.load(A)
  fetches[1]!.resolve(named('newer'))
  await byName
  fetches[0]!.resolve('older|a')
  assert.equal(await byArn, 'older|a')
  cache.add(A, named('oldest'), { requested })
  assert.deepEqual([cache.get(A), cache.get(ARN)], [named('newer'), named('newer')])
})

test('that holds where the newer one has had to make room', async () => {
  const { cache, read, fetches } = bench({ capacity: 1 })
  const requested = cache.request()
  await read(A, named('newer'))
  await read(OTHER, 'other')
  cache.add(A, named('older'), { requested })
  assert.equal(cache.get(A), undefined)
  assert.equal(fetches.length, 2)
})

test('a reader who comes after a newer answer does not join an older read', async () => {
  const { cache, fetches } = bench({ capacity: 1 })
  const older = cache.load(ARN)
  cache.add(A, named('newer'), { requested: cache.request() })
  cache.add(OTHER, 'pushes it out', { requested: cache.request() })
  const after = cache.load(ARN)
  assert.equal(fetches.length, 2)
  fetches[0]!.resolve('older')
  fetches[1]!.resolve('newest')
  assert.deepEqual([await older, await after], ['older', 'newest'])
})

test('a refresh drops whatever of its subject was requested before its answer came, and is kept itself', async () => {
  const { cache, fetches, read } = bench()
  await read(OLD, 'zero')
  const refreshed = cache.refresh(A)
  cache.add({ key: 'a:new' }, 'two', { requested: cache.request() })
  const later = cache.load(OLD)
  const other = cache.load(OTHER)
  fetches[1]!.resolve(named('one'))
  await refreshed
  assert.deepEqual([cache.get(OLD), cache.get({ key: 'a:new' })], [undefined, undefined])
  assert.equal(cache.get(ARN), named('one'))
  for (const fetch of fetches.slice(2)) fetch.resolve('later')
  assert.deepEqual([await later, await other], ['later', 'later'])
  assert.deepEqual([cache.get(OLD), cache.get(OTHER)], [undefined, 'later'])
})

test('what a refresh is put together from is kept with it', async () => {
  const parts: Requested[] = []
  const { cache } = bench({
    async fetch({ key }, _, part) {
      await Promise.resolve()
      parts.push(part())
      cache.add({ key: `${key}:1` }, 'page 1', { requested: parts[0]! })
      return 'all'
    },
  })
  await cache.refresh(A)
  assert.deepEqual([cache.get(A), cache.get({ key: 'a:1' })], ['all', 'page 1'])
  cache.changed(['a'])
  cache.add({ key: 'a:2' }, 'page 2', { requested: parts[0]! })
  assert.deepEqual([cache.get({ key: 'a:1' }), cache.get({ key: 'a:2' })], [undefined, undefined])
})

test('a refresh that a write has overtaken still outdates what is older than itself', async () => {
  const { cache, fetches } = bench()
  const requested = cache.request()
  const refreshed = cache.refresh(A)
  cache.changed(['something else', 'b'])
  void cache.refresh(A)
  fetches[0]!.resolve('one')
  await refreshed
  cache.add(OLD, 'zero', { requested })
  assert.equal(cache.get(OLD), undefined)
})

test('an answer without room is known all the same: what is older is neither held nor joined', async () => {
  const { cache, fetches, read } = bench({ mostBytes: () => 500 })
  await read(A, named('older'))
  cache.add({ key: 'arn' }, 'x'.repeat(500), { requested: cache.request() })
  assert.deepEqual([cache.get(A), cache.get(ARN)], [undefined, undefined])
  const joined = cache.load(OTHER)
  cache.add(OTHER, 'newer', { requested: cache.request(), isInPlace: true })
  assert.equal(cache.get(OTHER), undefined, 'it was not held before')
  void cache.load(OTHER)
  assert.equal(fetches.length, 3)
  fetches[1]!.resolve('older')
  assert.equal(await joined, 'older')
  assert.equal(cache.get(OTHER), undefined)
})

test('what is held is replaced in its place, under whichever of its keys', async () => {
  const { cache, read } = bench()
  await read(A, named('older'))
  cache.add(ARN, 'newer|a', { requested: cache.request(), isInPlace: true })
  assert.deepEqual([cache.get(A), cache.get(ARN)], ['newer|a', 'newer|a'])
})

test('a success under any spelling forgets a remembered absence, and a refusal that is older is not remembered', async () => {
  const { cache, fetches } = bench({ negativeTtlMs: 10_000 })
  const refused = cache.load(A)
  fetches[0]!.reject(failure('absent'))
  await assert.rejects(refused)
  const older = cache.load(OLD)
  const byArn = cache.load(ARN)
  fetches[2]!.resolve('here now')
  await byArn
  void cache.load(A)
  assert.equal(fetches.length, 4, 'the absence is forgotten')
  cache.changed(['a'])
  fetches[1]!.reject(failure('absent'))
  await assert.rejects(older)
  void cache.load(OLD)
  assert.equal(fetches.length, 5)
})

test('a refusal in the background is not remembered, unless a reader has waited for it', async () => {
  const { cache, fetches } = bench({ negativeTtlMs: 10_000 })
  await assert.rejects(cache.prefetch(A, () => Promise.reject(failure('absent'))))
  const seen = cache.prefetch(
    OTHER,
    () => new Promise((_, reject) => setImmediate(() => reject(failure('absent')))),
  )
  const reader = cache.load(OTHER)
  await assert.rejects(seen)
  await assert.rejects(reader)
  void cache.load(A)
  assert.equal(fetches.length, 1)
  await assert.rejects(cache.load(OTHER))
  assert.equal(fetches.length, 1, 'remembered')
})

test('an answer that comes too late to be kept still forgets an absence, which it may have ended', async () => {
  const { cache, fetches } = bench({ negativeTtlMs: 10_000 })
  const refreshed = cache.refresh(A)
  cache.changed(['a'])
  const absent = cache.load(ARN)
  fetches[1]!.reject(failure('absent'))
  await assert.rejects(absent)
  fetches[0]!.resolve('created meanwhile')
  assert.equal(await refreshed, 'created meanwhile')
  void cache.load(ARN)
  assert.equal(fetches.length, 3, 'AWS is asked')
})

test('an absence that was asked for before another spelling succeeded is not remembered when it comes', async () => {
  const { cache, fetches } = bench({ negativeTtlMs: 10_000 })
  const absent = cache.load(ARN)
  const there = cache.load(A)
  fetches[1]!.resolve('created meanwhile')
  await there
  fetches[0]!.reject(failure('absent'))
  await assert.rejects(absent)
  void cache.load(ARN)
  assert.equal(fetches.length, 3, 'AWS is asked')
})

test('a refusal ahead of the expiry is not remembered, and the answer is served until its time is over', async () => {
  const { cache, clock, fetches, read } = bench({
    negativeTtlMs: 100_000,
    rules: { ...PLAIN, refreshAheadPercent: 20 },
  })
  await read(A, 'x')
  clock.now += 59_000
  assert.equal(cache.get(A), 'x')
  fetches[1]!.reject(failure('absent'))
  await new Promise(setImmediate)
  assert.equal(cache.get(A), 'x')
  clock.now += 1_000
  assert.equal(cache.get(A), undefined)
  void cache.load(A)
  assert.equal(fetches.length, 3, 'AWS is asked')
})

test('everything may be forgotten at once, also what is still to come beside another', () => {
  const { cache } = bench()
  const requested = cache.request()
  cache.forget()
  cache.add(A, 'from before', { requested })
  assert.equal(cache.get(A), undefined)
})

test('thousands of changes and answers are remembered in a bounded way, which never keeps what is outdated', async () => {
  const { cache, fetches } = bench({ capacity: 1 })
  const requested = cache.request()
  const slow = cache.load(OTHER)
  cache.changed(['b'])
  for (let i = 0; i < 300; i++) cache.changed([`c${i}`])
  cache.add(A, 'newer', { requested: cache.request() })
  for (let i = 0; i < 10_000; i++) cache.add({ key: `k${i}` }, 'x', { requested: cache.request() })
  cache.add(A, 'older', { requested })
  assert.equal(cache.get(A), undefined)
  fetches[0]!.resolve('older')
  await slow
  assert.equal(cache.get(OTHER), undefined)
  cache.add(A, 'newest', { requested: cache.request() })
  assert.equal(cache.get(A), 'newest')
})

test('what long names leave behind is bounded by their characters, and outdated answers still count as such', () => {
  const knowledge = new Knowledge((one, other) => one === other)
  const long = (i: number) => `${i}:`.padEnd(60_000, 'x')
  const first = knowledge.next()
  for (let i = 0; i < 10; i++) knowledge.answered([long(i)], knowledge.next())
  assert.ok(!knowledge.isAnsweredSince(['another'], first), 'all are remembered')
  for (let i = 0; i < 100; i++) knowledge.answered([long(i)], knowledge.next())
  assert.ok(knowledge.isAnsweredSince(['another'], first), 'some are forgotten: older answers are outdated')
  assert.ok(!knowledge.isAnsweredSince(['another'], knowledge.next()))
  const before = knowledge.next()
  for (let i = 0; i < 10; i++) knowledge.changed([long(i)], knowledge.next())
  assert.ok(!knowledge.isChangedSince(['another'], before))
  for (let i = 0; i < 100; i++) knowledge.changed([long(i)], knowledge.next())
  assert.ok(knowledge.isChangedSince(['another'], before))
  assert.ok(!knowledge.isChangedSince([long(99)], knowledge.next()))
})
