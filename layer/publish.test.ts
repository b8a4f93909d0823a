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
import { LOCAL_CREDENTIALS, startAws } from '../local/emulators/aws/server.ts'
import { LAYERS } from './layers.ts'
import { startLambdaApi } from './testing/lambda-api.ts'

const COMMAND = fileURLToPath(new URL('publish.ts', import.meta.url))
const DIST = fileURLToPath(new URL('../dist/', import.meta.url))

const arnOf = (layer: string, version: number): string =>
  `arn:aws:lambda:us-east-1:123456789012:layer:parameters-secrets-${layer}:${version}`

async function setUp(t: TestContext) {
  const api = await startLambdaApi()
  t.after(() => api.close())
  const parameterStore = await startAws({ seed: {}, regions: ['eu-west-1', 'eusc-de-east-1'] })
  t.after(() => parameterStore.close())
  const folder = mkdtempSync(join(tmpdir(), 'publish-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const out = join(folder, 'layers.json')
  const run = (...args: string[]) =>
    promisify(execFile)(process.execPath, [COMMAND, '--out', out, ...args], {
      env: {
        PATH: process.env['PATH'],
        AWS_ENDPOINT_URL_LAMBDA: api.url,
        AWS_ENDPOINT_URL_SSM: parameterStore.url,
        AWS_ACCESS_KEY_ID: LOCAL_CREDENTIALS.accessKeyId,
        AWS_SECRET_ACCESS_KEY: LOCAL_CREDENTIALS.secretAccessKey,
        AWS_SESSION_TOKEN: LOCAL_CREDENTIALS.sessionToken,
        AWS_MAX_ATTEMPTS: '1',
      },
    })
  return {
    api,
    run,
    parameterStore,
    written: () =>
      JSON.parse(readFileSync(out, 'utf8')) as {
        version: string
        layers: Record<string, Record<string, string>>
      },
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
  assert.deepEqual(written(), {
    version: VERSION,
    layers: {
      'eu-west-1': {
        nodejs: arnOf('nodejs', 1),
        x86_64: arnOf('x86_64', 1),
        arm64: arnOf('arm64', 1),
      },
    },
  })
})

test('the same bytes are not published again, and may be granted to more', async (t) => {
  const { api, run } = await setUp(t)
  const first = await run('--regions', 'eu-west-1', '--organization', 'o-a1b2c3d4e5')
  assert.match(first.stdout, new RegExp(`^${arnOf('nodejs', 1)}  granted to o-a1b2c3d4e5$`, 'm'))
  await run('--regions', 'eu-west-1', '--organization', 'o-zzzzzzzzzz')
  const { stdout } = await run(
    '--regions=eu-west-1,us-east-1',
    '--accounts=111122223333,444455556666',
    '--organization=o-a1b2c3d4e5',
  )
  assert.equal(stdout.match(/the same bytes already/g)?.length, 6)
  for (const [line, to] of [
    ['was granted', 'o-a1b2c3d4e5'],
    ['granted', '111122223333'],
    ['granted', '444455556666'],
  ])
    assert.match(stdout, new RegExp(`^${arnOf('nodejs', 1)}  ${line} to ${to}$`, 'm'))
  const versions = api.layers.get('parameters-secrets-nodejs') ?? []
  assert.equal(versions.length, 1)
  assert.deepEqual(
    [...versions[0]!.permissions.entries()],
    [
      ['organization-o-a1b2c3d4e5', { principal: '*', organization: 'o-a1b2c3d4e5' }],
      ['organization-o-zzzzzzzzzz', { principal: '*', organization: 'o-zzzzzzzzzz' }],
      ['account-111122223333', { principal: '111122223333', organization: undefined }],
      ['account-444455556666', { principal: '444455556666', organization: undefined }],
    ],
  )
})

test('each ARN is a parameter below the path, as the latest and as its version, and is written when it changes', async (t) => {
  const { run, parameterStore } = await setUp(t)
  const args = ['--regions', 'eu-west-1', '--parameters', '/layers/psl']
  const { stdout } = await run(...args)
  const names = ['nodejs', 'x86_64', 'arm64'].flatMap((layer) =>
    ['latest', VERSION].map((version) => `/layers/psl/${layer}/${version}`),
  )
  const written = () => parameterStore.requests.filter(({ operation }) => operation === 'PutParameter')
  assert.deepEqual(
    written().flatMap((one) => one.names),
    names,
  )
  assert.match(stdout, new RegExp(`^${arnOf('arm64', 1)}  as /layers/psl/arm64/latest$`, 'm'))
  await run(...args)
  assert.equal(written().length, 6)
  assert.deepEqual(
    new Set(parameterStore.requests.map(({ region }) => region)),
    new Set(['eu-west-1']),
    'in the region that it was published in',
  )
})

test('--reference has Lambda refer to the zip in a bucket of each region, and other bytes there are an error', async (t) => {
  const { api, run } = await setUp(t)
  const folder = 'layers-eu-west-1/0.1.0'
  for (const { zip } of LAYERS) api.objects.set(`${folder}/${zip}`, readFileSync(DIST + zip))
  const args = ['--regions', 'eu-west-1', '--reference', 's3://layers-{region}/0.1.0/']
  await run(...args)
  for (const { zip } of LAYERS)
    assert.equal(api.layers.get(zip.replace('.zip', ''))?.[0]?.reference, `${folder}/${zip}`)

  const other = await setUp(t)
  for (const { zip } of LAYERS) other.api.objects.set(`${folder}/${zip}`, Buffer.from('something else'))
  await assert.rejects(
    other.run(...args),
    /failed: Error: parameters-secrets-nodejs: Lambda holds other bytes/,
  )
})

test('the sovereign cloud is a partition like the others, and no run has regions of two', async (t) => {
  const { run, written, parameterStore } = await setUp(t)
  await run('--regions', 'eusc-de-east-1', '--parameters', '/layers/psl')
  assert.deepEqual(Object.keys(written().layers), ['eusc-de-east-1'])
  assert.equal(parameterStore.requests[0]?.region, 'eusc-de-east-1')
  await assert.rejects(
    run('--regions', 'eu-west-1,eusc-de-east-1'),
    /--regions are of several partitions: aws, aws-eusc/,
  )
})

test('a refusal ends it with its reason, and what was published is reported', async (t) => {
  const { api, run, written } = await setUp(t)
  api.refuseNext(403, 'AccessDeniedException')
  await assert.rejects(run('--regions', 'eu-west-1'), ({ stderr }: { stderr: string }) => {
    assert.match(stderr, /^failed: AccessDeniedException: refused by the test/)
    return true
  })
  assert.deepEqual(written().layers, {})
  await run('--regions', 'eu-west-1')
  assert.equal(Object.keys(written().layers['eu-west-1'] ?? {}).length, 3)
})

test('a dry run says what it would do, and asks nothing', async (t) => {
  const { api, run } = await setUp(t)
  const { stdout } = await run(
    '--regions',
    'eu-west-1',
    '--accounts',
    '111122223333',
    '--dry-run',
    '--parameters',
    '/l',
  )
  assert.match(stdout, /eu-west-1: dist\/parameters-secrets-arm64\.zip as parameters-secrets-arm64\n/)
  assert.match(stdout, /eu-west-1: its ARN as \/l\/arm64\/latest\n/)
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
    [['--regions', 'eu-west-1', '--parameters', 'layers'], /--parameters must be like/],
    [['--regions', 'eu-west-1', '--parameters', '/aws/service/x'], /--parameters must be like/],
    [['--regions', 'eu-west-1', '--reference', 'bucket'], /--reference must be like/],
  ] as const) {
    await assert.rejects(run(...args), ({ stderr, code }: { stderr: string; code: number }) => {
      assert.match(stderr, why)
      return code === 2
    })
  }
})

