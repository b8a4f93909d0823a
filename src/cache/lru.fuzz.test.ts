// Any sequence of operations, at any times, against a model that is a plain list.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Lru, type LruBounds } from './lru.ts'

type Operation =
  | { readonly kind: 'get'; readonly key: string }
  | { readonly kind: 'set'; readonly key: string; readonly value: number; readonly bytes: number }
  | { readonly kind: 'resize'; readonly key: string; readonly bytes: number }
  | { readonly kind: 'delete'; readonly key: string }
  | { readonly kind: 'clear' }

interface Held {
  readonly key: string
  readonly value: number
  readonly bytes: number
}

/** Most recent first. Obviously right, and as slow as it likes. */
class Model {
  held: Held[] = []
  evictions = 0
  readonly bounds: LruBounds

  constructor(bounds: LruBounds) {
    this.bounds = bounds
  }

  get bytes(): number {
    return this.held.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  get(key: string): number | undefined {
    const entry = this.held.find((one) => one.key === key)
    if (entry === undefined) return undefined
    this.delete(key)
    this.held.unshift(entry)
    return entry.value
  }

  set(entry: Held): void {
    this.delete(entry.key)
    const { capacity, maxBytes } = this.bounds
    if (capacity === 0 || entry.bytes > maxBytes) return
    this.held.unshift(entry)
    while (this.held.length > capacity || this.bytes > maxBytes) {
      this.held.pop()
      this.evictions++
    }
  }

  resize(key: string, bytes: number): void {
    const entry = this.held.find((one) => one.key === key)
    if (entry === undefined) return
    this.delete(key)
    this.held.unshift({ ...entry, bytes })
    while (this.bytes > this.bounds.maxBytes) {
      this.held.pop()
      this.evictions++
    }
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
      return assert.equal(lru.get(operation.key), model.get(operation.key))
    case 'set': {
      const { key, value, bytes } = operation
      lru.set(key, value, { bytes })
      return model.set({ key, value, bytes })
    }
    case 'resize':
      lru.resize(operation.key, operation.bytes)
      return model.resize(operation.key, operation.bytes)
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
  assert.equal(lru.bytes, model.bytes)
  assert.equal(lru.evictions, model.evictions)
}

function operations(keys: number): fc.Arbitrary<Operation> {
  const key = fc.nat(keys - 1).map((n) => 'k' + n)
  return fc.oneof(
    { weight: 50, arbitrary: fc.record({ kind: fc.constant('get' as const), key }) },
    {
      weight: 50,
      arbitrary: fc.record({
        kind: fc.constant('set' as const),
        key,
        value: fc.nat(),
        bytes: fc.integer({ min: 1, max: 40 }),
      }),
    },
    { weight: 10, arbitrary: fc.record({ kind: fc.constant('delete' as const), key }) },
    {
      weight: 10,
      arbitrary: fc.record({
        kind: fc.constant('resize' as const),
        key,
        bytes: fc.integer({ min: 1, max: 120 }),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: 'clear' as const }) },
  )
}

for (const [capacity, maxBytes, keys] of [
  [0, 100, 3],
  [1, 100, 3],
  [2, 100, 4],
  [3, 60, 6],
  [8, 100, 12],
  [100, 100, 12],
] as const) {
  test(`capacity ${capacity} and ${maxBytes} bytes with ${keys} keys answers as the model after every operation`, () => {
    fc.assert(
      fc.property(fc.array(operations(keys), { maxLength: 60 }), (sequence) => {
        const lru = new Lru<number>({ capacity, maxBytes })
        const model = new Model({ capacity, maxBytes })
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
      const bounds = { capacity: 1_000, maxBytes: 15_000 }
      const lru = new Lru<number>(bounds)
      const model = new Model(bounds)
      for (const operation of sequence) apply(operation, lru, model)
      compare(lru, model)
    }),
    { numRuns: 3, endOnFailure: true }, // ten thousand steps shrink for hours
  )
})
