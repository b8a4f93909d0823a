import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAllowedName, readEnvironmentSettings } from './environment.ts'

const P = 'PARAMETERS_SECRETS_EXTENSION_'
const SECRET_ARN = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:mine-AbCdEf'
const PARAMETER_ARN = 'arn:aws:ssm:us-east-1:123456789012:parameter/a/b'

function read(env: Record<string, string>) {
  const notes: Parameters<typeof readEnvironmentSettings>[1] = []
  return { settings: readEnvironmentSettings(env, notes), notes: notes.map(({ message }) => message) }
}

function targetOf(value: string) {
  return read({ V: value }).settings?.references[0]?.target
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
  }
})

test('a parameter may have a version or a label', () => {
  for (const name of ['/a/b', 'a', '/a/b:3', '/a/b:live', PARAMETER_ARN, PARAMETER_ARN + ':3']) {
    assert.deepEqual(targetOf('resolve:ssm:' + name), { store: 'parameter-store', name })
  }
})

test('a reference that cannot be read is still one, so that it never reaches the function', () => {
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
    const { settings } = read({ V: 'resolve:' + text })
    assert.deepEqual(settings?.references, [{ name: 'V', target: undefined }], text)
  }
})

test('bare ARNs, other prefixes and our own settings are no references', () => {
  const env = {
    A: SECRET_ARN,
    B: 'resolve:s3:x',
    C: ' resolve:ssm:a',
    D: 'Resolve:ssm:a',
    [P + 'X']: 'resolve:ssm:a',
  }
  assert.equal(read(env).settings, undefined)
  assert.equal(read({}).settings, undefined)
})

test('a variable that bash keeps for itself cannot be replaced', () => {
  for (const name of ['UID', 'RANDOM', 'SHELLOPTS', 'BASH_ENV', 'IFS', 'a.b']) {
    assert.equal(read({ [name]: 'resolve:ssm:a' }).settings?.references[0]?.target, undefined, name)
  }
})

test('sources stand between commas or white space, and a bad one is warned of', () => {
  const { settings, notes } = read({ [P + 'ENV_FROM']: `secretsmanager:a, ssm:/x/y/\nssm:/ ssm:/x vault:z` })
  assert.deepEqual(settings?.sources, [
    { kind: 'secret', secretId: 'a' },
    { kind: 'path', path: '/x/y' },
    { kind: 'path', path: '/' },
  ])
  assert.equal(notes.length, 2)
  for (const note of notes) assert.match(note, /ENV_FROM must list .*Ignoring it\.$/)
})

test('what is to happen on an error is read in any letter case, and a bad value is fail', () => {
  const onError = (value: string) => read({ V: 'resolve:ssm:a', [P + 'ENV_ON_ERROR']: value })
  assert.equal(onError('UNSET').settings?.onError, 'unset')
  assert.equal(onError('fail').settings?.onError, 'fail')
  const { settings, notes } = onError('ignore')
  assert.equal(settings?.onError, 'fail')
  assert.match(String(notes), /ENV_ON_ERROR must be fail or unset, got "ignore"\. Using fail\./)
})

test('a source may not set what steers Lambda, the loader, a runtime or ourselves', () => {
  const steering = [
    'AWS_REGION',
    'LD_PRELOAD',
    'PATH',
    'BASH_ENV',
    'NODE_OPTIONS',
    'PYTHONPATH',
    'JAVA_TOOL_OPTIONS',
  ]
  for (const name of [...steering, P + 'HTTP_PORT', 'UID', '1a', 'a-b', 'a b', '', 'ü', 'a\n']) {
    assert.ok(!isAllowedName(name), name)
  }
  for (const name of ['DB_PASSWORD', 'a', '_x', 'PATHS', 'LDAP_URL', 'AWSX', 'HOSTNAME']) {
    assert.ok(isAllowedName(name), name)
  }
})
