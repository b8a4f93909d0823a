// The command as it is called, in front of Lambda's calls for layers.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { VERSION } from '../src/version.ts'
import { LAYERS } from './layers.ts'
import { startLambdaApi } from './testing/lambda-api.ts'

const COMMAND = fileURLToPath(new URL('publish.ts', import.meta.url))
const DIST = fileURLToPath(new URL('../dist/', import.meta.url))

async function setUp(t: TestContext) {
  const api = await startLambdaApi()
  t.after(() => api.close())
  const folder = mkdtempSync(join(tmpdir(), 'publish-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const out = join(folder, 'layers.json')
  const run = (...args: string[]) =>
    promisify(execFile)(process.execPath, [COMMAND, '--out', out, ...args], {
      env: {
        PATH: process.env['PATH'],
        AWS_ENDPOINT_URL_LAMBDA: api.url,
        AWS_ACCESS_KEY_ID: 'ASIALOCALLOCALLOCAL1',
        AWS_SECRET_ACCESS_KEY: 'local-secret-access-key',
        AWS_MAX_ATTEMPTS: '1',
      },
    })
  return {
    api,
    run,
    written: () => JSON.parse(readFileSync(out, 'utf8')) as { arn: string; isNew: boolean }[],
  }
}

test('each zip becomes a layer with its version, once in each region', async (t) => {
  const { api, run, written } = await setUp(t)
  await run('--regions', 'eu-west-1')
  assert.deepEqual([...api.layers.keys()].sort(), [
    'parameters-secrets-arm64',
    'parameters-secrets-nodejs',
    'parameters-secrets-x86_64',
  ])
  for (const { zip } of LAYERS) {
    const [version, ...more] = api.layers.get(zip.replace('.zip', '')) ?? []
    assert.deepEqual(more, [])
    assert.equal(
      version?.hash,
      createHash('sha256')
        .update(readFileSync(DIST + zip))
        .digest('base64'),
    )
    assert.equal(version.description, `Open Parameters and Secrets Lambda Extension ${VERSION}`)
  }
  assert.deepEqual(api.layers.get('parameters-secrets-nodejs')?.[0]?.architectures, ['x86_64', 'arm64'])
  assert.equal(written().length, 3)
})

test('the same bytes are not published again, and may be granted to more', async (t) => {
  const { api, run, written } = await setUp(t)
  await run('--regions', 'eu-west-1', '--organization', 'o-a1b2c3d4e5')
  const { stdout } = await run(
    '--regions=eu-west-1,us-east-1',
    '--accounts=111122223333,444455556666',
    '--organization=o-a1b2c3d4e5',
  )
  assert.match(stdout, /the same bytes already/)
  const versions = api.layers.get('parameters-secrets-nodejs') ?? []
  assert.equal(versions.length, 1)
  assert.deepEqual(
    [...versions[0]!.permissions.entries()],
    [
      ['organization', { principal: '*', organization: 'o-a1b2c3d4e5' }],
      ['account-111122223333', { principal: '111122223333', organization: undefined }],
      ['account-444455556666', { principal: '444455556666', organization: undefined }],
    ],
  )
  assert.deepEqual(
    written().map(({ isNew }) => isNew),
    Array.from({ length: 6 }, () => false),
  )
})

test('a refusal ends it with its reason, and what was published is told', async (t) => {
  const { api, run, written } = await setUp(t)
  api.refuseNext(403, 'AccessDeniedException')
  await assert.rejects(run('--regions', 'eu-west-1'), ({ stderr }: { stderr: string }) => {
    assert.match(stderr, /^failed: AccessDeniedException: refused by the test/)
    return true
  })
  assert.deepEqual(written(), [])
  await run('--regions', 'eu-west-1')
  assert.equal(written().length, 3)
})

test('a dry run says what it would do, and asks nothing', async (t) => {
  const { api, run } = await setUp(t)
  const { stdout } = await run('--regions', 'eu-west-1', '--accounts', '111122223333', '--dry-run')
  assert.match(stdout, /eu-west-1: dist\/parameters-secrets-arm64\.zip as parameters-secrets-arm64\n/)
  assert.match(stdout, /eu-west-1: for 111122223333\n/)
  assert.equal(api.layers.size, 0)
})

test('regions, accounts and organizations that cannot be are refused before anything is done', async (t) => {
  const { run } = await setUp(t)
  for (const [args, why] of [
    [[], /--regions is missing/],
    [['--regions', 'mars'], /--regions has mars/],
    [['--regions', 'eu-west-1', '--accounts', '1'], /--accounts has 1/],
    [['--regions', 'eu-west-1', '--organization', 'acme'], /--organization must be like/],
  ] as const) {
    await assert.rejects(run(...args), ({ stderr, code }: { stderr: string; code: number }) => {
      assert.match(stderr, why)
      return code === 2
    })
  }
})
