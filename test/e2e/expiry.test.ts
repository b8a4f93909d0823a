import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Extension, startExtension } from '../artefact.ts'
import { header } from '../../tools/wire.ts'

const SECRET = '/secretsmanager/get?secretId=dummy-string-secret'
const PARAMETER = '/systemsmanager/parameters/get?name=/lambda-ext-test-param/dummy-string'
const TTL_MS = 1000

/** Asks until the answer is a miss; fails on a hit that began when the entry was already past its time. */
async function untilMiss(extension: Extension, target: string, storedBy: number): Promise<string> {
  for (;;) {
    const requestedAt = Date.now()
    const reply = await extension.get(target)
    if (header(reply, 'x-cache') === 'MISS') return reply.body.toString()
    assert.ok(requestedAt < storedBy + TTL_MS, 'a hit after the entry had ended')
    await sleep(50)
  }
}

for (const [variable, target] of [
  ['SECRETS_MANAGER_TTL', SECRET],
  ['SSM_PARAMETER_STORE_TTL', PARAMETER],
] as const) {
  test(`an entry ends with ${variable} and is fetched anew (C5, M4)`, async (t) => {
    const extension = await startExtension(t, { env: { [variable]: '1' } })
    assert.equal(header(await extension.get(target), 'x-cache'), 'MISS')
    const storedBy = Date.now()
    extension.aws.putSecret('dummy-string-secret', 'the value after expiry')
    extension.aws.putParameter('/lambda-ext-test-param/dummy-string', 'the value after expiry')
    assert.match(await untilMiss(extension, target, storedBy), /the value after expiry/)
  })
}

test('a hit does not make an entry live longer', async (t) => {
  const extension = await startExtension(t, { env: { SECRETS_MANAGER_TTL: '1' } })
  await extension.get(SECRET)
  // `untilMiss` asks twenty times a second: if a hit were to renew the entry, no miss would ever come.
  await untilMiss(extension, SECRET, Date.now())
  assert.equal(extension.aws.calls('dummy-string-secret'), 2)
})

test('an entry that has ended is not served when AWS fails', async (t) => {
  const extension = await startExtension(t, { env: { SECRETS_MANAGER_TTL: '1' } })
  await extension.get(SECRET)
  extension.aws.deny('dummy-string-secret')
  for (let status = 200; status !== 400;) {
    status = (await extension.get(SECRET)).status
    await sleep(50)
  }
  extension.aws.allow('dummy-string-secret')
  assert.equal((await extension.get(SECRET)).status, 200)
})
