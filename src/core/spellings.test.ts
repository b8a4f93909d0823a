import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parameterLookup, secretLookup } from '../lookup.ts'
import { spellingsOf } from './stores.ts'

const OWN = { accountId: '123456789012', region: 'us-east-1' }
const secretArn = (region: string, account: string): string =>
  `arn:aws:secretsmanager:${region}:${account}:secret:mine-AbCdEf`
const parameterArn = (path: string): string => `arn:aws:ssm:us-east-1:123456789012:parameter/${path}`

const secretKey = (id: string): string => secretLookup(id).key
const parameterKey = (name: string, decrypt: boolean): string =>
  parameterLookup(name, { withDecryption: decrypt }).key

function ofSecret(requested: string, arn: string, own = OWN as Parameters<typeof spellingsOf>[2]): string[] {
  const fields = { store: 'secrets-manager', secret: { ARN: arn, Name: 'mine' } } as const
  return spellingsOf(secretLookup(requested), fields, own)
}

function ofParameter(
  requested: string,
  parameter: object,
  own = OWN as Parameters<typeof spellingsOf>[2],
): string[] {
  return spellingsOf(
    parameterLookup(requested, { withDecryption: true }),
    { store: 'parameter-store', parameter },
    own,
  )
}

test('a name answers to the ARN and the partial ARN', () => {
  const arn = secretArn('us-east-1', '123456789012')
  assert.deepEqual(ofSecret('mine', arn), [arn, arn.slice(0, -7), 'mine'].map(secretKey))
})

test('an ARN answers to the name only where account and region are known to be our own', () => {
  for (const [region, account, own, isOurs] of [
    ['us-east-1', '123456789012', OWN, true],
    ['us-east-1', '999999999999', OWN, false],
    ['eu-west-1', '123456789012', OWN, false],
    ['us-east-1', '123456789012', { ...OWN, accountId: undefined }, false],
    ['us-east-1', '123456789012', { ...OWN, region: undefined }, false],
  ] as const) {
    const arn = secretArn(region, account)
    for (const requested of [arn, arn.slice(0, -7)]) {
      assert.equal(
        ofSecret(requested, arn, own).includes(secretKey('mine')),
        isOurs,
        `${requested} in ${own.region}`,
      )
    }
  }
})

test('a version of a secret answers to spellings of that version alone', () => {
  const arn = secretArn('us-east-1', '123456789012')
  const lookup = secretLookup('mine', { versionStage: 'AWSPREVIOUS' })
  const keys = spellingsOf(lookup, { store: 'secrets-manager', secret: { ARN: arn, Name: 'mine' } }, OWN)
  assert.ok(keys.includes(secretLookup(arn, { versionStage: 'AWSPREVIOUS' }).key))
  assert.ok(!keys.includes(secretKey(arn)) && !keys.includes(secretKey('mine')))
})

test('a parameter that is not encrypted answers with and without decryption, any other with it alone', () => {
  for (const [Type, isBoth] of [
    ['String', true],
    ['StringList', true],
    ['SecureString', false],
    [undefined, false],
  ] as const) {
    const keys = ofParameter('/a/b', { Name: '/a/b', ARN: parameterArn('a/b'), Type })
    for (const name of ['/a/b', parameterArn('a/b')]) {
      assert.ok(keys.includes(parameterKey(name, true)))
      assert.equal(keys.includes(parameterKey(name, false)), isBoth)
    }
  }
})

test('an ARN of one step may be that of two names, and answers to neither', () => {
  const keys = ofParameter(parameterArn('a'), {
    Name: parameterArn('a'),
    ARN: parameterArn('a'),
    Type: 'String',
  })
  assert.deepEqual(
    keys,
    [true, true, false, false].map((decrypt) => parameterKey(parameterArn('a'), decrypt)),
  )
})

test('a selector stays in every spelling', () => {
  const keys = ofParameter('/a/b:3', {
    Name: '/a/b',
    ARN: parameterArn('a/b'),
    Selector: ':3',
    Type: 'String',
  })
  assert.ok(keys.includes(parameterKey(parameterArn('a/b') + ':3', true)))
  assert.ok(keys.includes(parameterKey('/a/b:3', false)))
  assert.ok(!keys.includes(parameterKey('/a/b', true)))
})

test('a SecureString without decryption answers to spellings without decryption alone', () => {
  const lookup = parameterLookup('/a/b')
  const parameter = { Name: '/a/b', ARN: parameterArn('a/b'), Type: 'SecureString' }
  assert.deepEqual(
    new Set(spellingsOf(lookup, { store: 'parameter-store', parameter }, OWN)),
    new Set(['/a/b', parameterArn('a/b')].map((name) => parameterKey(name, false))),
  )
})

test("a secret that is read by reference does not answer to the secret's ARN", () => {
  const name = '/aws/reference/secretsmanager/mine'
  const parameter = { Name: name, ARN: secretArn('us-east-1', '123456789012'), Type: 'SecureString' }
  const keys = spellingsOf(
    parameterLookup(name, { withDecryption: true }),
    { store: 'parameter-store', parameter },
    OWN,
  )
  assert.deepEqual(keys, [parameterKey(name, true)])
})

test('a name that ends as an ARN does has no partial ARN: AWS reads it as a complete one', () => {
  const arn = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:mine-abc123-AbCdEf'
  assert.deepEqual(ofSecret('mine-abc123', arn), [arn, 'mine'].map(secretKey))
})

test('a parameter that AWS calls by its ARN answers to no plain name', () => {
  const arn = parameterArn('a/b')
  const keys = ofParameter(arn, { Name: arn, ARN: arn, Type: 'SecureString' })
  assert.deepEqual(new Set(keys), new Set([parameterKey(arn, true)]))
})
