import assert from 'node:assert/strict'
import test from 'node:test'
import { reportIn } from './report-line.ts'

const WARM =
  'REPORT RequestId: 3604209a-e9a3-11e6-939a-754dd98c7be3\tDuration: 12.34 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\tMax Memory Used: 18 MB\t'
const COLD = `START RequestId: 1\nREPORT RequestId: 1\tDuration: 2.10 ms\tBilled Duration: 160 ms\tMemory Size: 1769 MB\tMax Memory Used: 71 MB\tInit Duration: 157.27 ms\t\n`

test('the report of a cold start has the time of its init phase', () => {
  assert.deepEqual(reportIn(COLD), { durationMs: 2.1, billedMs: 160, maxMemoryMb: 71, initMs: 157.27 })
})

test('the report of a sandbox that was there before has none', () => {
  assert.deepEqual(reportIn(`${WARM}\n`), {
    durationMs: 12.34,
    billedMs: 13,
    maxMemoryMb: 18,
    initMs: undefined,
  })
})

test('of several invocations in one log the last one counts', () => {
  assert.equal(reportIn(`${COLD}${WARM}\n`).maxMemoryMb, 18)
})

test('a log without a report, or with half of one, is no measurement', () => {
  assert.throws(() => reportIn('START RequestId: 1\n'), /no REPORT line/)
  assert.throws(() => reportIn('REPORT RequestId: 1\tDuration: 2.10 ms'), /lacks a figure/)
  assert.throws(() => reportIn('my function says REPORT RequestId: 1\n'), /no REPORT line/)
})
