import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Agent } from 'node:https'
import { type TestContext, test } from 'node:test'

import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { GetParameterCommand } from '@aws-sdk/client-ssm'

import { begin, gate } from './harness.ts'
import { type Aws, LOCAL_CREDENTIALS, startAws, testTls } from './index.ts'

const seed = { secrets: { a: 'value of a', b: 'value of b' }, parameters: { '/p': 'value of p' } }

test('two starts of one seed answer the same bytes', async (t) => {
  const first = await begin(t, { seed })
  const second = await begin(t, { seed })
  for (const [target, input] of [
    ['secretsmanager.GetSecretValue', { SecretId: 'a' }],
    ['AmazonSSM.GetParameter', { Name: '/p' }],
  ] as const) {
    assert.equal((await first.call(target, input)).text, (await second.call(target, input)).text)
  }
})

test('calls are counted by the name that was sent, and in total', async (t) => {
  const { aws, secrets, parameters, call } = await begin(t, { seed })
  await secrets.send(new GetSecretValueCommand({ SecretId: 'a' }))
  await secrets.send(new GetSecretValueCommand({ SecretId: 'none' })).catch(() => undefined)
  await parameters.send(new GetParameterCommand({ Name: '/p:1' }))
  await call('secretsmanager.GetSecretValue', { SecretId: 'a' }, { region: 'eu-west-1' })
  assert.deepEqual(
    [aws.calls('a'), aws.calls('none'), aws.calls('/p:1'), aws.calls('/p'), aws.calls()],
    [2, 1, 1, 0, 4],
  )
  assert.deepEqual(
    aws.requests.map(({ operation, names, status, error }) => [operation, names[0], status, error]),
    [
      ['GetSecretValue', 'a', 200, undefined],
      ['GetSecretValue', 'none', 400, 'ResourceNotFoundException'],
      ['GetParameter', '/p:1', 200, undefined],
      ['GetSecretValue', 'a', 400, 'InvalidSignatureException'],
    ],
  )
  aws.resetCounts()
  assert.deepEqual([aws.calls('a'), aws.calls(), aws.requests.length], [0, 0, 0])
})

test('what is recorded of a request holds no value, token or signature', async (t) => {
  const { aws, secrets } = await begin(t, { seed })
  await secrets.send(new GetSecretValueCommand({ SecretId: 'a' }))
  const text = JSON.stringify(aws.requests)
  for (const hidden of ['value of a', LOCAL_CREDENTIALS.sessionToken!, 'Signature=']) {
    assert.ok(!text.includes(hidden))
  }
  assert.equal(aws.requests[0]!.accessKeyId, LOCAL_CREDENTIALS.accessKeyId)
  assert.equal(aws.requests[0]!.headers['x-amz-target'], 'secretsmanager.GetSecretValue')
})

test('sockets and requests at once are counted, and idle sockets can be dropped', async (t) => {
  const { aws, secrets } = await begin(t, { seed })
  const once = () => secrets.send(new GetSecretValueCommand({ SecretId: 'a' }))
  await once()
  await once()
  assert.deepEqual([aws.connections(), aws.openConnections(), aws.peakConcurrency()], [1, 1, 1])
  assert.deepEqual(
    aws.requests.map(({ connection }) => connection),
    [1, 1],
  )
  const { promise: until, resolve: release } = gate()
  aws.fault({}, { until })
  const three = Promise.all([once(), once(), once()])
  await aws.called('a', 5)
  assert.equal(aws.inFlight(), 3)
  release()
  await three
  assert.deepEqual([aws.peakConcurrency(), aws.peakConnections(), aws.connections()], [3, 3, 3])
  assert.equal(aws.dropConnections(), 3)
})

test('over TLS the test authority vouches for the emulator, and nobody else does', async (t) => {
  const aws = await beginTls(t)
  assert.match(aws.url, /^https:\/\/127\.0\.0\.1:\d+$/)
  assert.equal(await ask(aws.url, CA), 'value of a')
  assert.equal(await ask(aws.url.replace('127.0.0.1', 'localhost'), CA), 'value of a')
  await assert.rejects(ask(aws.url), { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' })
  assert.deepEqual(
    aws.requests.map(({ connection }) => connection),
    [1, 2],
  )
})

test('over TLS resets and half bodies end the connection too', async (t) => {
  const aws = await beginTls(t)
  for (const kind of ['reset', 'reset-after-headers', 'half-body'] as const) {
    aws.fault({}, { kind }, 1)
    await assert.rejects(ask(aws.url, CA), (error: Error) => /ECONNRESET|aborted|hang up/.test(String(error)))
    assert.equal(await ask(aws.url, CA), 'value of a')
  }
})

const CA = readFileSync(testTls().caPath, 'utf8')

async function beginTls(t: TestContext): Promise<Aws> {
  const { key, cert } = testTls()
  const aws = await startAws({ seed, tls: { key, cert } })
  t.after(() => aws.close())
  return aws
}

async function ask(endpoint: string, ca?: string): Promise<string | undefined> {
  const client = new SecretsManagerClient({
    endpoint,
    region: 'us-east-1',
    credentials: LOCAL_CREDENTIALS,
    maxAttempts: 1,
    requestHandler: { httpsAgent: new Agent({ family: 4, ...(ca !== undefined && { ca }) }) },
  })
  try {
    return (await client.send(new GetSecretValueCommand({ SecretId: 'a' }))).SecretString
  } finally {
    client.destroy()
  }
}

test('a port in use and a bad seed are reported at the start', async (t) => {
  const { aws } = await begin(t, { seed })
  await assert.rejects(startAws({ seed, port: aws.port }), { code: 'EADDRINUSE' })
  await assert.rejects(startAws({ seed: { secrets: { 'a b': '' } } }), /expected a secret name/)
})

test('after close the port is free again', async (t) => {
  const first = await startAws({ seed })
  await first.close()
  const second = await startAws({ seed, port: first.port })
  t.after(() => second.close())
  assert.equal(second.port, first.port)
})
