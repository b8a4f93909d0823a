import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAnswer } from '../answer/answer.ts'
import { toBytes } from '../byte-string.ts'
import { say } from '../public.ts'
import {
  allowedOf,
  entriesOfPath,
  entriesOfSecret,
  NamedEntries,
  shownOrigin,
  type Entry,
} from './source-entries.ts'

const LAST = { isWhole: false, case: undefined, prefix: '' }
const WHOLE = { ...LAST, isWhole: true }

const entry = (parameter: string, name: string, value = 'v'): Entry => ({
  origin: { service: 'ssm', name: parameter },
  name,
  value,
})

test('names that are not allowed are counted, and none that is allowed is a failure', () => {
  const path = { kind: 'path', label: say`ssm:/x/`, naming: LAST, path: '/x' } as const
  const secret = { kind: 'secret', label: say`secretsmanager:x`, naming: LAST, secretId: 'x' } as const
  const [good, bad, none] = [entry('o', 'A'), entry('o', 'LD_PRELOAD'), entry('o', '')]
  assert.deepEqual(allowedOf(path, [good, bad, none]), { allowed: [good], ignored: 2 })
  const codeOf = (found: ReturnType<typeof allowedOf>) => ('code' in found ? found.code : 'none')
  assert.equal(codeOf(allowedOf(path, [bad])), 'NoAllowedName')
  assert.equal(codeOf(allowedOf(path, [])), 'EmptyPath')
  assert.equal(codeOf(allowedOf(secret, [])), 'EmptySecret')
})

test('the parameters below a path and the members of a secret are byte strings with their origin', () => {
  const parameters = [
    { Name: '/app/db/url', Value: 'ü' },
    { Name: '/app/none', Value: null },
  ]
  const answer = createAnswer(JSON.stringify({ Parameters: parameters }))
  assert.deepEqual(entriesOfPath('/app', WHOLE, answer), [entry('/app/db/url', 'db_url', toBytes('ü'))])
  assert.deepEqual(
    entriesOfPath('/', LAST, answer).map(({ name }) => name),
    ['url'],
  )
  const entries = entriesOfSecret('db', WHOLE, '{"a.b":1,"a":{"b":"ü"}}')
  assert.deepEqual(
    entries?.map(({ name, value, origin }) => [name, value, shownOrigin(origin)]),
    [
      ['a_b', '1', 'secretsmanager:db:a.b'],
      ['a_b', toBytes('ü'), 'secretsmanager:db:/a/b'],
    ],
  )
  assert.equal(entriesOfSecret('db', LAST, '[]'), undefined)
})

/** Each name with its one or two origins. */
function namesOf(entries: readonly Entry[], mostBytes = 1_000_000) {
  const all = new NamedEntries(mostBytes)
  const refused = entries.filter((one) => !all.add(one)).map(({ name }) => name)
  const names = [...all].map(({ entry: { name, origin }, other }) =>
    [name, origin, other].flatMap((one) =>
      one === undefined ? [] : typeof one === 'string' ? one : shownOrigin(one),
    ),
  )
  return { names, refused }
}

test('a name of two origins has both, and the same parameter found twice has one', () => {
  const { names } = namesOf([
    entry('/a/X', 'X'),
    entry('/a/Y', 'Y'),
    entry('/a/X', 'X'),
    entry('/b/Y', 'Y'),
    entry('/c/Y', 'Y'),
  ])
  assert.deepEqual(names, [
    ['X', 'ssm:/a/X'],
    ['Y', 'ssm:/a/Y', 'ssm:/b/Y'],
  ])
})

test('two origins are two, also where they differ behind what is shown of them', () => {
  const long = 'a/'.repeat(509)
  const secret = (...ids: string[]) =>
    ids.flatMap((id) => entriesOfSecret(id, WHOLE, JSON.stringify({ [`${long}b.c`]: 1, [`${long}b/c`]: 2 }))!)
  const others = (entries: readonly Entry[]) => namesOf(entries).names.map((origins) => origins.length - 1)
  assert.deepEqual(others(secret('db')), [2], 'two members of one secret')
  const sameName = (id: string) => entriesOfSecret(id, LAST, '{"NAME":1}')!
  const stem = 'x'.repeat(1_100)
  assert.deepEqual(others([...sameName(stem + '1'), ...sameName(stem + '2')]), [2], 'two secrets')
  assert.deepEqual(others([entry(stem + '1', 'N'), entry(stem + '2', 'N')]), [2], 'two parameters')
  assert.deepEqual(others([...sameName('N'), { ...entry('N', 'NAME') }]), [2], 'a secret and a parameter')
  assert.deepEqual(others([...sameName(stem), ...sameName(stem)]), [1], 'one secret, twice')
})

test('what there is no room for is refused, and still tells that a name is held twice', () => {
  const { names, refused } = namesOf(
    [
      entry('/a', 'A', 'x'.repeat(5)),
      entry('/b', 'B', 'x'.repeat(4)),
      entry('/c', 'C', 'x'.repeat(3)),
      entry('/other', 'A', 'x'.repeat(100)),
    ],
    10,
  )
  assert.deepEqual(refused, ['B'])
  assert.deepEqual(names, [
    ['A', 'ssm:/a', 'ssm:/other'],
    ['C', 'ssm:/c'],
  ])
})

test('ten thousand values of one name cost one look at each', { timeout: 30_000 }, () => {
  const stem = '/' + 'x'.repeat(900)
  const entries = Array.from({ length: 10_000 }, (_, i) => entry(`${stem}/${i}/URL`, 'URL'))
  for (let i = 0; i < 20; i++) assert.equal(namesOf(entries).names[0]?.length, 3)
})
