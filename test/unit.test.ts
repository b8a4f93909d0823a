// `npm run test:unit` must stay what it says: it runs on a clean checkout, and stops no process to wait.

import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ALL, type Suite, UNIT } from './suites.ts'

const ROOT = fileURLToPath(new URL('../', import.meta.url))

/** The files of each pattern of a suite. */
function filesOf(suite: Suite): string[][] {
  return suite.files.map((pattern) => globSync(pattern, { cwd: ROOT }).map((file) => join(ROOT, file)))
}

/** The file and all of ours that it imports. */
function reach(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file) || !existsSync(file)) return seen
  seen.add(file)
  const imports = readFileSync(file, 'utf8').matchAll(/(?:from|import\() ?'(\.{1,2}\/[^']+)'/g)
  for (const [, path] of imports) reach(join(dirname(file), path!), seen)
  return seen
}

test('no unit test reaches the artefact, and none stops a process', () => {
  const files = filesOf(UNIT).flat()
  assert.ok(files.length > 30)
  for (const file of files) {
    for (const one of reach(file)) {
      assert.doesNotMatch(one, /\/test\/(artefact|upstream-builds)\.ts$/, file)
      assert.doesNotMatch(readFileSync(one, 'utf8'), /SIGSTOP/, file)
    }
  }
})

test('each pattern of `test:unit` finds files, and `npm test` runs them all', () => {
  const all = new Set(filesOf(ALL).flat())
  for (const files of filesOf(UNIT)) {
    assert.ok(files.length > 0)
    for (const file of files) assert.ok(all.has(file), file)
  }
})
