// A test of the function, by the local stand-in. Its package is made and installed as docs/local.md says.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startLocal } from 'open-parameters-secrets-extension'

const local = await startLocal({
  seed: { secrets: { db: 'twelve bytes' }, parameters: { '/app/url': 'https://example.com' } },
  env: { SECRETS_MANAGER_TTL: '0' },
})
after(() => local.stop())

process.env.AWS_SESSION_TOKEN = local.token
process.env.PARAMETERS_SECRETS_EXTENSION_HTTP_PORT = String(local.port)
process.env.SECRET_ID = 'db'
process.env.PARAMETER_NAME = '/app/url'
const { handler } = await import('./index.mjs')

test('the function reads its secret and its parameter', async () => {
  assert.deepEqual(await handler(), { secretLength: 12, parameterVersion: 1 })
})

test('a rotation is seen', async () => {
  local.rotate('db', 'longer than before')
  assert.equal((await handler()).secretLength, 18)
})

test('where AWS denies the secret, the function fails with its reason', async () => {
  local.fault({ name: 'db' }, { kind: 'error', code: 'AccessDeniedException' }, 1)
  await assert.rejects(handler(), /^Error: 400 /)
})
