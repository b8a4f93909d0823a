import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gate } from '../../test/gate.ts'
import { SnapshotGuard } from './snapshot.ts'

function guarded(isSnapStart: boolean) {
  const forgotten: string[] = []
  const guard = new SnapshotGuard(isSnapStart, {
    forgetConnections: () => forgotten.push('connections'),
    forgetAll: () => forgotten.push('all'),
  })
  return { guard, forgotten }
}

test('outside SnapStart nothing is ever forgotten', async () => {
  const { guard, forgotten } = guarded(false)
  assert.equal(guard.isBeforeRestore, false)
  assert.equal(await guard.during(async () => 'answer'), 'answer')
  guard.invoked()
  assert.deepEqual(forgotten, [])
})

test('the first INVOKE forgets all, and the ones after it nothing', () => {
  const { guard, forgotten } = guarded(true)
  assert.equal(guard.isBeforeRestore, true)
  guard.invoked()
  guard.invoked()
  assert.equal(guard.isBeforeRestore, false)
  assert.deepEqual(forgotten, ['all'])
})

test('of calls that overlap, the last one to end forgets the connections', async () => {
  const { guard, forgotten } = guarded(true)
  const [first, second] = [gate(), gate()]
  const calls = [guard.during(() => first.until), guard.during(() => second.until)]
  second.release()
  await calls[1]
  assert.deepEqual(forgotten, [])
  first.release()
  await calls[0]
  assert.deepEqual(forgotten, ['connections'])
})

test('a call that fails is forgotten too, and fails as it failed', async () => {
  const { guard, forgotten } = guarded(true)
  const error = new Error('refused')
  await assert.rejects(
    guard.during(() => Promise.reject(error)),
    error,
  )
  assert.deepEqual(forgotten, ['connections'])
})

test('a call that began before the restore and ends after it throws nothing away', async () => {
  const { guard, forgotten } = guarded(true)
  const { until, release } = gate()
  const call = guard.during(() => until)
  guard.invoked()
  release()
  await call
  assert.deepEqual(forgotten, ['all'])
})
