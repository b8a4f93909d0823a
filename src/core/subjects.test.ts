import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parameterLookup, pathLookup, secretLookup } from '../lookup.ts'
import { subjectsOf } from './stores.ts'
import { overlap, parameterNamed, secretNamed } from './subjects.ts'

const SECRET_ARN = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:app/db-AbCdEf'
const PARAMETER_ARN = 'arn:aws:ssm:us-east-1:123456789012:parameter/app/url'

const meet = (some: string[], others: string[]) =>
  some.some((one) => others.some((other) => overlap(one, other)))
const secret = (id: string, versionId?: string, stage?: string) =>
  subjectsOf(secretLookup(id, { versionId, versionStage: stage }))
const parameter = (name: string) => subjectsOf(parameterLookup(name, { withDecryption: true }))
const path = (name: string, isRecursive: boolean) =>
  subjectsOf(pathLookup(name, { isRecursive, withDecryption: true }))

test('every spelling of a secret is about the same secret, as a question and as a change', () => {
  const spellings = [
    'app/db',
    SECRET_ARN,
    SECRET_ARN.slice(0, -7),
    SECRET_ARN.replace('123456789012', '999999999999'),
  ]
  const references = [
    '/aws/reference/secretsmanager/app/db',
    '/aws/reference/secretsmanager/app/db:AWSCURRENT',
    SECRET_ARN,
    `${SECRET_ARN}:AWSCURRENT`,
  ]
  for (const changed of spellings) {
    for (const requested of [...spellings.map((id) => secret(id)), ...references.map(parameter)]) {
      assert.ok(meet(secretNamed(changed), requested), `${changed} ${requested.join()}`)
      assert.ok(meet(secret(changed), requested), `a refresh of ${changed} ${requested.join()}`)
    }
    assert.ok(!meet(secretNamed(changed), secret('app/db2')))
    assert.ok(
      !meet(secretNamed(changed), parameter('app/db')),
      'a parameter of the same name is another thing',
    )
  }
})

test('a name that ends as an ARN does is that name alone, and its ARN is complete or partial', () => {
  assert.deepEqual(secretNamed('db-AbCdEf'), ['s:db-AbCdEf'])
  const partial = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf'
  assert.ok(meet(secretNamed('db-AbCdEf'), secret(partial)))
  assert.ok(meet(secretNamed('db'), secret(partial)))
})

test('a write is about all versions, and a question about one', () => {
  const id = '11111111-1111-4111-8111-111111111111'
  const versions = [
    [
      secret('app/db'),
      secret('app/db', undefined, 'AWSCURRENT'),
      parameter('/aws/reference/secretsmanager/app/db'),
    ],
    [
      secret('app/db', undefined, 'AWSPREVIOUS'),
      parameter('/aws/reference/secretsmanager/app/db:AWSPREVIOUS'),
    ],
    [secret('app/db', id), parameter(`/aws/reference/secretsmanager/app/db:${id}`)],
    [secret('app/db', id, 'AWSPENDING')],
  ]
  for (const [i, some] of versions.entries()) {
    for (const one of some) {
      assert.ok(meet(secretNamed('app/db'), one))
      for (const [j, others] of versions.entries()) {
        for (const other of others) assert.equal(meet(one, other), i === j, `${one.join()} ${other.join()}`)
      }
    }
  }
})

test('every spelling of a parameter is about the same parameter', () => {
  const latest = ['/app/url', 'app/url', ' /app/url ', PARAMETER_ARN]
  const third = ['/app/url:3', `${PARAMETER_ARN}:3`]
  for (const changed of [...latest, ...third, '/app/url:live']) {
    for (const requested of [...latest, ...third]) {
      assert.ok(meet(parameterNamed(changed), parameter(requested)), `${changed} ${requested}`)
    }
    assert.ok(!meet(parameterNamed(changed), parameter('/app/url/x')))
    assert.ok(!meet(parameterNamed(changed), parameter('/app/ur')))
  }
  for (const one of latest) {
    for (const other of latest) assert.ok(meet(parameter(one), parameter(other)))
    for (const other of third) assert.ok(!meet(parameter(one), parameter(other)))
  }
  assert.ok(meet(parameter(third[0]!), parameter(third[1]!)))
})

test('a path is about all that it lists, and about the paths that list some of the same', () => {
  const rows: readonly (readonly [string[], string[], boolean])[] = [
    [path('/app', true), parameter('/app/url'), true],
    [path('/app/', true), parameter('/app/deep/url'), true],
    [path('/app', false), parameter('/app/url'), true],
    [path('/app', false), parameter('/app/deep/url'), false],
    [path('/app', true), parameterNamed('/app/url'), true],
    [path('/app', true), parameter('/app/url:3'), false],
    [path('/app', true), parameter('/apple'), false],
    [path('/app', true), parameter('/app'), false],
    [path('/', true), parameter('/app/deep/url'), true],
    [path('/', false), parameter('url'), true],
    [path('/', false), parameter('/app/url'), false],
    [path('/', true), secret('app/db'), false],
    [path('/app', true), path('/app/deep', false), true],
    [path('/app', true), path('/app', false), true],
    [path('/app', false), path('/app/deep', true), false],
    [path('/app', false), path('/', true), true],
    [path('/app', false), path('/', false), false],
    [path('/app', true), path('/apple', true), false],
  ]
  for (const [one, other, expected] of rows) {
    assert.equal(meet(one, other), expected, `${one.join()} ${other.join()}`)
    assert.equal(meet(other, one), expected, `${other.join()} ${one.join()}`)
  }
})
