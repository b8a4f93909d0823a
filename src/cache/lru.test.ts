import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Lru } from './lru.ts'

const LATER = 1_000

function filled(capacity: number, ...keys: string[]): Lru<string> {
  const lru = new Lru<string>(capacity)
  for (const key of keys) lru.set(key, 'value of ' + key, 0, LATER)
  return lru
}

const order = (lru: Lru<unknown>): string => [...lru.keys()].join('')

test('a new cache is empty', () => {
  const lru = new Lru<string>(3)
  assert.deepEqual([lru.capacity, lru.size, lru.evictions, order(lru)], [3, 0, 0, ''])
  assert.equal(lru.get('a', 0), undefined)
})

test('what was set is got, the same instance', () => {
  const value = { body: 'x' }
  const lru = new Lru<typeof value>(1)
  lru.set('a', value, 0, LATER)
  assert.equal(lru.get('a', 0), value)
})

test('the last set is first in order, and a get moves to the front', () => {
  const lru = filled(3, 'a', 'b', 'c')
  assert.equal(order(lru), 'cba')
  lru.get('a', 0)
  assert.equal(order(lru), 'acb')
  lru.get('c', 0)
  assert.equal(order(lru), 'cab')
  lru.get('c', 0)
  assert.equal(order(lru), 'cab', 'the front stays the front')
})

test('a full cache evicts the least recently used, and counts it', () => {
  const lru = filled(2, 'a', 'b')
  lru.get('a', 0)
  lru.set('c', 'value of c', 0, LATER)
  assert.equal(order(lru), 'ca')
  assert.equal(lru.get('b', 0), undefined)
  assert.equal(lru.evictions, 1)
})

test('a miss does not change the order', () => {
  const lru = filled(3, 'a', 'b')
  lru.get('z', 0)
  assert.equal(order(lru), 'ba')
})

test('setting a held key replaces value and times, makes it the most recent, and evicts nobody', () => {
  const lru = filled(2, 'a', 'b')
  lru.set('a', 'newer', 500, 2_000)
  assert.equal(order(lru), 'ab')
  assert.deepEqual([lru.size, lru.evictions], [2, 0])
  assert.equal(lru.get('a', 1_999), 'newer', 'the new expiry counts')
  assert.equal(lru.get('a', 499), undefined, 'and the new start')
})

test('an entry is fresh until the millisecond before it expires', () => {
  assert.equal(filled(1, 'a').get('a', LATER - 1), 'value of a')
  assert.equal(filled(1, 'a').get('a', LATER), undefined)
  assert.equal(filled(1, 'a').get('a', LATER + 1), undefined)
  assert.equal(filled(1, 'a').get('a', Number.MAX_SAFE_INTEGER), undefined)
})

test('a clock that went backwards behind the start of an entry expires it', () => {
  const lru = new Lru<string>(1)
  lru.set('a', 'x', 100, 200)
  assert.equal(lru.get('a', 100), 'x', 'the instant it was stored is fresh')
  assert.equal(lru.get('a', 99), undefined)
  assert.equal(lru.get('a', 150), undefined, 'and it does not come back')
})

test('an entry that is expired when it is stored is never given', () => {
  const lru = new Lru<string>(1)
  lru.set('a', 'x', 100, 100)
  assert.equal(lru.get('a', 100), undefined)
})

test('an expired entry leaves at the get that finds it, and that is no eviction', () => {
  const lru = filled(3, 'a', 'b', 'c')
  assert.equal(lru.size, 3)
  lru.get('b', LATER)
  assert.equal(order(lru), 'ca')
  assert.deepEqual([lru.size, lru.evictions], [2, 0])
})

test('capacity 0 holds nothing and evicts nothing', () => {
  const lru = filled(0, 'a', 'b')
  assert.deepEqual([lru.size, lru.evictions, order(lru)], [0, 0, ''])
  assert.equal(lru.get('a', 0), undefined)
  assert.equal(lru.delete('a'), false)
})

test('capacity 1 holds the last', () => {
  const lru = filled(1, 'a', 'b', 'c')
  assert.deepEqual([lru.size, lru.evictions, order(lru)], [1, 2, 'c'])
})

test('capacity 1000 holds a thousand, and the thousand and first pushes out the first', () => {
  const keys = Array.from({ length: 1_000 }, (_, i) => 'key' + i)
  const lru = filled(1_000, ...keys)
  assert.deepEqual([lru.size, lru.evictions], [1_000, 0])
  assert.deepEqual([...lru.keys()], keys.toReversed())
  lru.set('one more', 'x', 0, LATER)
  assert.deepEqual([lru.size, lru.evictions], [1_000, 1])
  assert.equal(lru.get('key0', 0), undefined)
  assert.equal(lru.get('key1', 0), 'value of key1')
})

test('delete says whether there was such an entry, from either end and the middle', () => {
  for (const [key, left] of [
    ['a', 'cb'],
    ['b', 'ca'],
    ['c', 'ba'],
  ] as const) {
    const lru = filled(3, 'a', 'b', 'c')
    assert.equal(lru.delete(key), true)
    assert.equal(lru.delete(key), false)
    assert.equal(order(lru), left)
    assert.equal(lru.evictions, 0)
  }
})

test('clear leaves a cache that works as new', () => {
  const lru = filled(2, 'a', 'b')
  lru.clear()
  assert.deepEqual([lru.size, order(lru), lru.get('a', 0)], [0, '', undefined])
  for (const key of ['c', 'd', 'e']) lru.set(key, key, 0, LATER)
  assert.equal(order(lru), 'ed')
  assert.equal(lru.evictions, 1, 'the counter is since the start')
})

test('keys that an object would trip over are ordinary keys', () => {
  const lru = filled(4, '__proto__', 'constructor', '', '\u0000')
  assert.equal(lru.get('__proto__', 0), 'value of __proto__')
  assert.equal(lru.get('', 0), 'value of ')
  assert.equal(lru.get('toString', 0), undefined)
  assert.equal(lru.size, 4)
})

// Every sequence of five steps over three keys, so no small state is left to luck.
test('every sequence of five operations leaves what a plain list would', () => {
  const steps = ['ga', 'gb', 'gc', 'sa', 'sb', 'sc', 'da', 'db', 'dc'] as const
  let sequences = 0
  const walk = (taken: readonly string[], capacity: number): void => {
    if (taken.length < 5) return steps.forEach((step) => walk([...taken, step], capacity))
    const lru = new Lru<string>(capacity)
    let model = ''
    for (const step of taken) {
      const verb = step.charAt(0)
      const key = step.charAt(1)
      const rest = model.replace(key, '')
      const held = rest !== model
      if (verb === 'g') {
        assert.equal(lru.get(key, 0), held ? key : undefined, taken.join())
        model = held ? key + rest : model
      } else if (verb === 's') {
        lru.set(key, key, 0, LATER)
        model = (key + rest).slice(0, capacity)
      } else {
        assert.equal(lru.delete(key), held, taken.join())
        model = rest
      }
    }
    if (order(lru) !== model || lru.size !== model.length)
      assert.fail(`${taken.join()}: ${order(lru)} not ${model}`)
    sequences++
  }
  for (const capacity of [1, 2]) walk([], capacity)
  assert.equal(sequences, 2 * 9 ** 5)
})
