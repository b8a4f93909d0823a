import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import { executable } from './executable.ts'

/** How often JavaScriptCore's optimizing compiler took a busy function, before and after the hits were many. */
const PROBE = `
  import { numberOfDFGCompiles } from 'bun:jsc'
  import { compileHotCode } from '${fileURLToPath(new URL('../src/engine.ts', import.meta.url))}'
  const busy = (seed) => new Function('x', 'let s = ' + seed + '; for (let i = 0; i < 5; i++) s += x * i; return s')
  async function compiles(f) {
    for (let batch = 0; batch < 200; batch++) {
      for (let i = 0; i < 1000; i++) f(i)
      await new Promise((resolve) => setTimeout(resolve, 0))
    }
    return numberOfDFGCompiles(f)
  }
  compiles(busy(1)).then(async (before) => {
    compileHotCode()
    process.stdout.write(JSON.stringify([before, await compiles(busy(2))]))
  })`

test('the executable interprets everything until the hits are many, and compiles from then on', () => {
  const folder = mkdtempSync(join(tmpdir(), 'engine-'))
  try {
    const { outputFiles } = buildSync({
      stdin: { contents: PROBE, resolveDir: folder },
      bundle: true,
      format: 'cjs',
      platform: 'node',
      external: ['bun:jsc'],
      write: false,
    })
    const file = join(folder, 'probe')
    const architecture = process.arch === 'arm64' ? 'arm64' : 'x86_64'
    writeFileSync(file, executable(outputFiles[0]!.text, architecture), { mode: 0o755 })
    const [before, after] = JSON.parse(execFileSync(file, { encoding: 'utf8' })) as [number, number]
    assert.equal(before, 0)
    assert.ok(after > 0)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
