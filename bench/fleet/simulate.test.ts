import assert from 'node:assert/strict'
import test from 'node:test'
import { OUTAGE_KINDS } from './aws-model.ts'
import { PLAIN as NO_RULES } from '../../src/cache/freshness.ts'
import { RECOMMENDED } from '../groups/fleet.ts'
import { seeded } from '../../tools/random.ts'
import type { Settings } from './sandbox.ts'
import { type Fleet, simulate } from './simulate.ts'
import { VirtualTime } from './virtual-time.ts'

const PLAIN: Settings = { ttlMs: 300_000, rules: NO_RULES, prefetch: false }
const FLEET: Fleet = {
  sandboxes: 20,
  names: 5,
  store: 'parameters',
  perSecond: 1_000,
  minutes: 20,
  invokeEveryMs: 60_000,
}

test('an hour passes in order, and at its end nothing more happens', async () => {
  const time = new VirtualTime(1_000, 3_600_000)
  const seen: number[] = []
  time.after(3_600_001, () => seen.push(-1))
  time.after(3_600_000, () => seen.push(time.now))
  time.after(5, () => {
    seen.push(time.now)
    void time.sleep(10).then(() => seen.push(time.now))
  })
  await time.run()
  assert.deepEqual(seen, [1_005, 1_015, 3_601_000])
})

test('the same seed gives the same outcome', async () => {
  const [one, other] = [await simulate(FLEET, PLAIN, seeded(7)), await simulate(FLEET, PLAIN, seeded(7))]
  assert.deepEqual(one, other)
})

test('without throttling a name costs a sandbox one call at each expiry, and nobody fails', async () => {
  const { calls, throttled, failed, waited, reads, worstWaitMs } = await simulate(FLEET, PLAIN, seeded(7))
  assert.deepEqual([throttled, failed], [0, 0])
  assert.equal(waited, calls)
  assert.ok(calls >= 20 * 5 * 3 && calls <= 20 * 5 * 4, `${calls} calls in 20 minutes`)
  assert.ok(reads > 20 * 5 * 15)
  // Five names over three connections: two calls, one after the other.
  assert.ok(worstWaitMs >= 15 && worstWaitMs <= 90)
})

test('prefetch asks ten names a call', async () => {
  const fleet = { ...FLEET, names: 20, minutes: 2 }
  assert.equal((await simulate(fleet, { ...PLAIN, prefetch: true }, seeded(7))).calls, 40)
  assert.equal((await simulate(fleet, PLAIN, seeded(7))).calls, 400)
})

test('a quota that is too small throttles, loses reads, and stale answers lose none after the start', async () => {
  const starved = { ...FLEET, perSecond: 1 }
  const lost = await simulate(starved, PLAIN, seeded(7))
  assert.ok(lost.throttled > 0 && lost.failed > 0)
  const kept = await simulate(
    starved,
    { ...PLAIN, rules: { ...NO_RULES, staleMs: 3_600_000, staleWaitMs: 60_000 } },
    seeded(7),
  )
  assert.ok(kept.stale > 0 && kept.failed < lost.failed)
})

test('refreshed ahead in time, no read waits after the start', async () => {
  const settings = { ...PLAIN, prefetch: true, rules: { ...NO_RULES, refreshAheadPercent: 90 } }
  const { waited, failed } = await simulate(FLEET, settings, seeded(7))
  assert.deepEqual([waited, failed], [0, 0])
})

for (const kind of OUTAGE_KINDS) {
  for (const [what, invokeEveryMs] of [
    ['traffic', 60_000],
    ['sleeps longer than the TTL', 7 * 60_000],
    ['sleeps longer than the TTL and the time in which an overdue answer is served', 25 * 60_000],
  ] as const) {
    test(`with the recommended set and ${what}, every read is answered in time while AWS is ${kind}`, async () => {
      const fleet: Fleet = { ...FLEET, minutes: 60, invokeEveryMs, outage: { kind, from: 20, to: 40 } }
      const { failed, reads, stale, worstWaitMs } = await simulate(fleet, RECOMMENDED, seeded(7))
      assert.equal(failed, 0)
      assert.ok(stale > 0 && stale < reads)
      assert.ok(worstWaitMs <= 600, `${worstWaitMs} ms`)
      const lost = await simulate(fleet, PLAIN, seeded(7))
      assert.ok(lost.failed > 0)
    })
  }
}
