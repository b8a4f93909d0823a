import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Ajv } from 'ajv'
import { loadSeed, type Seed } from './emulators/aws/seed.ts'

const read = (path: string): unknown => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'))
const validate = new Ajv({ allowUnionTypes: true }).compile(read('seed.schema.json') as object)

const isLoaded = (seed: unknown): boolean => {
  try {
    loadSeed(seed as Seed)
    return true
  } catch {
    return false
  }
}

test("the project's own seeds are what the schema describes", () => {
  for (const path of ['seed.json', './emulators/aws/recorded-seed.json'])
    assert.ok(validate(read(path)), JSON.stringify(validate.errors))
})

const GOOD: readonly unknown[] = [
  {},
  { $schema: './seed.schema.json', secrets: { a: 'text' } },
  { secrets: { 'a/b@c': { value: { user: 'admin' }, previous: 'older', deleted: true } } },
  { secrets: { a: { binary: 'AA==', versions: [{ value: 'x', stages: ['CANARY'] }] } } },
  {
    parameters: {
      '/a/b': {
        value: 'x',
        type: 'SecureString',
        previous: ['w', { value: 'v', labels: ['old'] }],
        version: 3,
      },
    },
  },
  { secrets: { a: { value: 'x', tags: { app: 'orders' }, region: 'eu-west-1', replicas: ['us-east-1'] } } },
  { parameters: { '/a': { value: 'x', tags: { app: 'orders' }, description: 'text' } } },
]
const BAD: readonly unknown[] = [
  { secret: {} },
  { secrets: { a: {} } },
  { secrets: { a: { value: 'x', binary: 'AA==' } } },
  { secrets: { a: { valeu: 'x' } } },
  { secrets: { 'a b': 'x' } },
  { secrets: { a: { value: 'x', account: '1' } } },
  { secrets: { a: { value: 'x', replicas: ['moon'] } } },
  { parameters: { a: { type: 'String' } } },
  { parameters: { a: { value: 'x', tags: ['app'] } } },
  { parameters: { a: { value: 'x', type: 'Text' } } },
  { parameters: { '//a': 'x' } },
]

for (const [seeds, is] of [
  [GOOD, true],
  [BAD, false],
] as const) {
  for (const seed of seeds) {
    test(`the schema and the emulator agree: ${JSON.stringify(seed)} is ${is ? 'good' : 'bad'}`, () => {
      assert.deepEqual([validate(seed), isLoaded(seed)], [is, is])
    })
  }
}
