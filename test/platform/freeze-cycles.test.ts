import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { startExtension } from '../artefact.ts'
import { descriptorsOf, memoryOf } from '../../tools/proc.ts'
import { SMALL_HEAP } from './process.ts'

const CYCLES = 1_000
/** Until then caches, pools and the engine's heap may still grow; after 300 hits the executable begins to compile. */
const WARM = 500
const NAMES = Array.from({ length: 5 }, (_, i) => `cycle-${i}`)
/** Kept answers alone would come to as much within these cycles. */
const MOST_GROWTH_MB = 25
const VALUE = 'x'.repeat(32_768)

test(`${CYCLES} short freezes under traffic leave sockets, memory and descriptors flat`, async (t) => {
  const extension = await startExtension(t, { env: SMALL_HEAP })
  const [pid] = extension.lambda.pids
  for (const name of NAMES) extension.aws.putSecret(name, VALUE)
  const kept = await extension.wire()
  t.after(() => kept.destroy())
  let warm = { descriptors: 0, anonMb: 0 }
  const measured = () => ({ descriptors: descriptorsOf(pid!), anonMb: memoryOf(pid!).anonMb })

  for (let cycle = 0; cycle < CYCLES; cycle++) {
    const target = `/secretsmanager/get?secretId=${NAMES[cycle % NAMES.length]}`
    // A third of the requests goes to AWS; all are on their way while the process is stopped and goes on.
    await kept.send(extension.request(cycle % 3 === 0 ? `${target}&refreshNow=true` : target))
    await extension.lambda.freeze()
    await sleep(cycle % 4)
    extension.lambda.thaw()
    assert.equal((await kept.receive()).status, 200)
    // Now and then somebody comes anew, and AWS hangs up on what idles.
    if (cycle % 10 === 0) assert.equal((await extension.get(target)).status, 200)
    if (cycle % 50 === 0) extension.aws.dropConnections()
    if (cycle === WARM) warm = measured()
  }
  const { descriptors, anonMb } = measured()
  // The pool of three may be empty at one time and full at the other; one caller may just be leaving.
  assert.ok(Math.abs(descriptors - warm.descriptors) <= 4, `${warm.descriptors} → ${descriptors} descriptors`)
  assert.ok(extension.aws.openConnections() <= 3)
  assert.ok(anonMb - warm.anonMb < MOST_GROWTH_MB, `${warm.anonMb} → ${anonMb} MB`)
  assert.ok(!extension.logs().some((line) => line.includes('ERROR')))
})
