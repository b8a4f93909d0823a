import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Reject } from '../errors.ts'
import { asStale, bytesOf, createAnswer, type Answer, type Body } from './answer.ts'
import { parameterBody, secretBody } from './go-shape.ts'
import { keepShape, makeShape, memberShape, shapeHeld, VALUE, type Shape } from './shape.ts'

const secret = (SecretString: string): Answer => createAnswer(secretBody({ Name: 'a', SecretString }))
const binary = (...SecretBinary: number[]): Answer =>
  createAnswer(secretBody({ Name: 'a', SecretBinary: Uint8Array.from(SecretBinary) }))
const parameter = (Value: string): Answer => createAnswer(parameterBody({ Name: '/a', Value }))

function kept(answer: Answer, shape: Shape): Body | Reject {
  const made = makeShape(answer, shape)
  keepShape(answer, shape, made)
  return made
}

const TEXT = 'text/plain; charset=utf-8'
const CREDENTIALS =
  '{"user": "ann", "password": "a\\"é\\u00e9", "port": 5432, "none": null, "in": {"a/b": [1.0, true]}}'

/** Status, type and body; of an answer also whether its length is true. */
function seen(answer: Answer, shape: Shape): [number, string, string] {
  const made = makeShape(answer, shape)
  if ('kind' in made) return [made.status, made.errorType, made.body]
  const { 'Content-Type': type = '', 'Content-Length': length } = made.missHeaders
  assert.equal(Number(length), made.bytes.length)
  assert.deepEqual(made.hitHeaders, { ...made.missHeaders, 'X-Cache': 'HIT' })
  return [200, type, Buffer.from(made.bytes, 'latin1').toString('utf8')]
}

test('the bare value is the text of a secret or parameter, byte for byte', () => {
  for (const text of [
    'plain',
    '',
    '{"a": 1}',
    'line\r\nline\u0000 "quoted" \\ é 秘密 🔑',
    ' '.repeat(65_536),
  ]) {
    assert.deepEqual(seen(secret(text), VALUE), [200, TEXT, text])
    assert.deepEqual(seen(parameter(text), VALUE), [200, TEXT, text])
  }
})

test('the bare value of a binary secret is its bytes', () => {
  const made = makeShape(binary(0, 255, 13, 10, 195), VALUE)
  assert.ok(!('kind' in made))
  assert.equal(made.bytes, '\u0000\u00ff\r\n\u00c3')
  assert.deepEqual(Object.entries(made.missHeaders).slice(0, 2), [
    ['Content-Type', 'application/octet-stream'],
    ['Content-Length', '5'],
  ])
})

for (const [key, text] of [
  ['user', 'ann'],
  ['password', 'a"éé'],
  ['port', '5432'],
  ['none', 'null'],
  ['in', '{"a/b": [1.0, true]}'],
  ['/in/a~1b/0', '1.0'],
  ['/in/a~1b/1', 'true'],
] as const) {
  test(`the member ${key} of a secret, a parameter and a binary secret is ${text}`, () => {
    for (const answer of [secret(CREDENTIALS), parameter(CREDENTIALS), binary(...Buffer.from(CREDENTIALS))]) {
      assert.deepEqual(seen(answer, memberShape(key)), [200, TEXT, text])
    }
  })
}

test('a member that is not there is a 400 that names the key and nothing of the value', () => {
  for (const key of ['Password', '/in/c', '/in/a~1b/2', '', '/user/0']) {
    const [status, type, body] = seen(secret(CREDENTIALS), memberShape(key))
    assert.deepEqual([status, type, body], [400, 'JsonKeyNotFound', `the JSON of the value has no "${key}"`])
  }
})

test('a value that is no JSON is a 400 that names the key and nothing of the value', () => {
  for (const text of ['hunter2', '', '{"a": hunter2}', '{"a": 1} hunter2']) {
    assert.deepEqual(seen(secret(text), memberShape('a')), [
      400,
      'InvalidJson',
      'the value is no JSON, so it has no "a"',
    ])
  }
})

test('a key in a refusal is printable and short', () => {
  const [, , body] = seen(secret('{}'), memberShape('\r\né' + 'k'.repeat(500)))
  assert.equal(body, `the JSON of the value has no "?${'k'.repeat(97)}"`)
})

test('making a shape changes no answer, and a kept one adds to its bytes', () => {
  const answer = secret(CREDENTIALS)
  const before = bytesOf(answer)
  assert.equal(shapeHeld(answer, VALUE), undefined)
  makeShape(answer, VALUE)
  assert.deepEqual([shapeHeld(answer, VALUE), bytesOf(answer)], [undefined, before])
  const made = kept(answer, VALUE)
  assert.equal(shapeHeld(answer, VALUE), made)
  assert.equal(shapeHeld(answer, memberShape('user')), undefined)
  assert.ok(bytesOf(answer) >= before + CREDENTIALS.length)
  kept(answer, memberShape('nothing of that name'))
  assert.ok(bytesOf(answer) > before + CREDENTIALS.length + 'nothing of that name'.length)
})

test('callers who ask for many members do not make an answer grow without bound', () => {
  const answer = secret(CREDENTIALS)
  for (let i = 0; i < 1_000; i++) kept(answer, memberShape(`key ${i}`))
  assert.ok(answer.shapes!.size <= 16)
  assert.deepEqual(seen(answer, memberShape('user')), [200, TEXT, 'ann'])
})

test('a shape of a stale answer is marked as stale, and the answer that is held is not', () => {
  const answer = secret('x')
  kept(answer, VALUE)
  const stale = asStale(answer, 61_500)
  const made = kept(stale, VALUE)
  assert.ok(!('kind' in made))
  assert.deepEqual(Object.entries(made.missHeaders).slice(-2), [
    ['X-Cache', 'STALE'],
    ['Age', '61'],
  ])
  assert.deepEqual(made.hitHeaders, made.missHeaders)
  const held = shapeHeld(answer, VALUE)!
  assert.ok(!('kind' in held))
  assert.equal(held.hitHeaders['X-Cache'], 'HIT')
})
