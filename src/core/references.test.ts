import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readReference } from './references.ts'

const SECRET_ARN = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:mine-AbCdEf'
const PARAMETER_ARN = 'arn:aws:ssm:us-east-1:123456789012:parameter/a/b'

const targetOf = (value: string, name = 'V') => readReference({ name, value })

/** Why it cannot be read; fails if it can. */
function whyNot(value: string, name?: string): string {
  const target = targetOf(value, name)
  assert.ok('code' in target, value)
  assert.equal(target.code, 'InvalidReference')
  return String(target.why ?? '')
}

const secret = (secretId: string, jsonKey?: string, versionStage?: string, versionId?: string) => ({
  store: 'secrets-manager',
  secretId,
  jsonKey,
  versionStage,
  versionId,
})

test('the parts of a secret come in the order of valueFrom, and an empty one is none', () => {
  for (const id of ['mine', 'team/app/mine', SECRET_ARN]) {
    const at = `resolve:secretsmanager:${id}`
    assert.deepEqual(targetOf(at), secret(id))
    assert.deepEqual(targetOf(at + ':user'), secret(id, 'user'))
    assert.deepEqual(targetOf(at + ':user:AWSPREVIOUS'), secret(id, 'user', 'AWSPREVIOUS'))
    assert.deepEqual(targetOf(at + ':user:AWSPREVIOUS:v1'), secret(id, 'user', 'AWSPREVIOUS', 'v1'))
    assert.deepEqual(targetOf(at + ':::v1'), secret(id, undefined, undefined, 'v1'))
    assert.deepEqual(targetOf(at + '::AWSPREVIOUS:'), secret(id, undefined, 'AWSPREVIOUS'))
    assert.deepEqual(targetOf(at + ':/SecretString'), secret(id, '/SecretString'))
  }
})

test('a parameter may have a version or a label', () => {
  for (const name of ['/a/b', 'a', '/a/b:3', '/a/b:live', PARAMETER_ARN, PARAMETER_ARN + ':3']) {
    assert.deepEqual(targetOf('resolve:ssm:' + name), { store: 'parameter-store', name })
  }
})

test('a reference that cannot be read says so by its code alone', () => {
  for (const text of [
    'secretsmanager:',
    'secretsmanager::key',
    'secretsmanager:a:b:c:d:e',
    'secretsmanager:arn:aws:secretsmanager',
    'ssm:',
    'ssm:a:',
    'ssm:a:1:2',
    `ssm:${PARAMETER_ARN}:1:2`,
  ]) {
    assert.equal(whyNot('resolve:' + text), '', text)
  }
})

test("CloudFormation's order is recognised, with a name and with an ARN", () => {
  for (const id of ['mine', SECRET_ARN]) {
    for (const rest of [
      'SecretString',
      'SecretString:key',
      'SecretString:key:AWSCURRENT:v1',
      'secretstring:key',
    ]) {
      const why = whyNot(`resolve:secretsmanager:${id}:${rest}`)
      assert.match(why, /CloudFormation's order, here it is resolve:secretsmanager:<id>:<json-key>/)
    }
  }
})

test('what only looks like a reference says what is wrong, and shows nothing of the value', () => {
  for (const value of [
    '{{resolve:ssm:/hush}}',
    'x{{Resolve:secretsmanager:hush}}',
    'resolve:ssm:{{resolve:ssm:hush}}',
  ]) {
    assert.match(whyNot(value), /^CloudFormation has left a dynamic reference unresolved$/)
  }
  for (const value of [
    ' resolve:ssm:/hush',
    'Resolve:ssm:/hush',
    'resolve:SSM:/hush',
    'resolve:hush',
    'resolve:',
  ]) {
    assert.match(whyNot(value), /^it has to begin with resolve:secretsmanager: or resolve:ssm:$/)
  }
})

test('a variable that bash keeps for itself cannot be replaced', () => {
  for (const name of [
    'UID',
    'RANDOM',
    'SHELLOPTS',
    'BASHOPTS',
    'BASH_ENV',
    'IFS',
    '_',
    'a.b',
    '1a',
    'ü',
    '',
  ]) {
    assert.match(whyNot('resolve:ssm:a', name), /^bash cannot set a variable of this name$/, name)
  }
  for (const name of ['PATH', 'NODE_OPTIONS', 'TMOUT', 'PS1']) {
    assert.ok(!('code' in targetOf('resolve:ssm:a', name)), name)
  }
})
