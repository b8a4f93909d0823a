import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Lru } from './lru.ts'

const MANY = 1_000_000

function create<V = string>(capacity: number, maxBytes = MANY): Lru<V> {
  return new Lru<V>({ capacity, maxBytes })
}

/** Each entry takes one byte. */
function filled(capacity: number, ...keys: string[]): Lru<string> {
  const lru = create(capacity)
  for (const key of keys) lru.set(key, 'value of ' + key, { bytes: 1 })
  return lru
}

const order = (lru: Lru<unknown>): string => [...lru.keys()].join('')

test('a new cache is empty', () => {
  const lru = create(3)
  assert.deepEqual([lru.bytes, lru.evictions, order(lru)], [0, 0, ''])
  assert.equal(lru.get('a'), undefined)
})

test('what was set is got, the same instance', () => {
  const value = { body: 'x' }
  const lru = create<typeof value>(1)
  lru.set('a', value, { bytes: 1 })
  assert.equal(lru.get('a'), value)
})

test('the last set is first in order, and a get moves to the front', () => {
  const lru = filled(3, 'a', 'b', 'c')
  assert.equal(order(lru), 'cba')
  lru.get('a')
  assert.equal(order(lru), 'acb')
  lru.get('c')
  assert.equal(order(lru), 'cab')
  lru.get('c')
  assert.equal(order(lru), 'cab', 'the front stays the front')
})

test('a full cache evicts the least recently used, and counts it', () => {
  const lru = filled(2, 'a', 'b')
  lru.get('a')
  lru.set('c', 'value of c', { bytes: 1 })
  assert.equal(order(lru), 'ca')
  assert.equal(lru.get('b'), undefined)
  assert.equal(lru.evictions, 1)
})

test('a miss does not change the order', () => {
  const lru = filled(3, 'a', 'b')
  lru.get('z')
  assert.equal(order(lru), 'ba')
})

test('setting a held key replaces the value, makes it the most recent, and evicts nobody', () => {
  const lru = filled(2, 'a', 'b')
  lru.set('a', 'newer', { bytes: 1 })
  assert.equal(order(lru), 'ab')
  assert.equal(lru.evictions, 0)
  assert.equal(lru.get('a'), 'newer')
})

test('the bytes of what is held add up', () => {
  const lru = create(3)
  lru.set('a', 'x', { bytes: 10 })
  lru.set('b', 'x', { bytes: 20 })
  assert.equal(lru.bytes, 30)
  lru.set('a', 'larger', { bytes: 15 })
  assert.equal(lru.bytes, 35, 'a replaced entry counts once')
  lru.delete('b')
  assert.equal(lru.bytes, 15)
  lru.set('c', 'x', { bytes: 1 })
  lru.set('d', 'x', { bytes: 2 })
  lru.set('e', 'x', { bytes: 4 })
  assert.equal(lru.bytes, 7, 'an evicted entry counts no more')
  lru.clear()
  assert.equal(lru.bytes, 0)
})

test('the least recently used leave until the bytes fit', () => {
  const lru = create(10, 100)
  for (const key of ['a', 'b', 'c', 'd']) lru.set(key, key, { bytes: 25 })
  assert.deepEqual([order(lru), lru.evictions], ['dcba', 0], 'just full')
  lru.get('a')
  lru.set('e', 'e', { bytes: 40 })
  assert.deepEqual([order(lru), lru.bytes, lru.evictions], ['ead', 90, 2])
})

test('a value larger than all the room is not held, and pushes nobody out', () => {
  const lru = create(10, 100)
  lru.set('a', 'a', { bytes: 50 })
  lru.set('b', 'b', { bytes: 101 })
  assert.deepEqual([order(lru), lru.bytes, lru.evictions], ['a', 50, 0])
  lru.set('c', 'c', { bytes: 100 })
  assert.deepEqual(
    [order(lru), lru.bytes, lru.evictions],
    ['c', 100, 1],
    'one that just fits has all the room',
  )
})

test('what a value that is too large was to replace is gone', () => {
  const lru = create(10, 100)
  lru.set('a', 'old', { bytes: 50 })
  lru.set('a', 'too large', { bytes: 101 })
  assert.deepEqual([lru.get('a'), order(lru), lru.bytes], [undefined, '', 0])
})

test('replacing a value by a larger one does not evict it for itself', () => {
  const lru = create(10, 100)
  lru.set('a', 'a', { bytes: 60 })
  lru.set('b', 'b', { bytes: 40 })
  lru.set('a', 'new', { bytes: 60 })
  assert.deepEqual([order(lru), lru.evictions], ['ab', 0])
})

test('capacity 0 holds nothing and evicts nothing', () => {
  const lru = filled(0, 'a', 'b')
  assert.deepEqual([lru.evictions, order(lru)], [0, ''])
  assert.equal(lru.get('a'), undefined)
  assert.equal(lru.delete('a'), false)
})

test('capacity 1 holds the last', () => {
  const lru = filled(1, 'a', 'b', 'c')
  assert.deepEqual([lru.evictions, order(lru)], [2, 'c'])
})

test('capacity 1000 holds a thousand, and the thousand and first pushes out the first', () => {
  const keys = Array.from({ length: 1_000 }, (_, i) => 'key' + i)
  const lru = filled(1_000, ...keys)
  assert.deepEqual([lru.bytes, lru.evictions], [1_000, 0])
  assert.deepEqual([...lru.keys()], keys.toReversed())
  lru.set('one more', 'x', { bytes: 1 })
  assert.deepEqual([lru.bytes, lru.evictions], [1_000, 1])
  assert.equal(lru.get('key0'), undefined)
  assert.equal(lru.get('key1'), 'value of key1')
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
  assert.deepEqual([order(lru), lru.get('a')], ['', undefined])
  for (const key of ['c', 'd', 'e']) lru.set(key, key, { bytes: 1 })
  assert.equal(order(lru), 'ed')
  assert.equal(lru.evictions, 1, 'the counter is since the start')
})

