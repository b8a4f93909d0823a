import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { architecture } from './architecture.ts'

test('the picture of the architecture is the one that is drawn now', () => {
  const file = new URL('../../docs/architecture.svg', import.meta.url)
  assert.equal(readFileSync(file, 'utf8'), architecture())
})
