import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

import { loadSeed } from './index.ts'

const pathOf = (name: string) => fileURLToPath(new URL(name, import.meta.url))

test('the seeds of this project are sound', () => {
  for (const path of [pathOf('./recorded-seed.json'), pathOf('../../seed.json')]) {
    const { secrets, parameters } = loadSeed(path)
    assert.ok(Object.keys(secrets!).length > 0)
    assert.ok(Object.keys(parameters!).length > 0)
  }
})

const BROKEN: readonly [title: string, seed: unknown, problem: RegExp][] = [
  [
    'an unknown section',
    { secret: {} },
    /^seed: secret: unknown key \(known: \$schema, secrets, parameters\)$/,
  ],
  [
    'a misspelt key',
    { secrets: { a: { valeu: 'x' } } },
    /^seed: secrets\["a"\]\.valeu: unknown key \(known: value, /,
  ],
  ['a secret without value', { secrets: { a: {} } }, /secrets\["a"\]: needs "value" or "binary"/],
  ['two values', { secrets: { a: { value: 'x', binary: 'AA==' } } }, /secrets\["a"\]: has both/],
  ['a number as value', { secrets: { a: 7 } }, /secrets\["a"\]: expected an object/],
  ['bad base64', { secrets: { a: { binary: 'A' } } }, /secrets\["a"\]\.binary: expected base64/],
  ['a bad secret name', { secrets: { 'a b': 'x' } }, /secrets\["a b"\]: expected a secret name/],
  [
    'a short version id',
    { secrets: { a: { value: 'x', versionId: '1' } } },
    /versionId: expected a version id of 32/,
  ],
  [
    'a bad suffix',
    { secrets: { a: { value: 'x', arnSuffix: 'ab' } } },
    /arnSuffix: expected six letters or digits/,
  ],
  [
    'a bad date',
    { secrets: { a: { value: 'x', createdDate: 'today' } } },
    /createdDate: expected a date like/,
  ],
  [
    'a fault in an older version',
    { secrets: { a: { value: 'x', versions: [{ value: 'y' }, { value: 'z', stages: 'AWSPENDING' }] } } },
    /secrets\["a"\]\.versions\[1\]\.stages: expected a list/,
  ],
  [
    'an empty previous version',
    { secrets: { a: { value: 'x', previous: {} } } },
    /previous: needs "value" or "binary"/,
  ],
  [
    '65,537 bytes',
    { secrets: { a: 'x', b: { value: 'é'.repeat(32_769) } } },
    /65538 bytes, but a secret holds 65536/,
  ],
  [
    'a parameter without value',
    { parameters: { a: { type: 'String' } } },
    /parameters\["a"\]: needs "value"/,
  ],
  [
    'an unknown type',
    { parameters: { a: { value: 'x', type: 'Text' } } },
    /type: expected one of String, StringList/,
  ],
  [
    'a bad parameter name',
    { parameters: { '/a//b': 'x' } },
    /parameters\["\/a\/\/b"\]: expected a parameter name/,
  ],
  [
    'a label like a number',
    { parameters: { a: { value: 'x', labels: ['1st'] } } },
    /labels\[0\]: expected a label/,
  ],
  [
    'a version too low',
    { parameters: { a: { value: 'x', version: 1, previous: ['y'] } } },
    /version: 1 leaves no room/,
  ],
  [
    'too much for a tier',
    { parameters: { a: { value: 'x'.repeat(4097) } } },
    /4097 bytes, but the Standard tier holds 4096/,
  ],
  ['no object', [], /^seed: top level: expected an object$/],
]

for (const [title, seed, problem] of BROKEN) {
  test(`a seed with ${title} is refused with the place`, () => {
    assert.throws(() => loadSeed(seed as object), { message: problem })
  })
}

test('the advanced tier holds 8,192 bytes, and a secret 65,536', () => {
  loadSeed({
    secrets: { a: 'x'.repeat(65_536) },
    parameters: { a: { value: 'x'.repeat(8192), tier: 'Advanced' } },
  })
})

test('a file that is missing or no JSON is named', () => {
  assert.throws(() => loadSeed('/no/such/seed.json'), /^Error: \/no\/such\/seed\.json: ENOENT/)
  const thisFile = fileURLToPath(import.meta.url)
  assert.throws(
    () => loadSeed(thisFile),
    (error: Error) => error.message.startsWith(`${thisFile}: `),
  )
})
