import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'
import { LOCAL_CREDENTIALS } from '../../local/emulators/aws/server.ts'
import { startExtension } from '../artefact.ts'
import { gate } from '../gate.ts'
import { header } from '../../tools/wire.ts'

const secret = (name: string): string => `/secretsmanager/get?secretId=${name}`
const parameter = (name: string): string => `/systemsmanager/parameters/get?name=${name}`

test('a secret of 65,536 bytes arrives whole, from AWS and from the cache', async (t) => {
  const value = 'a very large secret: ' + 'é"\\\n'.repeat(10_000)
  const padded = value + 'x'.repeat(65_536 - Buffer.byteLength(value))
  const extension = await startExtension(t, { seed: { secrets: { large: padded } } })
  for (const from of ['MISS', 'HIT']) {
    const reply = await extension.get(secret('large'))
    assert.equal(header(reply, 'x-cache'), from)
    assert.equal(header(reply, 'content-length'), String(reply.body.length))
    const { SecretString } = JSON.parse(reply.body.toString()) as { SecretString: string }
    assert.ok(SecretString === padded, 'the value is whole')
  }
})

for (const [setting, most] of [
  [undefined, 3],
  ['1', 1],
  ['7', 7],
] as const) {
  test(`${most} connections per service at most, with the setting at ${setting ?? 'its default'}`, async (t) => {
    const names = Array.from({ length: 12 }, (_, i) => `/many/number-${i}`)
    const parameters = Object.fromEntries(names.map((name) => [name, `value of ${name}`]))
    const env = { PARAMETERS_SECRETS_EXTENSION_MAX_CONNECTIONS: setting }
    const extension = await startExtension(t, { env, seed: { parameters } })
    const { until, release } = gate()
    extension.aws.fault({}, { until })
    const replies = Promise.all(names.map((name) => extension.get(parameter(name))))
    await extension.aws.called(undefined, most)
    await extension.get('/ping')
    assert.equal(extension.aws.calls(), most, 'no further call before one has ended')
    release()
    assert.deepEqual(new Set((await replies).map(({ status }) => status)), new Set([200]))
    assert.equal(extension.aws.peakConcurrency(), most)
    assert.equal(extension.aws.peakConnections(), most)
  })
}

test('while every connection waits, /ping, hits and refusals are answered (H29, H30)', async (t) => {
  const extension = await startExtension(t, { env: { PARAMETERS_SECRETS_EXTENSION_MAX_CONNECTIONS: '1' } })
  await extension.get(secret('dummy-string-secret'))
  const { until, release } = gate()
  extension.aws.fault({ name: 'dummy-binary-secret' }, { until })
  const waiting = extension.get(secret('dummy-binary-secret'))
  await extension.aws.called('dummy-binary-secret')
  assert.equal((await extension.get('/ping')).status, 200)
  assert.equal(header(await extension.get(secret('dummy-string-secret')), 'x-cache'), 'HIT')
  assert.equal((await extension.get('/secretsmanager/get')).status, 400)
  release()
  assert.equal((await waiting).status, 200)
})

test('the two services do not take connections from each other', async (t) => {
  const extension = await startExtension(t, { env: { PARAMETERS_SECRETS_EXTENSION_MAX_CONNECTIONS: '1' } })
  const { until, release } = gate()
  extension.aws.fault({ name: 'dummy-string-secret' }, { until })
  const waiting = extension.get(secret('dummy-string-secret'))
  await extension.aws.called('dummy-string-secret')
  assert.equal((await extension.get(parameter('/lambda-ext-test-param/dummy-string'))).status, 200)
  release()
  assert.equal((await waiting).status, 200)
})

for (const [variable, target, service] of [
  ['SECRETS_MANAGER_TIMEOUT_MILLIS', secret('dummy-string-secret'), 'Secrets Manager'],
  ['SSM_PARAMETER_STORE_TIMEOUT_MILLIS', parameter('/lambda-ext-test-param/dummy-string'), 'SSM'],
] as const) {
  test(`an upstream that never answers ends in an answer when ${variable} is over (H31)`, async (t) => {
    const extension = await startExtension(t, { env: { [variable]: '150' } })
    extension.aws.fault({}, { kind: 'hang' })
    const reply = await extension.get(target)
    assert.equal(reply.status, 400)
    assert.equal(reply.body.toString(), 'an unexpected error occurred while executing request')
    assert.equal(header(reply, 'x-amzn-errortype'), 'TimeoutError')
    assert.equal(header(reply, 'x-amzn-errormessage'), `${service} did not answer within 150 ms`)
    extension.aws.clearFaults()
    assert.equal((await extension.get(target)).status, 200)
  })
}

