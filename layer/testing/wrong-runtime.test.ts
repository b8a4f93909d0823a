// The nodejs layer on a function of another runtime, where there is no Node: the function must not notice.

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { type Extension, startExtension } from '../../test/artefact.ts'

function start(t: TestContext): Promise<Extension> {
  return startExtension(t, { env: { PATH: '', LD_LIBRARY_PATH: '/nope' } })
}

test('there is no Node where Lambda has it', () => assert.ok(!existsSync('/var/lang/bin/node')))

test('it registers for SHUTDOWN alone and waits, so that the function lives', async (t) => {
  const { lambda } = await start(t)
  const { extensions } = await lambda.initialized()
  assert.deepEqual(
    extensions.map(({ events }) => events),
    [['SHUTDOWN']],
  )
  const { result } = await lambda.invoke(() => Promise.resolve('answered'))
  assert.equal(result, 'answered')
})

test('one line of the log says which layer to take', async (t) => {
  const { logs } = await start(t)
  const [line, ...rest] = logs()
  assert.deepEqual(rest, [])
  assert.match(
    line ?? '',
    /^\[AWS Parameters and Secrets Lambda Extension\] \d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d ERROR there is no Node .* parameters-secrets-(x86_64|arm64) instead/,
  )
})

test('it asks again when the Extensions API drops it', async (t) => {
  const { lambda } = await start(t)
  assert.equal(lambda.faults.dropNext(), 1)
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  assert.equal(lambda.crashed(), undefined)
  // That it leaves by itself at SHUTDOWN is looked at when the test ends.
})
