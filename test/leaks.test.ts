import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Values } from './leaks.ts'

const values = new Values({
  secrets: {
    text: 'plain text value',
    json: { value: { user: 'admin', password: 'a "quoted" word' } },
    binary: { binary: Buffer.from('\u0000binary value\u00ff', 'latin1').toString('base64') },
    old: { value: 'current value', previous: 'previous value', versions: [{ value: 'pending value' }] },
  },
  parameters: {
    '/secure': {
      value: 'secure value',
      type: 'SecureString',
      ciphertext: 'AQICAHi8cipher',
      previous: ['older value'],
    },
  },
})

test('lines without a value are clean', () => {
  assert.deepEqual(values.foundIn(['', 'GetSecretValue text: miss', 'value', 'AQICAHi8']), [])
})

test('a value is found in every form and at every depth, and the finding does not repeat it', () => {
  for (const [name, line] of [
    ['text', 'got plain text value!'],
    ['text', Buffer.from('plain text value').toString('base64')],
    ['json', '{"SecretString":"{\\"user\\":\\"admin\\",\\"password\\":\\"a \\\\\\"quoted\\\\\\" word\\"}"}'],
    ['binary', Buffer.from('\u0000binary value\u00ff', 'latin1').toString('base64')],
    ['old', 'current value'],
    ['old', 'previous value'],
    ['old', 'pending value'],
    ['/secure', 'secure value'],
    ['/secure', 'older value'],
    ['/secure', 'AQICAHi8cipher'],
  ] as const) {
    assert.deepEqual(values.foundIn(['first', line]), [`line 2 of the output holds the value of ${name}`])
  }
})

test('what is added later is watched for too', () => {
  const later = new Values({})
  later.add('the token', 'a-session-token')
  assert.equal(later.foundIn(['x a-session-token y']).length, 1)
})

test('a value too short to be distinguished from a word is refused', () => {
  assert.throws(() => new Values({ secrets: { tiny: 'abc' } }), /the value of tiny is too short/)
})
