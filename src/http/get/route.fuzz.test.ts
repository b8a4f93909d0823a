import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Lookup } from '../../lookup.ts'
import type { Read } from '../read.ts'
import { createRouter, route } from './route.ts'

const SECRET = '/secretsmanager/get'
const PARAMETER = '/systemsmanager/parameters/get'

const fragments = [
  SECRET,
  PARAMETER,
  `${SECRET}Multiple`,
  `${PARAMETER}Multiple`,
  `${PARAMETER}ByPath`,
  '/ping',
  '/environment',
  '/v1/',
  '/',
  '?',
  '&',
  '=',
  '%',
  '%2F',
  '%2',
  '%zz',
  '%00',
  '+',
  'http://',
  'localhost',
  'evil.com',
  '[::1]',
  '@',
  ':',
  '#',
  'secretId',
  'jsonKey',
  'format',
  'path',
  'recursive',
  'name',
  'version',
  'label',
  'versionId',
  'versionStage',
  'withDecryption',
  'refreshNow',
  'true',
  'a',
  '__proto__',
  '\u0000',
  '\ud800',
  '\n',
  'é',
  '*',
]

const target = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('latin1')),
  fc.array(fc.constantFrom(...fragments), { maxLength: 14 }).map((parts) => parts.join('')),
  fc.string({ unit: 'binary' }).map((rest) => `${SECRET}?secretId=${rest}`),
  fc.string({ unit: 'binary' }).map((rest) => `${PARAMETER}?name=a&${rest}`),
  fc.string({ unit: 'binary' }).map((rest) => `/v1/${rest}`),
  fc.string({ unit: 'binary' }).map((rest) => `${SECRET}Multiple?secretId=a&${rest}`),
  fc.string({ unit: 'binary' }).map((rest) => `${PARAMETER}ByPath?path=a&${rest}`),
)

function nameIn(lookup: Lookup): string {
  if (lookup.store === 'secrets-manager') return lookup.secretId
  return lookup.store === 'parameter-store' ? lookup.name : lookup.path
}

test('route never throws, and always gives reads with names, a ping, the environment, metrics or a refusal', () => {
  fc.assert(
    fc.property(target, (text) => {
      const result = route(text)
      switch (result.kind) {
        case 'read': {
          const { lookup } = result
          const name = nameIn(lookup)
          assert.ok(name !== '' && !name.includes('\u0000'))
          return assert.equal(typeof result.refreshNow, 'boolean')
        }
        case 'many':
          assert.ok(result.lookups.length > 0 && result.lookups.length <= 100)
          return assert.ok(
            result.lookups.map(nameIn).every((name) => name !== '' && !name.includes('\u0000')),
          )
        case 'ping':
        case 'environment':
        case 'metrics':
          return
        case 'reject':
          return assert.ok(result.status >= 400 && result.body.length > 0)
        default:
          return result satisfies never
      }
    }),
    { numRuns: 3_000 },
  )
})

test('the router with its memory says what route says, whatever came before', () => {
  const router = createRouter()
  fc.assert(
    fc.property(fc.array(target, { maxLength: 4 }), (targets) => {
      for (const text of [...targets, ...targets]) assert.deepEqual(router(text), route(text))
    }),
    { numRuns: 500 },
  )
})

// A question, and the many ways to write it down.

type Question =
  | { readonly store: 's'; readonly id: string; readonly versionId: string; readonly stage: string }
  | { readonly store: 'p'; readonly name: string; readonly selector: string; readonly decrypt: boolean }

/** Two questions are the same exactly when this is equal. Written apart from the source, on purpose. */
function meaning(question: Question): string {
  if (question.store === 's') {
    const { id, versionId, stage } = question
    return JSON.stringify(['s', id, versionId, versionId === '' && stage === '' ? 'AWSCURRENT' : stage])
  }
  const { name, selector, decrypt } = question
  return JSON.stringify(['p', selector === '' ? name : `${name}:${selector}`, decrypt])
}

// Full of separators, of the other parameters' names, and of what our own key is made of.
const nastyUnit = fc.constantFrom(
  'a',
  'b',
  ':',
  '/',
  '&',
  '=',
  '?',
  '%',
  '+',
  ' ',
  '#',
  ';',
  '\u0001',
  's',
  'p',
  '0',
  '1',
  'é',
  '🔑',
)
const nasty = fc.oneof(
  fc.string({ unit: nastyUnit, minLength: 1, maxLength: 4 }),
  fc.constantFrom('a', 'a:1', 'AWSCURRENT', '%2F', '%00', 'a&versionId=b', 'withDecryption', '__proto__'),
)
const optional = fc.oneof(fc.constant(''), fc.constantFrom('1', 'AWSCURRENT', 'AWSPREVIOUS'), nasty)

const questions: fc.Arbitrary<Question> = fc.oneof(
  fc.record({ store: fc.constant('s' as const), id: nasty, versionId: optional, stage: optional }),
  fc.record({ store: fc.constant('p' as const), name: nasty, selector: optional, decrypt: fc.boolean() }),
)

