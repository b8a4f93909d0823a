import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAnswer, type Answer } from '../answer/answer.ts'
import { isReject } from '../errors.ts'
import { createLog } from '../log.ts'
import type { Lookup } from '../lookup.ts'
import { MOST_BYTES } from './environment-body.ts'
import { createEnvironment } from './environment.ts'

interface Given {
  readonly references?: Readonly<Record<string, string>>
  readonly from?: string
  readonly onError?: 'fail' | 'unset'
  readonly secrets?: Readonly<Record<string, string>>
  readonly parameters?: Readonly<Record<string, string>>
}

/** An environment before an AWS that holds these. */
function given({ references = {}, from = '', onError = 'fail', secrets = {}, parameters = {} }: Given) {
  const lines: string[] = []
  const loaded: string[] = []
  const environment = createEnvironment({
    settings: {
      references: Object.entries(references).map(([name, value]) => ({ name, value })),
      from,
      onError,
      isSet: (name) => Object.hasOwn(references, name) || name === 'MINE',
    },
    log: createLog('info', 'text', { write: (line) => void lines.push(line.trimEnd()) }),
    isSnapStart: false,
    isKept: true,
    load: (lookup) => {
      loaded.push(lookup.key)
      return Promise.resolve(answerTo(lookup))
    },
  })
  function answerTo(lookup: Lookup): Answer {
    if (lookup.store === 'secrets-manager')
      return createAnswer(JSON.stringify({ SecretString: secrets[lookup.secretId] }))
    if (lookup.store === 'parameter-store')
      return createAnswer(JSON.stringify({ Parameter: { Value: parameters[lookup.name] } }))
    const Parameters = Object.entries(parameters).map(([Name, Value]) => ({ Name, Value }))
    return createAnswer(JSON.stringify({ Parameters }))
  }
  return { environment, lines, loaded }
}

/** What the body says of each variable: the length of its value, or `-`. */
async function records(environment: ReturnType<typeof createEnvironment>): Promise<Map<string, string>> {
  const answer = await environment.answer()
  assert.ok(!isReject(answer))
  const got = new Map<string, string>()
  for (let at = 0; at < answer.bytes.length;) {
    const end = answer.bytes.indexOf('\n', at)
    const [name = '', length = ''] = answer.bytes.slice(at, end).split(' ')
    got.set(name, length)
    at = end + 1 + (length === '-' ? 0 : Number(length) + 1)
  }
  return got
}

async function refusal(environment: ReturnType<typeof createEnvironment>) {
  const answer = await environment.answer()
  assert.ok(isReject(answer))
  return answer
}

const TOO_LONG = `EnvironmentTooLong: all values together are longer than ${MOST_BYTES} bytes`

test('what the kernel would not take together is an error, or left out where an error unsets', async () => {
  const names = Array.from({ length: 40 }, (_, i) => `V${10 + i}`)
  const references = Object.fromEntries(names.map((name) => [name, 'resolve:secretsmanager:large']))
  const secrets = { large: 'x'.repeat(65_536), small: '{"SMALL":"s","MINE":"m"}' }
  const fit = Math.floor(MOST_BYTES / 65_549)
  const all = { references, secrets, from: 'secretsmanager:small' }
  const { errorType, body } = await refusal(given(all).environment)
  assert.equal(errorType, 'EnvironmentTooLong')
  assert.ok(body.startsWith(`${names[fit]} (${TOO_LONG}), ${names[fit + 1]} (`), body.slice(0, 200))
  const { environment, lines } = given({ ...all, onError: 'unset' })
  const got = await records(environment)
  assert.deepEqual(
    names.map((name) => got.get(name)),
    names.map((_, i) => (i < fit ? '65536' : '-')),
  )
  assert.equal(got.get('SMALL'), '1', 'what has room is set')
  assert.ok(lines.some((line) => line.includes(`ERROR environment: no value for ${names[fit]}: `)))
})

test('what sources hold beyond that is an error, too', async () => {
  const parameters = Object.fromEntries(
    Array.from({ length: 500 }, (_, i) => [`/app/P${100 + i}`, 'x'.repeat(4_000)]),
  )
  const all = { parameters, from: 'ssm:/app/' }
  const fit = Math.floor(MOST_BYTES / 4_004)
  const { body } = await refusal(given(all).environment)
  assert.match(body, new RegExp(`^P\\d+ \\(${TOO_LONG}\\), .*, and \\d+ more$`))
  const got = await records(given({ ...all, onError: 'unset' }).environment)
  assert.ok(got.size <= fit && got.size > fit - 3, String(got.size))
})

test('a value that stands in a text thousands of times is asked for once, and is too long', async () => {
  const references = {
    LONG: `resolve:template:${'{{secretsmanager:large|json}}'.repeat(5_000)}`,
    SHORT: `resolve:template:${'{{ssm:/none}}'.repeat(10_000)}.`,
    ABSENT: `resolve:optional:template:${'{{secretsmanager:large}}'.repeat(2_000)}{{secretsmanager:large:key}}`,
  }
  const { environment, loaded } = given({
    references,
    secrets: { large: '"' + '\\n'.repeat(30_000) + '"' },
    parameters: { '/none': '' },
    onError: 'unset',
  })
  assert.deepEqual(Object.fromEntries(await records(environment)), { LONG: '-', SHORT: '1', ABSENT: '-' })
  assert.equal(loaded.length, 3, 'each value, and each member')
})

test(
  'names of any length within a secret, and any number of them, stop nobody',
  { timeout: 30_000 },
  async () => {
    const leaves = Array.from({ length: 3_000 }, (_, i) => `"${i}":""`).join(',')
    const long = `"${'k'.repeat(30_000)}":{`
    const secrets = { long: `{${long}"a":{${leaves}}}}`, flat: `{${leaves},"GOOD":"g"}` }
    const from = 'secretsmanager:long?name=path secretsmanager:flat secretsmanager:flat?prefix=P_'
    const { environment, lines } = given({ secrets, from, onError: 'unset' })
    for (let i = 0; i < 20; i++) {
      const got = await records(environment)
      assert.equal(got.size, 3_002, 'behind a prefix the numbers are names')
      assert.equal(got.get('GOOD'), '1')
    }
    assert.ok(
      lines.some((line) =>
        line.endsWith('WARN environment: 3000 names of secretsmanager:flat are not allowed'),
      ),
    )
    assert.ok(lines.some((line) => line.includes('secretsmanager:long?name=path: NoAllowedName')))
  },
)

test('of many names that two places hold some are named, and the others counted', async () => {
  const names = Array.from({ length: 50 }, (_, i) => `N${100 + i}`)
  const value = JSON.stringify(Object.fromEntries([...names, 'MINE'].map((name) => [name, 1])))
  const all = { secrets: { one: value, other: value }, from: 'secretsmanager:one secretsmanager:other' }
  const { body } = await refusal(given(all).environment)
  assert.match(
    body,
    /^N100 \(NameCollision: secretsmanager:one:N100 and secretsmanager:other:N100\), .* and 30 more$/,
  )
  const { environment, lines } = given({ ...all, onError: 'unset' })
  assert.equal((await records(environment)).size, 0)
  assert.equal(lines.filter((line) => line.endsWith(', so it is not set')).length, 20)
  assert.match(lines.at(-1)!, / WARN environment: 30 more names are in two places, so they are not set$/)
})
