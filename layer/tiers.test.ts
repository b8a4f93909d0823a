import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { launcherFor } from './emulation.ts'
import { executable } from './executable.ts'
import { delayLastCompiler } from './tiers.ts'

for (const architecture of ['x86_64', 'arm64'] as const) {
  const launcher = launcherFor(architecture)
  if ('missing' in launcher) continue
  test(`the last compiler of the ${architecture} executable begins late, by its own account`, (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'tiers-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'probe')
    writeFileSync(file, executable('Bun.unsafe.setJITPolicy(1)', architecture), {
      mode: 0o755,
    })
    const [program, ...args] = [...launcher, file]
    const { status, stderr } = spawnSync(program, args, {
      env: { BUN_JSC_dumpOptions: '2' },
      encoding: 'utf8',
    })
    assert.equal(status, 0, stderr)
    assert.match(stderr, /thresholdForFTLOptimizeAfterWarmUp=1000000\b/)
    assert.match(stderr, /thresholdForOptimizeSoon=\d+/)
  })
}

test('a Bun that keeps its defaults otherwise, or twice, is refused', () => {
  const defaults = Buffer.from(new Uint32Array([1_000, 1, 15, 64_000]).buffer)
  const once = Buffer.concat([Buffer.from('before'), defaults, Buffer.from('after')])
  delayLastCompiler(once)
  assert.deepEqual(
    [...new Uint32Array(once.buffer.slice(once.byteOffset + 6, once.byteOffset + 22))],
    [1_000, 1, 15, 1_000_000],
  )
  assert.throws(() => delayLastCompiler(once), /not once/)
  assert.throws(() => delayLastCompiler(Buffer.concat([defaults, defaults])), /not once/)
})
