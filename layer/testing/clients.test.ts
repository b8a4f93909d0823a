// Functions with nothing but an SDK of AWS, or Powertools, whose endpoint is the artefact that EXTENSION_UNDER_TEST
// names. What each does is in layer/testing/clients; here is what it must have seen.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { LOCAL_CREDENTIALS } from '../../local/emulators/aws/server.ts'
import { type Extension, startExtension } from '../../test/artefact.ts'
import { type Client, clientsHere, PYTHON_PACKAGES } from './clients.ts'

const SAMPLES = fileURLToPath(new URL('../samples/python', import.meta.url))
const CLIENTS = fileURLToPath(new URL('clients', import.meta.url))
const SECRET = 'the secret of the sample function'
const BYTES = 'AGEgYmluYXJ5IHZhbHVlIQ=='
/** More than one page. */
const NAMES = 'abcdefghijklm'.split('').map((letter) => `/app/${letter}`)
const SEED = {
  secrets: { s: SECRET, blob: { binary: BYTES } },
  parameters: Object.fromEntries(NAMES.map((name) => [name, `the value of ${name}`])),
}

const SEEN = {
  read: [SECRET, SECRET],
  binary: Buffer.from(BYTES, 'base64').toString('hex'),
  noSecret: 'ResourceNotFoundException',
  noParameter: 'ParameterNotFound',
  listed: NAMES,
  some: [['/app/a'], ['/none']],
  described: 's',
  writtenSecret: 'what the client has written',
  writtenParameter: 'what the client has written, too',
}
/** Of Powertools a caller gets values alone. */
const VALUES_ALONE = ['binary', 'described', 'created'] as const
const CANNOT: Readonly<Record<string, readonly string[]>> = {
  'Powertools for Python': VALUES_ALONE,
  'Powertools for TypeScript': [...VALUES_ALONE, 'writtenSecret'],
}

async function output(
  { port, token }: Extension,
  { command, env }: Omit<Client, 'name'>,
  path = '',
): Promise<unknown> {
  const [program = '', ...args] = command
  const endpoint = `http://localhost:${port}${path}`
  const { stdout } = await promisify(execFile)(program, args, {
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      AWS_REGION: 'us-east-1',
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: LOCAL_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: LOCAL_CREDENTIALS.secretAccessKey,
      AWS_SESSION_TOKEN: token,
      PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: String(port),
      AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoint,
      AWS_ENDPOINT_URL_SSM: endpoint,
      SECRET_ID: 's',
      ...env,
    },
  })
  return JSON.parse(stdout)
}

const PROVIDER_SEED = { secrets: { s: SECRET, 'app/nested': 'a nested one' } }

if (clientsHere().some(({ name }) => name === 'boto3')) {
  test("a client of AWS's provider needs no change: its query, its path, its headers", async (t) => {
    const extension = await startExtension(t, { seed: PROVIDER_SEED })
    const file = tokenFile(t, extension.token)
    const command = ['python3', '-B', join(CLIENTS, 'python/provider_client.py'), file]
    assert.deepEqual(await output(extension, { command, env: { PYTHONPATH: PYTHON_PACKAGES } }), {
      ping: 'healthy',
      query: SECRET,
      refreshed: SECRET,
      path: SECRET,
      nested: 'a nested one',
      header: SECRET,
      missing: 'Status code 400 - an unexpected error occurred while executing request',
    })
    assert.equal(extension.aws.calls('s'), 2, 'once, and once to refresh')
  })
}

test("curl, as the provider's guide calls it, gets the secret by its query and by its path", async (t) => {
  const extension = await startExtension(t, { seed: PROVIDER_SEED })
  const file = tokenFile(t, extension.token)
  for (const target of ['/secretsmanager/get?secretId=s', '/v1/s']) {
    const call = `curl --silent -H "X-Aws-Parameters-Secrets-Token: $(cat ${file})" '${extension.url}${target}'`
    const { stdout } = await promisify(execFile)('/bin/sh', ['-c', call])
    assert.equal((JSON.parse(stdout) as { SecretString: string }).SecretString, SECRET)
  }
})

function tokenFile(t: TestContext, token: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'token-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'awssmatoken')
  writeFileSync(file, `${token}\n`)
  return file
}

/** As the GET endpoint says it, in seconds since 1970. */
async function createdAt(extension: Extension): Promise<number> {
  const { body } = await extension.get('/secretsmanager/get?secretId=s')
  const { CreatedDate } = JSON.parse(body.toString()) as { CreatedDate: string }
  return Math.floor(Date.parse(CreatedDate) / 1_000)
}

for (const client of clientsHere()) {
  test(`${client.name} reads, misses, lists, gets typed errors, writes, and reads what it wrote`, async (t) => {
    const extension = await startExtension(t, { seed: SEED })
    const expected = Object.entries({ ...SEEN, created: await createdAt(extension) })
    const cannot = CANNOT[client.name] ?? []
    const possible = Object.fromEntries(expected.filter(([name]) => !cannot.includes(name)))
    assert.deepEqual(await output(extension, client), possible)
    const reads = extension.aws.requests.filter(
      ({ operation, names }) => operation === 'GetSecretValue' && names.includes('s'),
    )
    assert.equal(reads.length, 'writtenSecret' in possible ? 2 : 1)
  })

  test(`${client.name} with /refresh as its endpoint does the same, and each of its reads reaches AWS`, async (t) => {
    const extension = await startExtension(t, { seed: SEED })
    const expected = Object.entries({ ...SEEN, created: await createdAt(extension) })
    const cannot = CANNOT[client.name] ?? []
    const possible = Object.fromEntries(expected.filter(([name]) => !cannot.includes(name)))
    const before = extension.aws.calls('s')
    assert.deepEqual(await output(extension, client, '/refresh'), possible)
    const reads = extension.aws.requests.filter(
      ({ operation, names }) => operation === 'GetSecretValue' && names.includes('s'),
    )
    assert.ok(reads.length - before >= ('writtenSecret' in possible ? 3 : 2), String(reads.length))
  })
}

if (clientsHere().some(({ name }) => name === 'boto3')) {
  test('a Python handler with nothing but boto3 is served from the cache', async (t) => {
    const extension = await startExtension(t, { seed: SEED })
    const handle = 'import json, sdk; print(json.dumps([sdk.handler({}, None), sdk.handler({}, None)]))'
    const one = { secretLength: SECRET.length }
    const env = { PYTHONPATH: `${SAMPLES}:${PYTHON_PACKAGES}` }
    assert.deepEqual(await output(extension, { command: ['python3', '-B', '-c', handle], env }), [one, one])
    assert.equal(extension.aws.calls(), 1)
  })
}
