import assert from 'node:assert/strict'
import test from 'node:test'
import { secretName, target } from '../measuring/catalogue.ts'
import { requestOf, checkForm } from './forms.ts'

const WANTED = target(secretName('100B', 0))

test('an SDK asks with a body, and who wants the value alone says so in the target', () => {
  const { method, path, body } = requestOf(WANTED, 'sdk')
  assert.deepEqual([method, path, JSON.parse(body ?? '')], ['POST', '/', { SecretId: secretName('100B', 0) }])
  assert.equal(requestOf(WANTED, 'value').path, `${WANTED.path}&format=value`)
  assert.equal(requestOf(WANTED, undefined).path, WANTED.path)
})

test('another value, and what is no answer at all, is refused without a word of it', () => {
  checkForm(WANTED.value, WANTED, 'value')
  checkForm(WANTED.body, WANTED, 'sdk')
  for (const [body, form] of [
    ['a quiet value', 'value'],
    ['a quiet value', 'sdk'],
    ['{"SecretString":"a quiet value"}', 'sdk'],
  ] as const) {
    assert.throws(
      () => checkForm(body, WANTED, form),
      ({ message }: Error) => message.endsWith('the value is another one') && !message.includes('quiet'),
    )
  }
})
