import assert from 'node:assert/strict'
import test from 'node:test'
import { ROOT } from '../contenders/runtimes.ts'
import { measureSeries, uncounted, Unmeasurable } from './series.ts'
import { schedule } from './schedule.ts'

const SCENARIOS = [{ name: 'calm' }, { name: 'crowd' }]
const CONTENDERS = [{ name: 'ours' }, { name: 'peer' }]
const turns = schedule(CONTENDERS, SCENARIOS, 3, () => 0.5)
const quiet = { progress: () => undefined }

test('a contender that fails in one scenario has a cell that says so, and is measured in the others', async () => {
  let tries = 0
  const measure = async (contender: { name: string }, scenario: { name: string }) => {
    if (contender.name !== 'peer' || scenario.name !== 'crowd') return { values: { p50Us: 1 } }
    tries++
    if (tries === 1) return { values: { p50Us: 1 } }
    throw new Error(`${ROOT}/bin/peer: 429\nand what it wrote`)
  }
  const { samples, failed } = await measureSeries({ group: 'hit', turns, measure }, quiet)
  assert.deepEqual(failed, [{ scenario: 'crowd', contender: 'peer', reason: 'bin/peer: 429' }])
  const of = (contender: string, scenario: string) =>
    samples.filter((one) => one.contender === contender && one.scenario === scenario).length
  assert.deepEqual([of('ours', 'calm'), of('ours', 'crowd'), of('peer', 'calm')], [3, 3, 3])
  // Also the sample from before it failed is no figure of that scenario, and it is not tried a third time.
  assert.deepEqual([of('peer', 'crowd'), tries], [0, 2])
})

test("what is nobody's failure ends the run", async () => {
  const measure = async () => {
    throw new Unmeasurable('port 2773 is taken')
  }
  await assert.rejects(measureSeries({ group: 'hit', turns, measure }, quiet), /port 2773 is taken/)
  await assert.rejects(uncounted(Promise.reject(new Unmeasurable('port 2773 is taken'))), /is taken/)
  await uncounted(Promise.reject(new Error('the peer has ended')))
})
