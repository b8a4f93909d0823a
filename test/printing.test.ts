// A test's process, and what it starts, inherits FORCE_COLOR from the test runner in a terminal. `console.log` then
// prints a number, an array or an object in colour, and a test that parses it fails there alone. `process.stdout.write`
// takes nothing but text.

import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../', import.meta.url))
/** Tests, what helps them, and what is started to be read by a program. What prints for people may use the console. */
const FILES = [
  '{src,local,test,tools,bench,layer}/**/*.test.ts',
  'test/{*,e2e/*,faults/*,platform/*}.ts',
  'local/emulators/**/*.ts',
  '{bench/lambda/testing,layer/testing/clients}/**/*.{ts,mjs,cjs}',
  'bench/{groups,load,upstream}/*.ts',
]

test('no test, and no program that a test starts, prints by means of the console', () => {
  const files = globSync(FILES, { cwd: ROOT })
  assert.ok(files.length > 150)
  const found = files.filter((file) => /\bconsole\.\w+\(/.test(readFileSync(join(ROOT, file), 'utf8')))
  assert.deepEqual(found, [])
})
