import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readEnvironmentSettings } from './environment.ts'
import type { Note } from './read.ts'

const P = 'PARAMETERS_SECRETS_EXTENSION_'

function read(env: Record<string, string>) {
  const notes: Note[] = []
  return { settings: readEnvironmentSettings({ env, notes }), notes: notes.map(({ message }) => message) }
}

const MEANT = [
  'resolve:ssm:/a',
  'resolve:secretsmanager:a',
  'resolve:s3:x',
  'resolve:',
  'Resolve:ssm:/a',
  'RESOLVE:SSM:/a',
  ' resolve:ssm:/a',
  '\t\r\n\u0001\u007f resolve:ssm:/a',
  '\ufeffresolve:ssm:/a',
  '\u00a0\u200bresolve:ssm:/a',
  '"resolve:ssm:/a"',
  "'Resolve:ssm:/a'",
  '`resolve:ssm:/a`',
  '{{resolve:secretsmanager:a:SecretString:b}}',
  '{{resolve:ssm:/a:1}}',
  '{{resolve:ssm-secure:/a:1}}',
  'postgres://app:{{Resolve:SecretsManager:a}}@db',
  '{{ resolve:ssm:/a }}',
  'x{{\n\t\u00a0resolve\ufeff:\u3000ssm:/a}}',
  '{{resolve: secretsmanager:a}}',
  ' resolve :ssm:/a',
]
const NOT_MEANT = [
  '',
  'x',
  'arn:aws:secretsmanager:us-east-1:123456789012:secret:mine-AbCdEf',
  'please resolve:ssm:/a',
  'x-resolve:ssm:/a',
  '/resolve:ssm:/a',
  're\u017folve:ssm:/a',
  'resolve',
  'resolved:ssm:/a',
  '{{resolve:s3:a}}',
  '{resolve:ssm:/a}',
  '{ {resolve:ssm:/a}}',
  '{{-resolve:ssm:/a}}',
  '{{re solve:ssm:/a}}',
  're solve:ssm:/a',
  'resolve -:ssm:/a',
]

test('a reference is found also where it is misspelt, so that it never reaches the function as a password', () => {
  for (const value of MEANT) {
    assert.deepEqual(read({ V: value }).settings?.references, [{ name: 'V', value }], value)
  }
  for (const value of NOT_MEANT) assert.equal(read({ V: value }).settings, undefined, value)
})

test('our own settings are no references, and all others come by name', () => {
  assert.equal(read({ [P + 'X']: 'resolve:ssm:a' }).settings, undefined)
  const { settings } = read({ B: 'resolve:1', 'a.b': 'resolve:2', A: 'resolve:3' })
  assert.deepEqual(
    settings?.references.map(({ name }) => name),
    ['A', 'B', 'a.b'],
  )
})

test('sources alone are enough, and blanks name none', () => {
  assert.equal(read({ [P + 'ENV_FROM']: 'ssm:/a/' }).settings?.from, 'ssm:/a/')
  for (const from of ['', ' ', ' ,\n']) assert.equal(read({ [P + 'ENV_FROM']: from }).settings, undefined)
})

test('what the function has is known', () => {
  const { settings } = read({ [P + 'ENV_FROM']: 'ssm:/a/', MINE: '' })
  assert.deepEqual([settings?.isSet('MINE'), settings?.isSet('OTHER')], [true, false])
})

test('what is to happen on an error is read in any letter case, and a bad value is fail', () => {
  const onError = (value: string) => read({ V: 'resolve:ssm:a', [P + 'ENV_ON_ERROR']: value })
  for (const value of ['UNSET', ' unset\n']) assert.equal(onError(value).settings?.onError, 'unset')
  assert.equal(onError('fail').settings?.onError, 'fail')
  const { settings, notes } = onError('ignore')
  assert.equal(settings?.onError, 'fail')
  assert.match(String(notes), /ENV_ON_ERROR must be fail or unset, got "ignore"\. Using fail\./)
})
