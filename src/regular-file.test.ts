import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { readRegularFile } from './regular-file.ts'

function temporary(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'regular-file-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

test('a file is read up to the bound, without a byte order mark', (t) => {
  const path = join(temporary(t), 'file')
  for (const text of ['', 'x', 'é\n'.repeat(100), 'x'.repeat(1000)]) {
    writeFileSync(path, text)
    assert.equal(readRegularFile(path, 1000), text)
    writeFileSync(path, '\ufeff' + text.slice(0, 900))
    assert.equal(readRegularFile(path, 1000), text.slice(0, 900))
  }
  writeFileSync(path, 'x'.repeat(1001))
  assert.throws(() => readRegularFile(path, 1000), /too long/)
  assert.match(readRegularFile('/proc/self/status', 100_000), /^Name:/)
})

test('what is no file that ends is refused at once', (t) => {
  const folder = temporary(t)
  execFileSync('/usr/bin/mkfifo', [join(folder, 'pipe')])
  symlinkSync('pipe', join(folder, 'link'))
  symlinkSync('loop', join(folder, 'loop'))
  const paths = [
    folder,
    '/dev/zero',
    '/dev/null',
    '/dev/stdin',
    '/nowhere',
    ...['pipe', 'link', 'loop'].map((one) => join(folder, one)),
  ]
  for (const path of paths) assert.throws(() => readRegularFile(path, 1000), path)
})