/** Choices of a spelling, drawn one after the other from a list of random numbers. */
class Choices {
  #next = 0
  readonly #numbers: readonly number[]
  constructor(numbers: readonly number[]) {
    this.#numbers = numbers
  }
  below(n: number): number {
    return this.#numbers[this.#next++ % this.#numbers.length]! % n
  }
  of<T>(...options: T[]): T {
    return options[this.below(options.length)]!
  }
}

function spellText(text: string, choices: Choices): string {
  let spelt = ''
  for (const character of text) {
    const escaped = [...Buffer.from(character)]
      .map((byte) => '%' + byte.toString(16).padStart(2, '0'))
      .join('')
    if (character === ' ') spelt += choices.of('+', '%20')
    else if (/[a-zA-Z0-9:/?=;]/.test(character))
      spelt += choices.of(character, character, escaped, escaped.toUpperCase())
    else spelt += choices.of(escaped, escaped.toUpperCase())
  }
  return spelt
}

function shuffled<T>(items: readonly T[], choices: Choices): T[] {
  const left = [...items]
  return items.map(() => left.splice(choices.below(left.length), 1)[0]!)
}

function spell(question: Question, choices: Choices): string {
  const known: [string, string][] =
    question.store === 's'
      ? [
          ['secretId', question.id],
          ['versionId', question.versionId],
          ['versionStage', question.stage],
        ]
      : [
          ['name', question.name],
          [choices.of('version', 'label'), question.selector],
        ]
  const pairs = known
    .filter(([, value]) => value !== '' || choices.of(true, false))
    .map(([name, value]) => `${spellName(name, choices)}=${spellText(value, choices)}`)
  if (question.store === 'p') {
    const words = question.decrypt
      ? ['true', 'TRUE', 'True', '1', 't', 'T']
      : ['', 'false', 'FALSE', 'False', '0', 'f', 'F']
    if (question.decrypt || choices.of(true, false)) pairs.push('withDecryption=' + choices.of(...words))
  }
  const extras = [
    '',
    'x',
    'x=1',
    'refreshNow=false',
    'refreshNow=',
    '%zz=1',
    'namE=b',
    'secretID=b',
    'foo=%zz',
  ]
  for (let i = choices.below(3); i > 0; i--) pairs.push(choices.of(...extras))
  const prefix = choices.of('', '', 'http://localhost:2773', 'http://127.0.0.1')
  const path = (question.store === 's' ? SECRET : PARAMETER) + choices.of('', '/')
  return `${prefix}${path}?${shuffled(pairs, choices).join('&')}`
}

function spellName(name: string, choices: Choices): string {
  return choices.below(4) === 0 ? spellText(name, choices) : name
}

const choices = fc.array(fc.nat(), { minLength: 40, maxLength: 40 }).map((numbers) => new Choices(numbers))

function read(text: string): Read {
  const result = route(text)
  assert.ok(result.kind === 'read', `${text} was not a read: ${JSON.stringify(result)}`)
  return result
}

test('every spelling of a question has its one key, and asks AWS for what was meant', () => {
  fc.assert(
    fc.property(questions, choices, choices, (question, one, other) => {
      const { lookup } = read(spell(question, one))
      assert.equal(lookup.key, read(spell(question, other)).lookup.key)
      if (question.store === 's' && lookup.store === 'secrets-manager') {
        const { secretId, versionId, versionStage } = lookup
        return assert.deepEqual(
          [secretId, versionId ?? '', versionStage ?? ''],
          [question.id, question.versionId, question.stage],
        )
      }
      assert.ok(question.store === 'p' && lookup.store === 'parameter-store')
      const name = question.selector === '' ? question.name : `${question.name}:${question.selector}`
      return assert.deepEqual([lookup.name, lookup.withDecryption], [name, question.decrypt])
    }),
    { numRuns: 2_000 },
  )
})

test('two questions share a key exactly when they mean the same', () => {
  fc.assert(
    fc.property(questions, questions, choices, (one, other, spelling) => {
      const sameKey = read(spell(one, spelling)).lookup.key === read(spell(other, spelling)).lookup.key
      assert.equal(sameKey, meaning(one) === meaning(other))
    }),
    { numRuns: 3_000 },
  )
})

test('no U+0000, in any part and any spelling, gets through to a key', () => {
  const withNul = fc.tuple(nasty, nasty).map(([before, after]) => `${before}\u0000${after}`)
  fc.assert(
    fc.property(withNul, choices, (bad, spelling) => {
      for (const question of [
        { store: 's', id: bad, versionId: '', stage: '' },
        { store: 's', id: 'a', versionId: bad, stage: '' },
        { store: 's', id: 'a', versionId: '', stage: bad },
        { store: 'p', name: bad, selector: '', decrypt: false },
        { store: 'p', name: 'a', selector: bad, decrypt: true },
      ] as const) {
        assert.equal(route(spell(question, spelling)).kind, 'reject')
      }
    }),
    { numRuns: 200 },
  )
})

test('a name in the path behind /v1/ is the same question as in the query', () => {
  fc.assert(
    fc.property(nasty, (name) => {
      const escaped = encodeURIComponent(name)
      assert.deepEqual(route(`/v1/${escaped}`), route(`${SECRET}?secretId=${escaped}`))
    }),
  )
})
