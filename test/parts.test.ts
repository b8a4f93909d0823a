// The bundle is made of parts that are compiled on their own. UpstreamError must be one class in all of them, however
// deep the file lies that imports it: a second class would make AWS's failures defects of ours.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../', import.meta.url))
const DEEP = `
import { UpstreamError } from '../../../errors.ts'
export const isOfUpstream = (error: unknown) => error instanceof UpstreamError`

/** Builds a copy of the sources, in which a file three folders deep imports the class. */
function buildCopy(t: TestContext, change: (build: string) => string) {
  const folder = mkdtempSync(join(tmpdir(), 'parts-'))
  t.after(() => rmSync(folder, { recursive: true }))
  cpSync(join(ROOT, 'src'), join(folder, 'src'), { recursive: true })
  cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'))
  cpSync(join(ROOT, 'build'), join(folder, 'build'), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  cpSync(join(ROOT, 'build.mjs'), join(folder, 'build.mjs'))
  const parts = join(folder, 'build/parts.mjs')
  writeFileSync(parts, change(readFileSync(parts, 'utf8')))
  const deep = join(folder, 'src/upstream/transport/deep')
  mkdirSync(deep)
  writeFileSync(join(deep, 'deep.ts'), DEEP)
  const entry = join(folder, 'src/upstream/index.ts')
  const use = "import { isOfUpstream } from './transport/deep/deep.ts'\nexport const deep = isOfUpstream\n"
  writeFileSync(entry, use + readFileSync(entry, 'utf8'))
  const { status, stderr } = spawnSync(process.execPath, ['build.mjs', '--quiet'], { cwd: folder })
  const classes = (): number =>
    readFileSync(join(folder, 'dist/extension.cjs'), 'utf8').match(/name=\\?["'`]UpstreamError/g)?.length ?? 0
  return { status, stderr: stderr.toString(), classes }
}

test('a file at any depth shares the one class of the failures of AWS', (t) => {
  const { status, stderr, classes } = buildCopy(t, (build) => build)
  assert.equal(status, 0, stderr)
  assert.equal(classes(), 1)
})

test('a part with a copy of that class of its own fails the build', (t) => {
  const { status, stderr } = buildCopy(t, (build) =>
    build.replace('file === resolve(root, ERRORS_FILE)', 'false'),
  )
  assert.notEqual(status, 0)
  assert.match(stderr, /src\/errors\.ts is in a part: a second copy/)
})