test('the timeout bounds the whole call, attempts and pauses included', async (t) => {
  const extension = await startExtension(t, { env: { SECRETS_MANAGER_TIMEOUT_MILLIS: '150' } })
  extension.aws.fault({}, { kind: 'throttle', delayMs: 100 })
  const reply = await extension.get(secret('dummy-string-secret'))
  assert.equal(header(reply, 'x-amzn-errortype'), 'TimeoutError')
  assert.ok(extension.aws.calls() < 3, 'there was no time for three attempts')
})

test('a question by ARN goes to the region of the ARN', async (t) => {
  const extension = await startExtension(t, { aws: { regions: ['eu-west-1'] } })
  const arn = 'arn:aws:ssm:eu-west-1:123456789012:parameter/lambda-ext-test-param/dummy-string'
  const reply = await extension.get(parameter(arn))
  assert.equal(reply.status, 200)
  assert.ok(reply.body.includes(arn))
  assert.equal((await extension.get(parameter('/lambda-ext-test-param/dummy-string'))).status, 200)
  assert.deepEqual(
    extension.aws.requests.map(({ region }) => region),
    ['eu-west-1', 'us-east-1'],
  )
})

test('expired credentials have a code of their own', async (t) => {
  const extension = await startExtension(t)
  extension.aws.expireCredentials(LOCAL_CREDENTIALS.accessKeyId)
  const reply = await extension.get(secret('dummy-string-secret'))
  assert.equal(reply.status, 400)
  assert.equal(header(reply, 'x-amzn-errortype'), 'ExpiredTokenException')
})

test('an upstream that is not there is an answer, and a later one works', async (t) => {
  const extension = await startExtension(t)
  extension.aws.fault({}, { kind: 'reset' })
  const reply = await extension.get(secret('dummy-string-secret'))
  assert.equal(reply.status, 400)
  assert.equal(header(reply, 'x-amzn-errortype'), 'ConnectionError')
  assert.equal(extension.aws.calls(), 3, 'three attempts, as the original')
  extension.aws.clearFaults()
  assert.equal((await extension.get(secret('dummy-string-secret'))).status, 200)
})

test('a call whose bound went by in the queue names the queue', async (t) => {
  const env = { PARAMETERS_SECRETS_EXTENSION_MAX_CONNECTIONS: '1', SECRETS_MANAGER_TIMEOUT_MILLIS: '2000' }
  const extension = await startExtension(t, { env })
  await extension.get(secret('dummy-string-secret'))
  extension.aws.fault({ name: 'dummy-binary-secret' }, { kind: 'hang' })
  const first = extension.get(secret('dummy-binary-secret'))
  await extension.aws.called('dummy-binary-secret')
  const second = await extension.get(secret('dummy-binary-secret&versionStage=AWSPREVIOUS'))
  assert.equal((await first).status, 400)
  assert.equal(second.status, 400)
  assert.match(header(second, 'x-amzn-errortype') ?? '', /TimeoutError/)
  const message = header(second, 'x-amzn-errormessage') ?? ''
  assert.match(message, /waited \d+ of 2000 ms for one of 1 connections: PARAMETERS_SECRETS_EXTENSION_MAX_/)
  await extension.logged(/TimeoutError: waited \d+ of 2000 ms for one of 1 connections/)
  extension.aws.clearFaults()
  assert.equal((await extension.get(secret('dummy-binary-secret'))).status, 200)
})

test('a read whose caller has gone is finished, and its answer serves the next', async (t) => {
  const extension = await startExtension(t, { env: { PARAMETERS_SECRETS_EXTENSION_MAX_CONNECTIONS: '1' } })
  const { until, release } = gate()
  for (const name of ['first', 'second']) extension.aws.putSecret(name, `the ${name} value of all`)
  extension.aws.fault({ name: 'first' }, { until }, 1)
  const callers = [await extension.wire(), await extension.wire()]
  void callers[0]!.send(extension.request('/secretsmanager/get?secretId=first'))
  await extension.aws.called('first')
  void callers[1]!.send(extension.request('/secretsmanager/get?secretId=second'))
  await sleep(100)
  for (const caller of callers) caller.destroy()
  release()
  await extension.aws.called('second')
  for (const name of ['first', 'second']) {
    const reply = await extension.get(`/secretsmanager/get?secretId=${name}`)
    assert.equal(reply.status, 200)
    assert.ok(reply.body.toString().includes(`the ${name} value of all`))
    assert.equal(extension.aws.calls(name), 1)
  }
})
