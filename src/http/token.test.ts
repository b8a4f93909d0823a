import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createTokenCheck, equalAsNumber } from './token.ts'

// As long as a real session token is.
const SESSION_TOKEN = 'IQoJb3JpZ2luX2VjE'.repeat(60)

test('the token matches itself and nothing else', () => {
  const isKnown = createTokenCheck([SESSION_TOKEN])
  assert.equal(isKnown(SESSION_TOKEN), true)
  for (const other of [
    '',
    ' ',
    'x',
    SESSION_TOKEN.slice(1),
    SESSION_TOKEN.slice(0, -1),
    SESSION_TOKEN + 'x',
    SESSION_TOKEN + ' ',
    ' ' + SESSION_TOKEN,
    SESSION_TOKEN.toLowerCase(),
    SESSION_TOKEN + SESSION_TOKEN,
    `${SESSION_TOKEN}, ${SESSION_TOKEN}`,
  ]) {
    assert.equal(isKnown(other), false)
  }
})

test('one wrong character is refused at every position', () => {
  const isKnown = createTokenCheck([SESSION_TOKEN])
  for (let i = 0; i < SESSION_TOKEN.length; i++) {
    assert.equal(
      isKnown(SESSION_TOKEN.slice(0, i) + '!' + SESSION_TOKEN.slice(i + 1)),
      false,
      `position ${i}`,
    )
  }
})

test('an empty token never matches, configured or presented', () => {
  assert.equal(createTokenCheck([''])(''), false)
  assert.equal(createTokenCheck(['', ''])(''), false)
  assert.equal(createTokenCheck(['a', ''])(''), false)
  assert.equal(createTokenCheck(['a'])(''), false)
  assert.equal(createTokenCheck(['', 'a'])('a'), true)
})

test('without any token nothing matches', () => {
  const isKnown = createTokenCheck([])
  for (const presented of ['', 'undefined', 'null', 'x']) assert.equal(isKnown(presented), false)
})

test('any of several tokens matches, also one that is configured twice', () => {
  const isKnown = createTokenCheck(['a', 'bb', 'a'])
  assert.equal(isKnown('a'), true)
  assert.equal(isKnown('bb'), true)
  assert.equal(isKnown('ab'), false)
  assert.equal(isKnown('abb'), false)
})

test('later changes to the list change nothing', () => {
  const tokens = ['a']
  const isKnown = createTokenCheck(tokens)
  tokens.push('b')
  assert.equal(isKnown('b'), false)
})

test('characters beyond a byte are compared whole', () => {
  const isKnown = createTokenCheck(['\u0141'])
  assert.equal(isKnown('\u0141'), true)
  assert.equal(isKnown('A'), false, 'U+0141 cut to a byte would be A')
  assert.equal(createTokenCheck(['🔑'])('🔒'), false)
  assert.equal(createTokenCheck(['e\u0301'])('\u00e9'), false, 'nothing is normalised')
  assert.equal(createTokenCheck(['a\u0000b'])('a\u0000c'), false, 'a NUL ends nothing')
})

test('it agrees with === for any two texts that are not empty', () => {
  const short = fc.string({ unit: fc.constantFrom('a', 'b', '\u0000', 'é'), minLength: 1, maxLength: 3 })
  fc.assert(
    fc.property(short, fc.array(short, { maxLength: 3 }), (presented, tokens) => {
      assert.equal(createTokenCheck(tokens)(presented), tokens.includes(presented))
    }),
    { numRuns: 1_000 },
  )
})

/** A text that counts how often it was looked into; the compare uses nothing but `length` and `charCodeAt`. */
function counting(text: string): { text: string; looks: () => number } {
  let looks = 0
  const counted = {
    length: text.length,
    charCodeAt: (index: number) => {
      looks++
      return text.charCodeAt(index)
    },
  }
  return { text: counted as unknown as string, looks: () => looks }
}

test('every character is looked at, wherever the first difference is', () => {
  const length = SESSION_TOKEN.length
  const spoilt = (at: number) => SESSION_TOKEN.slice(0, at) + '!' + SESSION_TOKEN.slice(at + 1)
  for (const presented of [
    SESSION_TOKEN,
    spoilt(0),
    spoilt(length >> 1),
    spoilt(length - 1),
    '!'.repeat(length),
  ]) {
    const { text, looks } = counting(presented)
    equalAsNumber(text, SESSION_TOKEN)
    assert.equal(looks(), length)
  }
})

test('every token is compared, also after one has matched', () => {
  const tokens = ['aaaa', 'bbbb', 'cccc']
  for (const presented of [...tokens, 'dddd']) {
    const { text, looks } = counting(presented)
    assert.equal(createTokenCheck(tokens)(text), presented !== 'dddd')
    assert.equal(looks(), 12)
  }
})

// A compare that stops at the first difference would be hundreds of times faster for a wrong first character. The
// two kinds alternate, so that whatever else the machine does hits both; three tries, so that one stall is no failure.
test('a wrong first character takes as long as a wrong last one', () => {
  const last = SESSION_TOKEN.slice(0, -1) + '!'
  const first = '!' + SESSION_TOKEN.slice(1)
  const ratios: number[] = []
  for (let attempt = 0; attempt < 3; attempt++) {
    const ratio = median(rounds(last)) / median(rounds(first))
    if (ratio > 1 / 1.5 && ratio < 1.5) return
    ratios.push(ratio)
  }
  assert.fail(`time for a wrong last character over that for a wrong first: ${ratios.join(', ')}`)

  function rounds(presented: string): number[] {
    return Array.from({ length: 301 }, () => {
      time(presented === last ? first : last)
      return time(presented)
    })
  }
})

function time(presented: string): number {
  let matches = 0
  const start = process.hrtime.bigint()
  for (let i = 0; i < 20; i++) matches += equalAsNumber(presented, SESSION_TOKEN)
  const took = Number(process.hrtime.bigint() - start)
  assert.equal(matches, 0)
  return took
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!
}
