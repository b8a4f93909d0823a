import assert from 'node:assert/strict'
import { test } from 'node:test'
import { artefactName } from '../artefact.ts'
import { fuzz } from './fuzzer.ts'
import { inputOf, MANNERS } from './inputs.ts'
import { startTarget } from './target.ts'

// The same inputs in every run; `npm run fuzz` tries others, for as long as one likes.
const SEED = 2773
const SECONDS = 10

test(`ten seconds of malformed, cut, piled-up and aborted requests do no harm (${artefactName()})`, async (t) => {
  const { extension, rules, assertUnharmed } = await startTarget(t)
  const summary = await fuzz(extension, { seed: SEED, seconds: SECONDS, rules })
  t.diagnostic(JSON.stringify(summary))
  assertUnharmed()
  assert.deepEqual(Object.keys(summary.byManner).sort(), [...MANNERS].sort(), 'every manner was tried')
  assert.ok(summary.served > 0, 'the well-behaved client was served')
  const reply = await extension.get('/secretsmanager/get?secretId=held')
  assert.equal(reply.body.toString(), rules.answers[0])
})

test('an input is the same whenever and wherever it is made', () => {
  for (const index of [0, 1, 77]) assert.deepEqual(inputOf(5, index, 'token'), inputOf(5, index, 'token'))
  assert.notDeepEqual(inputOf(5, 1, 'token').bytes, inputOf(6, 1, 'token').bytes)
})