test('keys that an object would trip over are ordinary keys', () => {
  const lru = filled(4, '__proto__', 'constructor', '', '\u0000')
  assert.equal(lru.get('__proto__'), 'value of __proto__')
  assert.equal(lru.get(''), 'value of ')
  assert.equal(lru.get('toString'), undefined)
  assert.equal(lru.bytes, 4)
})

test('an entry is found under its aliases, which take no place', () => {
  const lru = create(2)
  lru.set('a', 'x', { bytes: 1, aliases: ['arn:a', 'partial:a'] })
  lru.set('b', 'y', { bytes: 1 })
  assert.deepEqual([lru.get('arn:a'), lru.get('partial:a'), lru.get('a')], ['x', 'x', 'x'])
  assert.deepEqual([lru.evictions, lru.bytes, order(lru)], [0, 2, 'ab'])
})

test('a look by an alias moves the entry to the front', () => {
  const lru = create(3)
  lru.set('a', 'x', { bytes: 1, aliases: ['z'] })
  lru.set('b', 'y', { bytes: 1 })
  lru.get('z')
  assert.equal(order(lru), 'ab')
})

test('an entry leaves under all of its keys, evicted, deleted by an alias or cleared', () => {
  const gone = (lru: Lru<string>) => assert.deepEqual([lru.get('a'), lru.get('z')], [undefined, undefined])
  const evicted = create(1)
  evicted.set('a', 'x', { bytes: 1, aliases: ['z'] })
  evicted.set('b', 'y', { bytes: 1 })
  gone(evicted)
  const deleted = create(1)
  deleted.set('a', 'x', { bytes: 1, aliases: ['z'] })
  assert.equal(deleted.delete('z'), true)
  gone(deleted)
  assert.deepEqual([deleted.bytes, order(deleted)], [0, ''])
  const cleared = create(1)
  cleared.set('a', 'x', { bytes: 1, aliases: ['z'] })
  cleared.clear()
  gone(cleared)
})

test('an entry takes the place of all that was held under any of its keys', () => {
  const lru = create(5)
  lru.set('a', 'old by name', { bytes: 1, aliases: ['z'] })
  lru.set('arn', 'old by ARN', { bytes: 1 })
  lru.set('b', 'other', { bytes: 1 })
  lru.set('a', 'new', { bytes: 1, aliases: ['arn'] })
  assert.deepEqual(
    [lru.get('a'), lru.get('arn'), lru.get('z'), lru.get('b')],
    ['new', 'new', undefined, 'other'],
  )
  assert.deepEqual([lru.bytes, lru.evictions], [2, 0])
})

test('an entry that grows is the most recent, and the least recent make room for it', () => {
  const lru = create(5, 10)
  lru.set('a', 'x', { bytes: 4, aliases: ['alias'] })
  lru.set('b', 'x', { bytes: 3 })
  lru.set('c', 'x', { bytes: 3 })
  lru.resize('alias', 7)
  assert.deepEqual([order(lru), lru.bytes, lru.evictions], ['ac', 10, 1])
})

test('an entry that shrinks leaves room, and a key that is not held changes nothing', () => {
  const lru = create(5, 10)
  lru.set('a', 'x', { bytes: 8 })
  lru.set('b', 'x', { bytes: 2 })
  lru.resize('a', 1)
  lru.resize('z', 100)
  assert.deepEqual([order(lru), lru.bytes, lru.evictions], ['ab', 3, 0])
})

test('an entry that grows beyond all the room leaves last', () => {
  const lru = create(5, 10)
  lru.set('a', 'x', { bytes: 1 })
  lru.set('b', 'x', { bytes: 1 })
  lru.resize('a', 11)
  assert.deepEqual([order(lru), lru.bytes, lru.evictions, lru.get('a')], ['', 0, 2, undefined])
})

// Every sequence of five steps over three keys, so no small state is left to luck.
test('every sequence of five operations leaves what a plain list would', () => {
  const steps = ['ga', 'gb', 'gc', 'sa', 'sb', 'sc', 'da', 'db', 'dc'] as const
  let sequences = 0
  const walk = (taken: readonly string[], capacity: number): void => {
    if (taken.length < 5) return steps.forEach((step) => walk([...taken, step], capacity))
    const lru = create(capacity)
    let model = ''
    for (const step of taken) {
      const verb = step.charAt(0)
      const key = step.charAt(1)
      const rest = model.replace(key, '')
      const held = rest !== model
      if (verb === 'g') {
        assert.equal(lru.get(key), held ? key : undefined, taken.join())
        model = held ? key + rest : model
      } else if (verb === 's') {
        lru.set(key, key, { bytes: 1 })
        model = (key + rest).slice(0, capacity)
      } else {
        assert.equal(lru.delete(key), held, taken.join())
        model = rest
      }
    }
    if (order(lru) !== model || lru.bytes !== model.length)
      assert.fail(`${taken.join()}: ${order(lru)} not ${model}`)
    sequences++
  }
  for (const capacity of [1, 2]) walk([], capacity)
  assert.equal(sequences, 2 * 9 ** 5)
})
