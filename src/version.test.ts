import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { VERSION } from './version.ts'

test('the version that is logged is the version of the package', () => {
  const file = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  const manifest = JSON.parse(file) as { version: string }
  assert.equal(VERSION, manifest.version)
})

test('the version is three numbers, so that a log search for it works', () => {
  assert.match(VERSION, /^\d+\.\d+\.\d+$/)
})
