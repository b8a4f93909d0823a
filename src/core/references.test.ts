import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parameterLookup, secretLookup } from '../lookup.ts'
import { toBytes } from '../byte-string.ts'
import { readReference, type Failure, type Target } from './references.ts'

const SECRET_ARN = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:mine-AbCdEf'
const PARAMETER_ARN = 'arn:aws:ssm:us-east-1:123456789012:parameter/a/b'

const read = (value: string, name = 'V') => readReference({ name, value })

/** What a reference to one value asks for. */
function targetOf(value: string): Target | Failure {
  const got = read(value)
  if ('code' in got) return got
  const [slot, ...rest] = got.parts
  assert.ok(typeof slot === 'object' && rest.length === 0 && slot.filters.length === 0 && !got.isOptional)
  return slot.target
}

/** Why it cannot be read; fails if it can. */
function whyNot(value: string, name?: string): string {
  const target = read(value, name)
  assert.ok('code' in target, value)
  assert.equal(target.code, 'InvalidReference')
  return String(target.why ?? '')
}

const secret = (secretId: string, jsonKey?: string, versionStage?: string, versionId?: string) => ({
  lookup: secretLookup(secretId, { versionId, versionStage }),
  jsonKey,
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
    assert.deepEqual(targetOf('resolve:ssm:' + name), {
      lookup: parameterLookup(name, { withDecryption: true }),
      jsonKey: undefined,
    })
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
    `ssm:${PARAMETER_ARN}:`,
    `ssm:${PARAMETER_ARN}:1:2`,
    `secretsmanager:${PARAMETER_ARN}:key`,
    'secretsmanager:arn:aws:secretsmanager:us-east-1:123456789012:secret',
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
      'SecretBinary',
      'SecretBinary:',
      'SECRETBINARY::AWSCURRENT',
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
    '{{ resolve:ssm:/hush }}',
    'x{{\t\u00a0Resolve : secretsmanager:hush}}',
  ]) {
    assert.match(whyNot(value), /^CloudFormation has left a dynamic reference unresolved$/)
  }
  for (const value of [
    ' resolve:ssm:/hush',
    'Resolve:ssm:/hush',
    'resolve:SSM:/hush',
    'resolve:hush',
    'resolve:',
    'resolve :ssm:/hush',
    'resolve: ssm:/hush',
  ]) {
    assert.match(
      whyNot(value),
      /^it has to begin with resolve:secretsmanager:, resolve:ssm:, resolve:template: or/,
    )
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
    assert.ok(!('code' in read('resolve:ssm:a', name)), name)
  }
})

/**
 * A template with each reference replaced by `<secretsmanager:…>`, and with what the filters make of that byte string.
 */
function filled(template: string, bytes = 'x'): string {
  const got = read('resolve:template:' + template)
  assert.ok(!('code' in got), template)
  return got.parts
    .map((part) =>
      typeof part === 'string'
        ? part
        : `<${part.label}=${part.filters.reduce((text, one) => one(text)!, bytes)}>`,
    )
    .join('')
}

test('a template holds any number of values within its text', () => {
  assert.equal(
    filled('postgres://app:{{secretsmanager:db:password|url}}@db/app'),
    'postgres://app:<secretsmanager:db:password=x>@db/app',
  )
  assert.equal(filled('{{ssm:/a:3}}{{ secretsmanager:b }}'), '<ssm:/a:3=x><secretsmanager:b=x>')
  assert.equal(filled('{"a":{"b":"{{ssm:/a|json}}"}}'), '{"a":{"b":"<ssm:/a=x>"}}')
  assert.equal(
    filled(`é{{secretsmanager:${SECRET_ARN}:k::v1}}`),
    toBytes('é') + `<secretsmanager:${SECRET_ARN}:k::v1=x>`,
  )
})

test('filters make a value fit for its place, byte for byte, one after the other', () => {
  assert.equal(
    filled('{{ssm:a|url}}', toBytes("p@ss/wörd !'()*~-._%")),
    '<ssm:a=p%40ss%2Fw%C3%B6rd%20%21%27%28%29%2A~-._%25>',
  )
  assert.equal(filled('{{ssm:a|json}}', toBytes('q"b\\n\nü')), `<ssm:a=${toBytes('q\\"b\\\\n\\nü')}>`)
  assert.equal(
    filled('{{ssm:a|base64}}', '\u00ff\u0000é'),
    `<ssm:a=${Buffer.from('\u00ff\u0000é', 'latin1').toString('base64')}>`,
  )
  assert.equal(
    filled('{{ssm:a | json | base64 | url}}', 'a"b?'),
    `<ssm:a=${encodeURIComponent(btoa('a\\"b?'))}>`,
  )
  const got = read('resolve:template:{{ssm:a|json}}')
  const [slot] = 'code' in got ? [] : got.parts
  assert.ok(typeof slot === 'object')
  assert.equal(slot.filters[0]!('\u00ff'), undefined, 'what is no text is none within JSON')
})

test('a template that cannot be read says why, and nothing of its text', () => {
  for (const [text, why] of [
    ['hush{{ssm:/a', /is not closed/],
    ['{{ssm:/a}}hush{{', /is not closed/],
    ['hush', /has no \{\{secretsmanager: and no/],
    ['', /has no/],
    ['{{hush}}', /begins neither/],
    ['{{{ssm:/a}}}', /begins neither/],
    ['{{ssm:/a|hush}}', /^the filters of a template are url, json and base64$/],
    ['{{ssm:/a|}}', /the filters/],
    ['{{ssm:/a|toString}}', /the filters/],
    ['{{ssm:/a|URL}}', /the filters/],
    ['{{ssm:}}', /^$/],
    ['{{secretsmanager:a:SecretString:b}}', /CloudFormation's order/],
    ['{{resolve:ssm:/a}}', /CloudFormation has left/],
  ] as const) {
    assert.match(whyNot('resolve:template:' + text), why, text)
    assert.doesNotMatch(whyNot('resolve:template:' + text), /hush/)
  }
})

test('whatever is in a template, it is read or refused', () => {
  const piece = fc.constantFrom(
    '{{',
    '}}',
    '{',
    '}',
    '|',
    'ssm:',
    'secretsmanager:',
    '/a',
    'url',
    'json',
    ' ',
    ':',
    'é',
  )
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const got = read('resolve:template:' + pieces.join(''))
      if ('code' in got) assert.equal(got.code, 'InvalidReference')
      else for (const part of got.parts) if (typeof part === 'string') assert.ok(!part.includes('{{'))
    }),
  )
})

test('any of them may be optional', () => {
  for (const rest of ['ssm:/a', 'secretsmanager:a:b', 'template:x{{ssm:/a}}']) {
    const [plain, optional] = [read('resolve:' + rest), read('resolve:optional:' + rest)]
    assert.ok(!('code' in plain) && !('code' in optional))
    assert.deepEqual([plain.isOptional, optional.isOptional], [false, true])
    assert.equal(optional.parts.length, plain.parts.length)
  }
  for (const bad of ['', 'x', 'ssm:', 'optional:ssm:/a', 'Ssm:/a']) whyNot('resolve:optional:' + bad)
})
