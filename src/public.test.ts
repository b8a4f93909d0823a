import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LONGEST_SHOWN, say, shown } from './public.ts'

const CONTROLS: readonly (readonly [what: string, text: string, expected: string])[] = [
  ['a line feed', 'a\nb', 'a b'],
  ['a carriage return and a line feed, as one', 'a\r\nb', 'a b'],
  ['a forged log line', 'x\n[AWS] INFO ok', 'x [AWS] INFO ok'],
  ['a tab', 'a\tb', 'a b'],
  ['U+0000', 'a\u0000b', 'a b'],
  ['an escape sequence', '\u001b[31mred', ' [31mred'],
  ['DEL', 'a\u007fb', 'a b'],
  ['a C1 control', 'a\u0085b\u009bc', 'a b c'],
  ['line and paragraph separators', 'a\u2028b\u2029c', 'a b c'],
  ['a run of controls', 'a\u0000\u0001\u001f\u007f\u009fb', 'a b'],
  ['nothing to replace', 'prod/db:AWSCURRENT é 秘密 🔑', 'prod/db:AWSCURRENT é 秘密 🔑'],
  ['the empty text', '', ''],
]

for (const [what, text, expected] of CONTROLS) {
  test(`shown makes one harmless line of ${what}`, () => assert.equal(shown(text), expected))
}

test('shown cuts at its limit and keeps what is exactly as long', () => {
  assert.equal(shown('x'.repeat(LONGEST_SHOWN)).length, LONGEST_SHOWN)
  assert.equal(shown('x'.repeat(LONGEST_SHOWN + 1)).length, LONGEST_SHOWN)
  assert.equal(shown('x'.repeat(LONGEST_SHOWN) + '\n').length, LONGEST_SHOWN)
})

test('whatever goes in, shown gives a bounded text without any control character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 3000 }), (text) => {
      const safe = shown(text)
      assert.ok(safe.length <= LONGEST_SHOWN)
      // oxlint-disable-next-line no-control-regex
      assert.doesNotMatch(safe, /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/)
    }),
  )
})

test('shown is idempotent, so text may pass the door twice', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 1200 }), (text) => {
      assert.equal(shown(shown(text)), shown(text))
    }),
  )
})

test('say joins its literals and its public parts in order', () => {
  assert.equal(say`nothing else`, 'nothing else')
  assert.equal(say``, '')
  assert.equal(say`${1}${2}`, '12')
  assert.equal(
    say`port ${2773} of ${shown('::1')} is ${true}, not ${false}.`,
    'port 2773 of ::1 is true, not false.',
  )
  assert.equal(say`outer (${say`inner ${0}`})`, 'outer (inner 0)')
})

test('the types refuse a plain string, bytes and objects as a part, and a plain string as Public', () => {
  const plain: string = 'hunter2'
  // @ts-expect-error a string may be a secret
  void say`${plain}`
  // @ts-expect-error bytes may be a secret
  void say`${Buffer.from(plain)}`
  // @ts-expect-error an error's text may quote one
  void say`${new Error(plain)}`
  // @ts-expect-error undefined would be written as a word
  void say`${undefined}`
  // @ts-expect-error only say and shown make Public
  const forged: ReturnType<typeof say> = plain
  void forged
  // @ts-expect-error a part that may be either is still a string
  void say`${Math.random() < 2 ? plain : shown(plain)}`
})
