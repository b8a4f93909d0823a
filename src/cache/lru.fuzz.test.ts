// Any sequence of operations, at any times, against a model that is a plain list.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Lru } from './lru.ts'

type Operation =
  | { readonly kind: 'get'; readonly key: string; readonly now: number }
  | {
      readonly kind: 'set'
      readonly key: string
      readonly value: number
      readonly now: number
      readonly ttl: number
    }
  | { readonly kind: 'delete'; readonly key: string }
  | { readonly kind: 'clear' }

interface Held {
  readonly key: string
  readonly value: number
  readonly storedAt: number
  readonly expiresAt: number
}

/** Most recent first. Obviously right, and as slow as it likes. */
class Model {
  held: Held[] = []
  evictions = 0
  readonly capacity: number

  constructor(capacity: number) {
    this.capacity = capacity
  }

  get(key: string, now: number): number | undefined {
    const entry = this.held.find((one) => one.key === key)
    this.delete(key)
    if (entry === undefined || now >= entry.expiresAt || now < entry.storedAt) return undefined
    this.held.unshift(entry)
    return entry.value
  }

  set(entry: Held): void {
    this.delete(entry.key)
    this.held.unshift(entry)
    const out = this.held.splice(this.capacity)
    if (this.capacity > 0) this.evictions += out.length
  }

  delete(key: string): boolean {
    const before = this.held.length
    this.held = this.held.filter((one) => one.key !== key)
    return this.held.length < before
  }
}

function apply(operation: Operation, lru: Lru<number>, model: Model): void {
  switch (operation.kind) {
    case 'get':
      return assert.equal(lru.get(operation.key, operation.now), model.get(operation.key, operation.now))
    case 'set': {
      const { key, value, now, ttl } = operation
      lru.set(key, value, now, now + ttl)
      return model.set({ key, value, storedAt: now, expiresAt: now + ttl })
    }
    case 'delete':
      return assert.equal(lru.delete(operation.key), model.delete(operation.key))
    case 'clear':
      lru.clear()
      model.held = []
      return
    default:
      return operation satisfies never
  }
}

function compare(lru: Lru<number>, model: Model): void {
  // keys() itself checks prev and next of each entry as it walks.
  assert.deepEqual(
    [...lru.keys()],
    model.held.map(({ key }) => key),
  )
  assert.equal(lru.size, model.held.length)
  assert.equal(lru.evictions, model.evictions)
}

function operations(keys: number): fc.Arbitrary<Operation> {
  const key = fc.nat(keys - 1).map((n) => 'k' + n)
  const now = fc.integer({ min: 0, max: 40 })
  return fc.oneof(
    { weight: 50, arbitrary: fc.record({ kind: fc.constant('get' as const), key, now }) },
    {
      weight: 50,
      arbitrary: fc.record({ kind: fc.constant('set' as const), key, value: fc.nat(), now, ttl: fc.nat(30) }),
    },
    { weight: 10, arbitrary: fc.record({ kind: fc.constant('delete' as const), key }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'clear' as const }) },
  )
}

for (const [capacity, keys] of [
  [0, 3],
  [1, 3],
  [2, 4],
  [3, 6],
  [8, 12],
] as const) {
  test(`capacity ${capacity} with ${keys} keys answers as the model after every operation`, () => {
    fc.assert(
      fc.property(fc.array(operations(keys), { maxLength: 60 }), (sequence) => {
        const lru = new Lru<number>(capacity)
        const model = new Model(capacity)
        for (const operation of sequence) {
          apply(operation, lru, model)
          compare(lru, model)
        }
      }),
      { numRuns: 300 },
    )
  })
}

test('capacity 1000 answers as the model after ten thousand operations', () => {
  fc.assert(
    fc.property(fc.array(operations(1_500), { minLength: 10_000, maxLength: 10_000 }), (sequence) => {
      const lru = new Lru<number>(1_000)
      const model = new Model(1_000)
      for (const operation of sequence) apply(operation, lru, model)
      compare(lru, model)
    }),
    { numRuns: 3, endOnFailure: true }, // ten thousand steps shrink for hours
  )
})