test("the publisher's policy in the guide allows each call that is made, and no action that is not", async (t) => {
  const { api, run, parameterStore } = await setUp(t)
  const folder = 'layers-eu-west-1/0.1.0'
  for (const { zip } of LAYERS) api.objects.set(`${folder}/${zip}`, readFileSync(DIST + zip))
  const args = [
    '--regions=eu-west-1',
    '--organization=o-a1b2c3d4e5',
    '--parameters=/layers/parameters-secrets',
  ]
  await run(...args, '--reference=s3://layers-{region}/0.1.0')
  await run(...args)
  const parameters = parameterStore.requests.flatMap(({ operation, names }) =>
    names.map((name) => ({
      action: `ssm:${operation}`,
      resource: `arn:aws:ssm:eu-west-1:123456789012:parameter${name}`,
    })),
  )
  // Lambda reads the zip as the publisher does: with the publisher's own right.
  const objects = [...api.objects.keys()].map((key) => ({
    action: 's3:GetObject',
    resource: `arn:aws:s3:::${key}`,
  }))
  const calls = [...api.calls, ...parameters, ...objects]
  const guide = readFileSync(new URL('README.md', import.meta.url), 'utf8')
  const [, policy = ''] = /```json\n(\{\n {2}"Version": "2012[^]*?)```/.exec(guide) ?? []
  const statements = (JSON.parse(policy) as { Statement: Statement[] }).Statement
  const isAllowed = ({ action, resource }: { action: string; resource: string }) =>
    statements.some(
      ({ Action, Resource }) =>
        [Action].flat().includes(action) && [Resource].flat().some((one) => matches(one, resource)),
    )
  assert.deepEqual(
    calls.filter((call) => !isAllowed(call)),
    [],
  )
  const made = new Set(calls.map(({ action }) => action))
  assert.deepEqual(new Set(statements.flatMap(({ Action }) => Action)), made)
})

interface Statement {
  readonly Action: string | string[]
  readonly Resource: string | string[]
}

/** As IAM does: a star is any text. */
function matches(pattern: string, resource: string): boolean {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`).test(resource)
}
