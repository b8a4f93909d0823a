import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { readConfig } from '../config/config.ts'
import { LOCAL_CREDENTIALS, startAws } from '../../local/emulators/aws/server.ts'
import { UpstreamError } from '../errors.ts'
import { createLog } from '../log.ts'
import { parameterLookup, secretLookup } from '../lookup.ts'
import { createCore } from './core.ts'

const SECRET = secretLookup('MySecret')
const PARAMETER = parameterLookup('/app/url')

/** The core in this process, in front of the emulated AWS. */
async function start(t: TestContext, env: Record<string, string> = {}) {
  const aws = await startAws({
    seed: { secrets: { MySecret: 'hunter2' }, parameters: { '/app/url': 'https://example.com' } },
  })
  const lines: string[] = []
  const { accessKeyId, secretAccessKey, sessionToken } = LOCAL_CREDENTIALS
  const config = readConfig({
    AWS_REGION: 'us-east-1',
    AWS_ENDPOINT_URL: aws.url,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
    ...env,
  })
  const core = createCore(config, createLog('debug', 'text', { write: (line) => void lines.push(line) }))
  t.after(() => {
    core.upstream.reset()
    return aws.close()
  })
  return { aws, core, lines }
}

const bodyOf = ({ bytes }: { readonly bytes: string }) => JSON.parse(bytes) as Record<string, unknown>

test('a miss asks AWS once, and the next read is a hit with the same bytes', async (t) => {
  const { aws, core } = await start(t)
  assert.equal(core.cache.get(SECRET), undefined)
  const [one, two] = await Promise.all([core.cache.load(SECRET), core.cache.load(SECRET)])
  assert.equal(bodyOf(one)['SecretString'], 'hunter2')
  assert.equal(one, two)
  assert.equal(core.cache.get(SECRET), one)
  assert.equal(aws.calls('MySecret'), 1)
})

test('a secret and a parameter come in the shape of the original', async (t) => {
  const { core } = await start(t)
  const [secret, parameter] = await Promise.all([core.cache.load(SECRET), core.cache.load(PARAMETER)])
  assert.deepEqual(Object.keys(bodyOf(secret)).at(-1), 'ResultMetadata')
  assert.deepEqual(Object.keys(bodyOf(parameter)), ['Parameter', 'ResultMetadata'])
})

test('a store whose TTL is 0 keeps nothing, and the other store keeps its own', async (t) => {
  const { core } = await start(t, { SECRETS_MANAGER_TTL: '0' })
  await Promise.all([core.cache.load(SECRET), core.cache.load(PARAMETER)])
  assert.equal(core.cache.get(SECRET), undefined)
  assert.notEqual(core.cache.get(PARAMETER), undefined)
})

test('a failure is logged with what AWS said, and the next read asks again', async (t) => {
  const { aws, core, lines } = await start(t)
  const absent = secretLookup('Absent')
  await assert.rejects(core.cache.load(absent), UpstreamError)
  assert.match(lines.join(''), /ERROR GetSecretValue request encountered an error.*ResourceNotFoundException/)
  aws.putSecret('Absent', 'here now')
  assert.equal(bodyOf(await core.cache.load(absent))['SecretString'], 'here now')
})

for (const [kind, calls] of [
  ['throttle', 1],
  ['unavailable', 1],
  ['AccessDeniedException', 3],
] as const) {
  test(`many secrets whose batch ends by ${kind} cost ${calls} calls`, async (t) => {
    const { aws, core } = await start(t, { AWS_MAX_ATTEMPTS: '1' })
    const both = [SECRET, secretLookup('Another')]
    aws.putSecret('Another', 'hunter3')
    const fault = kind === 'AccessDeniedException' ? ({ kind: 'error', code: kind } as const) : { kind }
    aws.fault({ operation: 'BatchGetSecretValue' }, fault)
    const parts = await core.readMany(both, false)
    assert.equal(aws.calls(), calls)
    assert.ok(parts.every(({ got }) => got instanceof UpstreamError === (calls === 1)))
    aws.clearFaults()
    const next = await core.readMany(both, false)
    assert.ok(next.every(({ got }) => !(got instanceof UpstreamError)))
  })
}

test('before the restore of a snapshot nothing is kept, and after the first invoke it is', async (t) => {
  const { core } = await start(t, { AWS_LAMBDA_INITIALIZATION_TYPE: 'snap-start' })
  await core.cache.load(SECRET)
  assert.equal(core.cache.get(SECRET), undefined)
  core.guard.invoked()
  await core.cache.load(SECRET)
  assert.notEqual(core.cache.get(SECRET), undefined)
})

test('no other token is asked for where the credentials come from the environment', async (t) => {
  const { core } = await start(t)
  assert.equal(core.isCurrentToken, undefined)
})
