import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listedPath } from './listed-path.ts'

test('a path ends in a slash, and only one slash is the root', () => {
  for (const [text, path] of [
    ['/', '/'],
    ['/app/', '/app'],
    ['/app/v1.0/db-main/', '/app/v1.0/db-main'],
  ] as const) {
    assert.equal(listedPath(text), path)
  }
  for (const text of [
    '',
    '//',
    '///',
    '/ /',
    '/\t/',
    '/a//',
    '//a/',
    '/a//b/',
    '/a/ /',
    '.',
    './',
    'a/',
    '/a',
    ' /',
    '/ ',
  ]) {
    assert.equal(listedPath(text), undefined, JSON.stringify(text))
  }
})
