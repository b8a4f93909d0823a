import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { WIRE } from '../../answer/shape.ts'
import { parameterLookup, pathLookup, secretLookup } from '../../lookup.ts'
import { readSdkHeaders } from './headers.ts'
import { createSdkRouter, sdkQuestion } from './question.ts'

const OWN = 'us-east-1'
const ask = (target: string, input: unknown, region = OWN) =>
  sdkQuestion({ target, region }, Buffer.from(JSON.stringify(input)).toString('latin1'), OWN)
const reads = (lookup: unknown) => ({ kind: 'read', lookup, shape: WIRE, refreshNow: false })
const SECRETS = 'secretsmanager'
const SSM = 'AmazonSSM'

test('a single read is the same question as on the GET endpoints', () => {
  assert.deepEqual(ask(`${SECRETS}.GetSecretValue`, { SecretId: 'a/é' }), reads(secretLookup('a/é')))
  assert.deepEqual(
    ask(`${SECRETS}.GetSecretValue`, { SecretId: 'a', VersionId: 'v', VersionStage: 's' }),
    reads(secretLookup('a', { versionId: 'v', versionStage: 's' })),
  )
  assert.deepEqual(
    ask(`${SECRETS}.GetSecretValue`, { SecretId: 'a', VersionId: null }),
    reads(secretLookup('a')),
  )
  assert.deepEqual(ask(`${SSM}.GetParameter`, { Name: '/a:3' }), reads(parameterLookup('/a:3')))
  assert.deepEqual(
    ask(`${SSM}.GetParameter`, { Name: '/a', WithDecryption: true }),
    reads(parameterLookup('/a', { withDecryption: true })),
  )
  assert.deepEqual(
    ask(`${SSM}.GetParametersByPath`, { Path: '/a', Recursive: true, WithDecryption: true }),
    reads(pathLookup('/a', { isRecursive: true, withDecryption: true })),
  )
})

test('many names in one call are many questions', () => {
  const many = { kind: 'many', refreshNow: false, isWire: true }
  assert.deepEqual(ask(`${SSM}.GetParameters`, { Names: ['/a', '/b'] }), {
    ...many,
    store: 'parameter-store',
    lookups: [parameterLookup('/a'), parameterLookup('/b')],
  })
  assert.deepEqual(ask(`${SECRETS}.BatchGetSecretValue`, { SecretIdList: ['a'] }), {
    ...many,
    store: 'secrets-manager',
    lookups: [secretLookup('a')],
  })
})

test('a read that AWS must judge, or that the cache does not know, is passed through and changes nothing', () => {
  for (const [operation, input] of [
    [`${SECRETS}.GetSecretValue`, {}],
    [`${SECRETS}.GetSecretValue`, { SecretId: '' }],
    [`${SECRETS}.GetSecretValue`, { SecretId: 5 }],
    [`${SECRETS}.GetSecretValue`, { SecretId: 'a\u0000b' }],
    [`${SECRETS}.GetSecretValue`, { SecretId: 'a', Unknown: 1 }],
    [`${SSM}.GetParameter`, { Name: '/a', WithDecryption: 'yes' }],
    [`${SSM}.GetParametersByPath`, { Path: '/a', MaxResults: 3 }],
    [`${SSM}.GetParametersByPath`, { Path: '/a', NextToken: 'token' }],
    [`${SSM}.GetParametersByPath`, { Path: '/a', ParameterFilters: [] }],
    [`${SSM}.GetParameters`, { Names: [] }],
    [`${SSM}.GetParameters`, { Names: ['/a', '/a'] }],
    [`${SSM}.GetParameters`, { Names: Array.from({ length: 11 }, (_, i) => `/${i}`) }],
    [`${SECRETS}.BatchGetSecretValue`, { Filters: [] }],
    [`${SECRETS}.ListSecrets`, {}],
    [`${SECRETS}.DescribeSecret`, { SecretId: 'a' }],
    [`${SSM}.DescribeParameters`, {}],
    [`${SSM}.SendCommand`, { Name: 'not a parameter' }],
  ] as const) {
    const question = ask(operation, input)
    assert.ok(question.kind === 'pass', operation)
    assert.deepEqual(
      [question.call.target, question.call.region, JSON.parse(question.call.body), question.changes],
      [operation, undefined, JSON.parse(JSON.stringify(input)), []],
    )
  }
})

