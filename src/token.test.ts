import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createTokenCheck, difference } from './token.ts'

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

test('every word is read, wherever the first difference is', () => {
  for (const at of [0, 112, 224, undefined]) {
    let reads = 0
    const expected = Array.from({ length: 225 }, (_, i) => i)
    const presented = new Proxy(
      expected.map((word, i) => (i === at ? -1 : word)),
      {
        get: (words, index) => {
          reads++
          return words[Number(index)]
        },
      },
    )
    assert.equal(difference(expected, presented) === 0, at === undefined)
    assert.equal(reads, 225)
  }
})

test('a wrong character is seen at every place, also one that differs in its high byte alone', () => {
  const isMatch = createTokenCheck([SESSION_TOKEN])
  assert.equal(isMatch(SESSION_TOKEN), true)
  for (let at = 0; at < SESSION_TOKEN.length; at++) {
    const code = SESSION_TOKEN.charCodeAt(at)
    for (const wrong of [code ^ 1, code ^ 0x80, code + 0x100]) {
      const spoilt = SESSION_TOKEN.slice(0, at) + String.fromCharCode(wrong) + SESSION_TOKEN.slice(at + 1)
      assert.equal(isMatch(spoilt), false, `at ${at}`)
    }
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

const isSessionToken = createTokenCheck([SESSION_TOKEN])

function time(presented: string): number {
  let matches = 0
  const start = process.hrtime.bigint()
  for (let i = 0; i < 100; i++) if (isSessionToken(presented)) matches++
  const took = Number(process.hrtime.bigint() - start)
  assert.equal(matches, 0)
  return took
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!
}
