import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatArn, isRoleArn, parseArn, secretNameIn, splitId, withoutSuffix } from './arn.ts'

const ARN = 'arn:aws:iam::111122223333:role/reader'

test('an ARN of a role has an account and a name', () => {
  for (const good of [ARN, 'arn:aws-us-gov:iam::111122223333:role/a/b/c']) assert.ok(isRoleArn(good))
  for (const bad of ['', 'arn:aws:iam::111122223333:role/', 'arn:aws:iam::111122223333:user/a', `${ARN} `])
    assert.ok(!isRoleArn(bad))
})

test('an ARN is taken apart, with all that stands behind its resource', () => {
  const parts = { partition: 'aws', service: 'ssm', region: 'us-east-1', accountId: '111122223333' }
  const arn = 'arn:aws:ssm:us-east-1:111122223333:parameter/a/b'
  assert.deepEqual(parseArn(arn), { ...parts, resource: 'parameter/a/b' })
  assert.deepEqual(parseArn(`${arn}:3`), { ...parts, resource: 'parameter/a/b:3' })
  assert.equal(parseArn('arn:aws:ssm')?.resource, '')
  for (const name of ['', 'arn', 'arn/a', '/a:3', ' arn:aws:ssm']) assert.equal(parseArn(name), undefined)
})

test('the name of a secret is in its ARN, with the suffix of a complete one', () => {
  const arn = 'arn:aws:secretsmanager:us-east-1:111122223333:secret:a/b'
  assert.equal(secretNameIn(arn), 'a/b')
  assert.equal(secretNameIn(`${arn}-AbCdEf:key:AWSCURRENT`), 'a/b-AbCdEf')
  for (const none of ['a/b', 'arn:aws:secretsmanager', 'a:b']) assert.equal(secretNameIn(none), undefined)
  assert.equal(withoutSuffix(`${arn}-AbCdEf`), arn)
  for (const none of [arn, 'a-AbCdE', 'a-AbCdEfg', 'a-AbCd_f']) assert.equal(withoutSuffix(none), undefined)
})

test('a name or an ARN ends where a caller has put something behind it', () => {
  const secret = 'arn:aws:secretsmanager:us-east-1:111122223333:secret:a/b'
  const parameter = 'arn:aws:ssm:us-east-1:111122223333:parameter/a/b'
  for (const id of ['', 'a', '/a/b', secret, parameter]) {
    assert.deepEqual(splitId(id), [id])
    assert.deepEqual(splitId(`${id}:3`), [id, '3'])
    assert.deepEqual(splitId(`${id}::b:`), [id, '', 'b', ''])
  }
  for (const cut of ['arn', 'arn:', 'arn:aws:secretsmanager', secret.slice(0, -4)])
    assert.deepEqual(splitId(cut), [cut])
})

test('the text of an ARN that was taken apart is the same', () => {
  const part = fc.stringMatching(/^[^:]*$/)
  const parts = { partition: part, service: part, region: part, accountId: part, resource: fc.string() }
  const arn = fc.record(parts, { noNullPrototype: true })
  fc.assert(fc.property(arn, (one) => assert.deepEqual(parseArn(formatArn(one)), one)))
})
