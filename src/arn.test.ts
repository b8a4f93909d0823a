import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isRoleArn } from './arn.ts'

const ARN = 'arn:aws:iam::111122223333:role/reader'

test('an ARN of a role has an account and a name', () => {
  for (const good of [ARN, 'arn:aws-us-gov:iam::111122223333:role/a/b/c']) assert.ok(isRoleArn(good))
  for (const bad of ['', 'arn:aws:iam::111122223333:role/', 'arn:aws:iam::111122223333:user/a', `${ARN} `])
    assert.ok(!isRoleArn(bad))
})
