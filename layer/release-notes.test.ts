import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { VERSION } from '../src/version.ts'
import { notesOf, versionFaults } from './release-notes.ts'

const textOf = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')

test('the version is the same in every place that tells it', () => {
  assert.deepEqual(versionFaults(textOf, undefined), [])
})

test('a place that tells another version is named', () => {
  const changed = (path: string) =>
    path === 'layer/main.tf' ? textOf(path).replaceAll(VERSION, '9.9.9') : textOf(path)
  assert.deepEqual(versionFaults(changed, undefined), [`layer/main.tf does not say Extension ${VERSION}`])
})

test('a tag is that version, and the changelog calls it released', () => {
  const released = (path: string) =>
    path === 'CHANGELOG.md' ? `## ${VERSION} (2026-12-01)\n\n- All.\n` : textOf(path)
  assert.deepEqual(versionFaults(released, `v${VERSION}`), [])
  const faults = versionFaults(released, 'v0.0.1')
  assert.deepEqual(faults, [`the tag is v0.0.1, and the version is ${VERSION}`])
  const unreleased = (path: string) =>
    path === 'CHANGELOG.md' ? `## ${VERSION} (unreleased)\n` : textOf(path)
  assert.deepEqual(versionFaults(unreleased, `v${VERSION}`), [`CHANGELOG.md calls ${VERSION} unreleased`])
  assert.match(
    versionFaults((path) => (path === 'CHANGELOG.md' ? '' : textOf(path)), undefined)[0]!,
    /no part of/,
  )
})

test("the notes are the version's own part of the changelog", () => {
  const changelog = '# Changelog\n\n## 0.2.0 (unreleased)\n\n- New.\n\n## 0.1.0\n\n- Old,\n  in two lines.\n'
  assert.equal(notesOf(changelog, '0.2.0'), '- New.\n')
  assert.equal(notesOf(changelog, '0.1.0'), '- Old,\n  in two lines.\n')
  assert.throws(() => notesOf(changelog, '0.3.0'), /no part of 0\.3\.0/)
})
