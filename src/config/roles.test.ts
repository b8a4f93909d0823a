import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Note } from './read.ts'
import { readRoles } from './roles.ts'

const ARN = 'arn:aws:iam::111122223333:role/reader'
const P = 'PARAMETERS_SECRETS_EXTENSION_'

function read(env: Record<string, string>) {
  const notes: Note[] = []
  return { ...readRoles({ env, notes }), warnings: notes.map(({ message }) => message) }
}

test('roles stand between spaces or commas, and each counts once', () => {
  const odd = 'arn:aws-cn:iam::444455556666:role/path/a,b=c@d'
  const { arns, warnings } = read({ [`${P}ROLE_ARNS`]: ` ${ARN},${odd}  ${ARN}, ` })
  assert.deepEqual([arns, warnings], [[ARN, odd], []])
})

test('what is no ARN of a role is warned of and left out', () => {
  const { arns, warnings } = read({ [`${P}ROLE_ARNS`]: `reader ${ARN} arn:aws:iam::1:role/x` })
  assert.deepEqual(arns, [ARN])
  assert.equal(warnings.length, 2)
  assert.match(warnings[0]!, /ROLE_ARNS must be ARNs of IAM roles, got "reader"\. Ignoring it\./)
})

test('no more than twenty roles are taken', () => {
  const many = Array.from({ length: 21 }, (_, i) => `${ARN}${i}`)
  const { arns, warnings } = read({ [`${P}ROLE_ARNS`]: many.join(' ') })
  assert.deepEqual(arns, many.slice(0, 20))
  assert.deepEqual(warnings, [`${P}ROLE_ARNS exceeds max limit. Using the first 20.`])
})

test('an external id that AWS would refuse is warned of, and not shown', () => {
  const { externalId, warnings } = read({ [`${P}ROLE_EXTERNAL_ID`]: 'two words' })
  assert.equal(externalId, undefined)
  assert.equal(warnings.length, 1)
  assert.doesNotMatch(warnings[0]!, /two words/)
  assert.equal(read({ [`${P}ROLE_EXTERNAL_ID`]: 'agreed:upon/17' }).externalId, 'agreed:upon/17')
})

test("a session is called after the function, whatever the function's name holds", () => {
  const named = (name: string) => read({ AWS_LAMBDA_FUNCTION_NAME: name }).sessionName
  assert.equal(named('checkout'), 'checkout')
  assert.equal(named('check out:7'), 'check-out-7')
  assert.equal(named('x'.repeat(80)), 'x'.repeat(64))
  for (const none of ['', 'x']) assert.equal(named(none), 'parameters-secrets-extension')
})

test('a name of a session that AWS would refuse is warned of, and the default is used', () => {
  const bad = read({ [`${P}ROLE_SESSION_NAME`]: 'a b', AWS_LAMBDA_FUNCTION_NAME: 'checkout' })
  assert.equal(bad.sessionName, 'checkout')
  assert.match(bad.warnings[0]!, /got "a b"\. Using checkout\.$/)
  assert.equal(read({ [`${P}ROLE_SESSION_NAME`]: 'seen.in@trail' }).sessionName, 'seen.in@trail')
})
