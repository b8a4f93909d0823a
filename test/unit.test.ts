// `npm run test:unit` must stay what it says: it runs on a clean checkout, and stops no process to wait.

import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../', import.meta.url))
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>
}

/** The files of each pattern in a script. */
function filesOf(script: string): string[][] {
  const patterns = [...(scripts[script] ?? '').matchAll(/'(.+?)'/g)].map(([, pattern]) => pattern!)
  return patterns.map((pattern) => globSync(pattern, { cwd: ROOT }).map((file) => join(ROOT, file)))
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
  const files = filesOf('test:unit').flat()
  assert.ok(files.length > 30)
  for (const file of files) {
    for (const one of reach(file)) {
      assert.doesNotMatch(one, /\/test\/(artefact|upstream-halves)\.ts$/, file)
      assert.doesNotMatch(readFileSync(one, 'utf8'), /SIGSTOP/, file)
    }
  }
})

test('each pattern of `test:unit` finds files, and `npm test` runs them all', () => {
  const all = new Set(filesOf('test').flat())
  for (const files of filesOf('test:unit')) {
    assert.ok(files.length > 0)
    for (const file of files) assert.ok(all.has(file), file)
  }
})
