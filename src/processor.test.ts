import assert from 'node:assert/strict'
import { test } from 'node:test'
import { watchProcessor, whenOthersRest } from './processor.ts'

/** Both clocks at zero, and work that moves them. */
function watched() {
  const clocks = { wall: 0, cpu: 0 }
  const isStarved = watchProcessor({ wallMs: () => clocks.wall, cpuMs: () => clocks.cpu })
  return (wallMs: number, cpuMs: number) => {
    clocks.wall += wallMs
    clocks.cpu += cpuMs
    return isStarved()
  }
}

test('work that has the processor for itself, or shares it with one other, is not starved', () => {
  const work = watched()
  assert.deepEqual([work(40, 45), work(5, 5), work(80, 40), work(10, 5)], [false, false, false, false])
})

test('a short wait says nothing, however little work there was', () => {
  const work = watched()
  assert.deepEqual([work(25, 0), work(25, 0), work(29, 1)], [false, false, false])
})

test('work of 7 ms in 100 is starved, and stays so when it is fast again', () => {
  const work = watched()
  assert.deepEqual([work(40, 40), work(100, 7), work(5, 5), work(40, 40)], [false, true, true, true])
})

test('earlier work with the whole processor hides nothing', () => {
  const work = watched()
  assert.deepEqual([work(900, 900), work(101, 5)], [false, true])
})

test('by its own clocks, a process that is kept from running for a second is starved', () => {
  const isStarved = watchProcessor()
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000)
  assert.equal(isStarved(), true)
})

const isUnwanted = () => false

test('where there are two processors, or nobody else wants the only one, nothing is waited for', () => {
  assert.equal(
    whenOthersRest(isUnwanted, 2, () => assert.fail('it has looked')),
    undefined,
  )
  for (const runnable of [1, 0, Number.NaN])
    assert.equal(
      whenOthersRest(isUnwanted, 1, () => runnable),
      undefined,
    )
})

test('a client is not kept waiting until others rest', async () => {
  let looks = 0
  await whenOthersRest(
    () => ++looks === 3,
    1,
    () => 2,
  )
  assert.equal(looks, 3)
})

test('the only processor is waited for until nobody else wants it, and a hundred looks at most', async () => {
  const busy = [3, 2, 2, 1, 2]
  await whenOthersRest(isUnwanted, 1, () => busy.shift()!)
  assert.deepEqual(busy, [2])
  let looks = 0
  await whenOthersRest(isUnwanted, 1, () => (looks++, 2))
  assert.equal(looks, 100)
})
