import assert from 'node:assert/strict'
import { test } from 'node:test'

import { begin, gate } from './harness.ts'
import type { Fault } from './index.ts'

const seed = { secrets: { a: 'value of a', b: 'value of b' }, parameters: { '/p': 'value of p' } }
const GET_SECRET = 'secretsmanager.GetSecretValue'
const GET_PARAMETER = 'AmazonSSM.GetParameter'

const ANSWERS: readonly { fault: Fault; secret: [number, string]; parameter: [number, string] }[] = [
  {
    fault: { kind: 'throttle' },
    secret: [400, '{"__type":"ThrottlingException","message":"Rate exceeded"}'],
    parameter: [400, '{"__type":"ThrottlingException","message":"Rate exceeded"}'],
  },
  {
    fault: { kind: 'internal-error' },
    secret: [500, '{"__type":"InternalServiceError","Message":"An error occurred on the server side."}'],
    parameter: [500, '{"__type":"InternalServerError","message":"An error occurred on the server side."}'],
  },
  {
    fault: { kind: 'unavailable' },
    secret: [503, '{"__type":"ServiceUnavailable","message":"Service Unavailable"}'],
    parameter: [503, '{"__type":"ServiceUnavailable","message":"Service Unavailable"}'],
  },
  {
    fault: { kind: 'error', code: 'DecryptionFailure', message: 'no key', status: 400 },
    secret: [400, '{"__type":"DecryptionFailure","Message":"no key"}'],
    parameter: [400, '{"__type":"DecryptionFailure","message":"no key"}'],
  },
  {
    fault: { kind: 'error', code: 'OptInRequired', status: 403 },
    secret: [403, '{"__type":"OptInRequired"}'],
    parameter: [403, '{"__type":"OptInRequired"}'],
  },
  { fault: { kind: 'garbage' }, secret: [200, '{"ARN":"arn:aws:'], parameter: [200, '{"ARN":"arn:aws:'] },
  { fault: { kind: 'empty' }, secret: [200, ''], parameter: [200, ''] },
]

for (const { fault, secret, parameter } of ANSWERS) {
  const title = fault.kind === 'error' ? fault.code : fault.kind
  test(`${title} is answered once to each service, and the next request is served`, async (t) => {
    const { aws, call } = await begin(t, { seed })
    aws.fault({}, fault, 2)
    const failedSecret = await call(GET_SECRET, { SecretId: 'a' })
    assert.deepEqual([failedSecret.status, failedSecret.text], secret)
    const failedParameter = await call(GET_PARAMETER, { Name: '/p' })
    assert.deepEqual([failedParameter.status, failedParameter.text], parameter)
    assert.equal((await call(GET_SECRET, { SecretId: 'a' })).status, 200)
    assert.equal(aws.calls('a'), 2)
  })
}

test('html and bad gzip come with headers that lie', async (t) => {
  const { aws, call } = await begin(t, { seed })
  aws.fault({}, { kind: 'html' }, 1)
  const page = await call(GET_SECRET, { SecretId: 'a' })
  assert.deepEqual([page.status, page.headers['content-type']], [200, 'text/html'])
  aws.fault({}, { kind: 'bad-gzip' }, 1)
  const zipped = await call(GET_PARAMETER, { Name: '/p' })
  assert.deepEqual([zipped.headers['content-encoding'], zipped.text], ['gzip', 'not gzip'])
})

test('a reset, before or after the headers, and half a body all end the connection', async (t) => {
  const { aws, call } = await begin(t, { seed })
  for (const kind of ['reset', 'reset-after-headers', 'half-body'] as const) {
    aws.fault({}, { kind }, 1)
    await assert.rejects(call(GET_SECRET, { SecretId: 'a' }), { code: 'ECONNRESET' })
    assert.equal((await call(GET_SECRET, { SecretId: 'a' })).status, 200)
  }
})

test('a body in drips arrives whole', async (t) => {
  const { aws, call } = await begin(t, { seed })
  const whole = await call(GET_SECRET, { SecretId: 'a' })
  aws.fault({}, { kind: 'drip', pieceMs: 1 }, 1)
  assert.equal((await call(GET_SECRET, { SecretId: 'a' })).text, whole.text)
})

test('a request that hangs is never answered, and does not keep the emulator from closing', async (t) => {
  const { aws, call } = await begin(t, { seed })
  aws.fault({ name: 'a' }, { kind: 'hang' })
  const hanging = assert.rejects(call(GET_SECRET, { SecretId: 'a' }), { code: 'ECONNRESET' })
  await aws.called('a')
  assert.equal((await call(GET_SECRET, { SecretId: 'b' })).status, 200)
  assert.equal(aws.inFlight(), 1)
  await aws.close()
  await hanging
})

test('an answer that is held back has the value of its arrival', async (t) => {
  const { aws, call } = await begin(t, { seed })
  const { promise: until, resolve: release } = gate()
  aws.fault({ name: 'a' }, { until }, 1)
  const early = call(GET_SECRET, { SecretId: 'a' })
  await aws.called('a')
  aws.putSecret('a', 'changed')
  assert.match((await call(GET_SECRET, { SecretId: 'a' })).text, /"changed"/)
  release()
  assert.match((await early).text, /"value of a"/)
})

test('a fault meets only the name and operation it was made for', async (t) => {
  const { aws, call } = await begin(t, { seed })
  aws.fault({ name: 'a', operation: 'GetSecretValue' }, { kind: 'throttle' })
  assert.equal((await call(GET_SECRET, { SecretId: 'a' })).status, 400)
  assert.equal((await call(GET_SECRET, { SecretId: 'b' })).status, 200)
  assert.equal((await call('secretsmanager.BatchGetSecretValue', { SecretIdList: ['a'] })).status, 200)
  aws.clearFaults()
  assert.equal((await call(GET_SECRET, { SecretId: 'a' })).status, 200)
})

test('counted faults are a script that is played first; of lasting ones the latest holds', async (t) => {
  const { aws, call } = await begin(t, { seed })
  const next = async () => (await call(GET_SECRET, { SecretId: 'a' })).status
  aws.fault({}, { delayMs: 1 })
  aws.fault({}, { kind: 'throttle' }, 2)
  aws.fault({}, { kind: 'unavailable' }, 1)
  assert.deepEqual([await next(), await next(), await next(), await next()], [400, 400, 503, 200])
  aws.fault({}, { kind: 'internal-error' })
  assert.deepEqual([await next(), await next()], [500, 500])
})

test('a request with a bad signature is refused whatever fault is waiting', async (t) => {
  const { aws, call } = await begin(t, { seed })
  aws.fault({}, { kind: 'unavailable' }, 1)
  const refused = await call(GET_SECRET, { SecretId: 'a' }, { tamper: { body: '{}' } })
  assert.match(refused.text, /InvalidSignatureException/)
  assert.equal((await call(GET_SECRET, { SecretId: 'a' })).status, 503)
})
