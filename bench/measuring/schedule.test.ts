import assert from 'node:assert/strict'
import test from 'node:test'
import { seeded } from '../../tools/random.ts'
import { schedule } from './schedule.ts'

const contenders = ['a', 'b', 'c']
const scenarios = ['x', 'y']

test('every round has every pair once, so that contenders alternate', () => {
  const turns = schedule(contenders, scenarios, 4, seeded(1))
  assert.equal(turns.length, 4 * 6)
  for (let round = 0; round < 4; round++) {
    const pairs = turns.slice(round * 6, round * 6 + 6).map((turn) => `${turn.scenario}${turn.contender}`)
    assert.deepEqual(pairs.sort(), ['xa', 'xb', 'xc', 'ya', 'yb', 'yc'])
  }
})

test('the order follows from the seed', () => {
  const order = (seed: number) => schedule(contenders, scenarios, 10, seeded(seed))
  assert.deepEqual(order(7), order(7))
  assert.notDeepEqual(order(7), order(8))
})

test('the generator spreads over the whole range', () => {
  const random = seeded(3)
  const tenths = new Set(Array.from({ length: 1_000 }, () => Math.floor(random() * 10)))
  assert.deepEqual(tenths, new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]))
})
