import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'

import { begin } from './harness.ts'
import { encode } from './protocol.ts'

const seed = {
  secrets: { a: { value: '<é&>', createdDate: '2026-03-19T16:45:15.403Z' } },
  parameters: { '/p': { value: 'v', lastModifiedDate: '2026-03-19T16:45:15.000Z' } },
}
const GET_SECRET = 'secretsmanager.GetSecretValue'
const GET_PARAMETER = 'AmazonSSM.GetParameter'

test('timestamps are numbers in exponent form, as Java prints them', () => {
  assert.equal(printed('2026-03-19T16:45:15.403Z'), '{"at":1.773938715403E9}')
  assert.equal(printed('2026-03-19T16:45:15.400Z'), '{"at":1.7739387154E9}')
  assert.equal(printed('2026-03-19T16:45:15.000Z'), '{"at":1.773938715E9}')
  assert.equal(printed('2001-09-09T01:46:40.000Z'), '{"at":1.0E9}')
})

test('keys are in alphabetical order and absent members are left out', () => {
  assert.equal(encode({ b: [1, null], a: { d: undefined, c: 'x' } }), '{"a":{"c":"x"},"b":[1,null]}')
})

test('Secrets Manager answers with its own few headers and the whole text unescaped', async (t) => {
  const { call } = await begin(t, { seed })
  const { status, headers, text } = await call(GET_SECRET, { SecretId: 'a' })
  assert.equal(status, 200)
  assert.match(text, /"CreatedDate":1\.773938715403E9,"Name":"a","SecretString":"<é&>","VersionId"/)
  assert.equal(headers['content-type'], 'application/x-amz-json-1.1')
  assert.match(headers['x-amzn-requestid'] as string, /^[0-9a-f-]{36}$/)
  assert.ok(headers.date)
  assert.equal(headers['content-length'], String(Buffer.byteLength(text)))
  for (const absent of ['server', 'cache-control', 'x-amzn-errortype'])
    assert.equal(headers[absent], undefined)
})

test('Parameter Store names its server, forbids storing, and gzips for those who accept it', async (t) => {
  const { call } = await begin(t, { seed })
  const plain = await call(GET_PARAMETER, { Name: '/p' })
  assert.equal(plain.headers.server, 'Server')
  assert.equal(plain.headers['cache-control'], 'no-store')
  assert.equal(plain.headers['content-encoding'], undefined)
  const zipped = await call(
    GET_PARAMETER,
    { Name: '/p' },
    { headers: { 'accept-encoding': 'gzip, deflate' } },
  )
  assert.equal(zipped.headers['content-encoding'], 'gzip')
  assert.equal(gunzipSync(zipped.bytes).toString(), plain.text)
})

test('errors carry their code in the body alone, with the key each service uses', async (t) => {
  const { call } = await begin(t, { seed })
  const secret = await call(GET_SECRET, { SecretId: 'none' })
  assert.equal(secret.status, 400)
  assert.equal(
    secret.text,
    `{"__type":"ResourceNotFoundException","Message":"Secrets Manager can't find the specified secret."}`,
  )
  assert.equal(secret.headers['x-amzn-errortype'], undefined)
  const parameter = await call(GET_PARAMETER, { Name: '/none' })
  assert.equal(parameter.status, 400)
  assert.equal(parameter.text, '{"__type":"ParameterNotFound"}')
  assert.equal(parameter.headers['cache-control'], undefined)
  assert.equal(parameter.headers['x-amzn-errortype'], undefined)
  const version = await call(GET_PARAMETER, { Name: '/p:7' })
  assert.match(version.text, /^\{"__type":"ParameterVersionNotFound","message":"/)
})

test('what is not emulated is an unknown operation, with a sentence of what there is', async (t) => {
  const { call } = await begin(t, { seed })
  for (const [target, sentence] of [
    [
      'secretsmanager.RotateSecret',
      /^RotateSecret is not emulated\. Of Secrets Manager there are GetSecretValue, /,
    ],
    [
      'AmazonSSM.GetSecretValue',
      /^GetSecretValue is not emulated\. Of Parameter Store there are GetParameter, /,
    ],
    [
      'DynamoDB_20120810.GetItem',
      /^DynamoDB_20120810 is not emulated: there are Secrets Manager and Parameter Store/,
    ],
    ['secretsmanager.constructor', /^constructor is not emulated\./],
    ['__proto__.GetItem', /^__proto__ is not emulated/],
  ] as const) {
    const { status, text } = await call(target, {})
    const { __type, message } = JSON.parse(text) as { __type: string; message: string }
    assert.deepEqual([status, __type], [400, 'UnknownOperationException'])
    assert.match(message, sentence)
  }
})

test('another method, path or content type reaches no operation at all', async (t) => {
  const { aws, call } = await begin(t, { seed })
  const tampered = [
    { method: 'PUT' },
    { path: '/other' },
    { headers: { 'content-type': 'application/json' } },
    { headers: { 'content-type': undefined } },
    { headers: { 'x-amz-target': undefined } },
  ]
  for (const tamper of tampered) {
    const { status, text } = await call(GET_SECRET, { SecretId: 'a' }, { tamper })
    assert.deepEqual([status, text], [404, '<UnknownOperationException/>\n'])
  }
  assert.equal(aws.calls(), 0)
})

test('a body that is no JSON object, or of the wrong types, fails to deserialise', async (t) => {
  const { call } = await begin(t, { seed })
  for (const body of ['{"SecretId":', '[]', 'null', '"a"']) {
    const { status, text } = await call(GET_SECRET, body)
    assert.deepEqual([status, text], [400, '{"__type":"SerializationException"}'])
  }
  const types = [
    [GET_SECRET, { SecretId: 7 }, 'NUMBER_VALUE can not be converted to a String'],
    [GET_SECRET, { SecretId: {} }, 'Start of structure or map found where not expected.'],
    [GET_PARAMETER, { Name: '/p', WithDecryption: 'yes' }, 'STRING_VALUE can not be converted to a Boolean'],
    ['AmazonSSM.GetParameters', { Names: '/p' }, 'Expected list or null'],
  ] as const
  for (const [target, input, message] of types) {
    const { text } = await call(target, input)
    assert.deepEqual(JSON.parse(text), { __type: 'SerializationException', message })
  }
})

test('a broken constraint names the member and the rule', async (t) => {
  const { call } = await begin(t, { seed })
  const cases = [
    [GET_SECRET, {}, "Value null at 'secretId' failed to satisfy constraint: Member must not be null"],
    [
      GET_SECRET,
      { SecretId: 'a', VersionId: '1' },
      "Value '1' at 'versionId' failed to satisfy constraint: Member must have length greater than or equal to 32",
    ],
    [
      GET_PARAMETER,
      { Name: '' },
      "Value '' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1",
    ],
  ] as const
  for (const [target, input, rule] of cases) {
    const { status, text } = await call(target, input)
    assert.equal(status, 400)
    assert.deepEqual(JSON.parse(text), {
      __type: 'ValidationException',
      message: `1 validation error detected: ${rule}`,
    })
  }
})

function printed(iso: string): string {
  return encode({ at: new Date(iso) })
}
