import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { readRuns } from './results.ts'

const run = (...args: string[]) =>
  promisify(execFile)(process.execPath, [fileURLToPath(new URL('run.ts', import.meta.url)), ...args])

test('a quick run measures, stores with all its metadata, and says that it claims nothing', async (t) => {
  const out = mkdtempSync(join(tmpdir(), 'bench-run-'))
  t.after(() => rmSync(out, { recursive: true }))
  const { stdout, stderr } = await run('micro', '--quick', '--seed', '5', '--out', out)
  assert.match(stderr, /^seed 5, load /)
  assert.match(stdout, /QUICK: too few samples for any claim/)
  const [stored] = readRuns(out)
  assert.equal(stored?.meta.seed, 5)
  assert.equal(stored?.meta.quick, true)
  assert.match(stored?.meta.command ?? '', /micro --quick/)
  const [micro] = stored?.groups ?? []
  assert.ok(micro?.samples.every(({ values }) => (values.nsPerOp ?? 0) > 0))
  assert.deepEqual(micro?.contenders.slice(0, 3), ['lru', 'lru-cache', 'quick-lru'])
})

test('a group that does not exist, or emulated beside others, is refused', async () => {
  await assert.rejects(run('speed'), /no group speed; there are start, hit, miss, micro, memory, emulated/)
  await assert.rejects(run('emulated', 'hit'), /emulated runs alone/)
})