test('a write names what it may change', () => {
  const changes = (operation: string, input: unknown) => {
    const question = ask(operation, input)
    return question.kind === 'pass' ? question.changes : question.kind
  }
  for (const write of [
    'PutSecretValue',
    'UpdateSecret',
    'UpdateSecretVersionStage',
    'RotateSecret',
    'DeleteSecret',
  ]) {
    assert.deepEqual(changes(`${SECRETS}.${write}`, { SecretId: 'a' }), ['a'], write)
  }
  assert.deepEqual(changes(`${SECRETS}.CreateSecret`, { Name: 'a' }), ['a'])
  for (const write of [
    'PutParameter',
    'DeleteParameter',
    'LabelParameterVersion',
    'UnlabelParameterVersion',
  ]) {
    assert.deepEqual(changes(`${SSM}.${write}`, { Name: '/a' }), ['/a'], write)
  }
  assert.deepEqual(changes(`${SSM}.DeleteParameters`, { Names: ['/a', '/b'] }), ['/a', '/b'])
  // Each operation has one member for it, and AWS ignores those of others.
  const others = { SecretId: 'a', Name: 'b', Names: ['c'] }
  assert.deepEqual(changes(`${SECRETS}.PutSecretValue`, others), ['a'])
  assert.deepEqual(changes(`${SECRETS}.CreateSecret`, others), ['b'])
  assert.deepEqual(changes(`${SSM}.PutParameter`, others), ['b'])
  assert.deepEqual(changes(`${SSM}.DeleteParameters`, others), ['c'])
  for (const [operation, input] of [
    [`${SSM}.DeleteParameters`, { Names: Array.from({ length: 11 }, (_, i) => `/${i}`) }],
    [`${SSM}.DeleteParameters`, { Names: [] }],
    [`${SSM}.DeleteParameters`, { Names: ['/a', 5] }],
    [`${SSM}.DeleteParameters`, {}],
    [`${SSM}.PutParameter`, { Name: 5 }],
    [`${SECRETS}.PutSecretValue`, { Name: 'a' }],
    [`${SECRETS}.SomethingNew`, { Secrets: ['a'] }],
  ] as const) {
    assert.equal(changes(operation, input), 'everything', operation)
  }
})

test('a call that is signed for another region is passed through to it, whatever it asks', () => {
  const question = ask(`${SECRETS}.GetSecretValue`, { SecretId: 'a' }, 'eu-west-1')
  assert.ok(question.kind === 'pass')
  assert.equal(question.call.region, 'eu-west-1')
  assert.equal(ask(`${SECRETS}.GetSecretValue`, { SecretId: 'a' }, '').kind, 'read')
})

test('another service, no operation and a body that is no object are refused as AWS refuses them', () => {
  const code = (target: string, body: string) => {
    const question = sdkQuestion({ target, region: OWN }, body, OWN)
    return question.kind === 'refusal' ? question.code : question.kind
  }
  for (const target of [
    '',
    'DynamoDB_20120810.GetItem',
    'secretsmanager.',
    'secretsmanager.Get Secret',
    'AmazonSSM',
  ]) {
    assert.equal(code(target, '{}'), 'UnknownOperationException', target)
  }
  for (const body of ['', '{', '[]', 'null', '"a"', '\u00ff']) {
    assert.equal(code('secretsmanager.GetSecretValue', body), 'SerializationException', body)
  }
})

test('no target and no body makes it throw, and its memory changes no answer', () => {
  const router = createSdkRouter(OWN)
  const targets = fc.constantFrom(
    'secretsmanager.GetSecretValue',
    'AmazonSSM.GetParameters',
    'AmazonSSM.PutParameter',
  )
  const bodies = fc.oneof(fc.string({ unit: 'binary' }), fc.json(), fc.constant('{"SecretId":"a"}'))
  fc.assert(
    fc.property(
      fc.oneof(targets, fc.string()),
      bodies,
      fc.constantFrom(OWN, '', 'eu-west-1'),
      (target, text, region) => {
        const body = Buffer.from(text).toString('latin1')
        const direct = sdkQuestion({ target, region }, body, OWN)
        assert.deepEqual(router({ target, region }, body), direct)
        assert.deepEqual(router({ target, region }, body), direct)
      },
    ),
    { numRuns: 1_000 },
  )
})

test("an SDK's headers are found in any letter case; one that came twice does not count", () => {
  const signed =
    'AWS4-HMAC-SHA256 Credential=AKID/20260102/eu-west-1/ssm/aws4_request, SignedHeaders=host, Signature=ab'
  assert.deepEqual(
    readSdkHeaders([
      'X-AMZ-Target',
      'AmazonSSM.GetParameter',
      'authorization',
      signed,
      'X-Amz-Security-Token',
      'token',
      'amz-sdk-invocation-id',
      'an-id',
      'amz-sdk-request',
      'attempt=2; max=3',
    ]),
    {
      target: 'AmazonSSM.GetParameter',
      token: 'token',
      region: 'eu-west-1',
      invocation: 'an-id',
      isRetry: true,
    },
  )
  const twice = readSdkHeaders([
    'x-amz-target',
    'a',
    'x-amz-target',
    'b',
    'x-amz-security-token',
    'a',
    'X-Amz-Security-Token',
    'a',
  ])
  assert.deepEqual([twice.target, twice.token], ['', ''])
  for (const [value, isRetry] of [
    ['attempt=1; max=3', false],
    ['ttl=2026; attempt=3; max=3', true],
    ['attempt=10', true],
    ['', false],
  ] as const) {
    assert.equal(readSdkHeaders(['amz-sdk-request', value]).isRetry, isRetry, value)
  }
  assert.equal(readSdkHeaders(['authorization', 'Bearer x']).region, '')
})
