// However slow the calls of one kind are, no call of another kind waits for them.

import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Reply } from '../../tools/wire.ts'
import { type Extension, startExtension } from '../artefact.ts'
import { bySdk } from '../sdk-call.ts'
import { gate } from '../gate.ts'

const P = 'PARAMETERS_SECRETS_EXTENSION_'
const PARAMETERS = '/systemsmanager/parameters'
const NAMES = Array.from({ length: 25 }, (_, i) => `/ahead/${i}`)
const parameters = Object.fromEntries(
  ['/app/a', '/app/b', ...NAMES].map((name) => [name, `value of ${name}`]),
)

/** A call of each kind that a client makes, by the operation that AWS sees. */
const CALLS: Record<string, (extension: Extension, i: number) => Promise<Reply>> = {
  GetParameter: (extension, i) => extension.get(`${PARAMETERS}/get?name=${NAMES[i]}&refreshNow=true`),
  GetParametersByPath: (extension, i) =>
    extension.get(`${PARAMETERS}/getByPath?path=/app&recursive=${i < 2}&withDecryption=${i % 2 === 0}`),
  DescribeParameters: (extension) => bySdk(extension, 'AmazonSSM.DescribeParameters', {}),
}

async function assertOthers(extension: Extension, slow: string): Promise<void> {
  for (const [operation, ask] of Object.entries(CALLS)) {
    if (operation !== slow) assert.equal((await ask(extension, 0)).status, 200, operation)
  }
}

const callsTo = ({ aws }: Extension, operation: string): number =>
  aws.requests.filter((request) => request.operation === operation).length

for (const most of [1, 3]) {
  const env = { [P + 'MAX_CONNECTIONS']: String(most) }
  for (const [slow, ask] of Object.entries(CALLS)) {
    test(`with ${most} connections nothing else waits for slow calls of ${slow}`, async (t: TestContext) => {
      const extension = await startExtension(t, { seed: { parameters }, env })
      const { until, release } = gate()
      extension.aws.fault({ operation: slow }, { until })
      const slowOnes = Array.from({ length: most + 1 }, (_, i) => ask(extension, i))
      while (callsTo(extension, slow) < most) await sleep(5)
      await assertOthers(extension, slow)
      assert.equal(callsTo(extension, slow), most)
      release()
      for (const reply of await Promise.all(slowOnes)) assert.equal(reply.status, 200)
    })
  }

  for (const [what, operation, named] of [
    ['by name', 'GetParameters', NAMES.join()],
    ['by path', 'GetParametersByPath', '/ahead/'],
  ] as const) {
    test(`with ${most} connections nobody waits for a slow prefetch ${what}`, async (t) => {
      const extension = await startExtension(t, {
        seed: { parameters },
        env: { ...env, [P + 'PREFETCH_PARAMETERS']: named, [P + 'PREFETCH_WAIT_MILLIS']: '0' },
        until: 'launched',
      })
      const { until, release } = gate()
      extension.aws.fault({ operation }, { until })
      await extension.lambda.initialized()
      const calls = operation === 'GetParameters' ? most : 1
      while (callsTo(extension, operation) < calls) await sleep(5)
      await assertOthers(extension, operation)
      assert.equal(callsTo(extension, operation), calls, 'it goes on')
      release()
    })
  }
}
