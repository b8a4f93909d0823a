import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import { executable } from './executable.ts'
import { nodeFor, NODE_MAJORS } from './runtimes.ts'

const engine = (file: string): string => fileURLToPath(new URL(`../src/${file}`, import.meta.url))

/** The numbers that a program writes as JSON, compiled as the layers' executables are. */
function inExecutable(t: TestContext, program: string): number[] {
  const folder = mkdtempSync(join(tmpdir(), 'engine-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const { outputFiles } = buildSync({
    stdin: {
      contents: `
        import * as jsc from 'bun:jsc'
        import { createEngine } from '${engine('engine.ts')}'
        const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
        const busy = (seed) => new Function('x', 'let s = ' + seed + '; for (let i = 0; i < 5; i++) s += x * i; return s')
        /** How often the optimizing compiler takes a new busy function. */
        async function compiles(seed) {
          const f = busy(seed)
          for (let batch = 0; batch < 200; batch++) {
            for (let i = 0; i < 1000; i++) f(i)
            await sleep(0)
          }
          return jsc.numberOfDFGCompiles(f)
        }
        const main = async () => { ${program} }
        main().then((result) => process.stdout.write(JSON.stringify(result)))`,
      resolveDir: folder,
    },
    bundle: true,
    format: 'cjs',
    platform: 'node',
    external: ['bun:jsc'],
    write: false,
  })
  const file = join(folder, 'probe')
  const architecture = process.arch === 'arm64' ? 'arm64' : 'x86_64'
  writeFileSync(file, executable(outputFiles[0]!.text, architecture), { mode: 0o755 })
  return JSON.parse(execFileSync(file, { encoding: 'utf8' })) as number[]
}

test('the executable interprets everything until hits are many, and compiles from then on', (t) => {
  const [before, hits, after] = inExecutable(
    t,
    `
    const engine = createEngine(128)
    const before = await compiles(1)
    const first = engine.onHit()
    const hits = 1 + first
    const never = engine.onHit()
    return [before, hits + never, await compiles(2)]`,
  )
  assert.equal(before, 0)
  assert.equal(hits, 300)
  assert.ok(after! > 0)
})

test('the executable compiles also where misses are many, but not beside a small function', (t) => {
  const [small, few, many] = inExecutable(
    t,
    `
    const miss = (engine, times) => { for (let i = 0; i < times; i++) engine.onMiss() }
    miss(createEngine(128), 10_000)
    const small = await compiles(1)
    const engine = createEngine(256)
    miss(engine, 1_999)
    const few = await compiles(2)
    miss(engine, 1)
    return [small, few, await compiles(3)]`,
  )
  assert.deepEqual([small, few], [0, 0])
  assert.ok(many! > 0)
})

test('beside a small function the executable collects garbage by the bytes of its answers', (t) => {
  const [large, small] = inExecutable(
    t,
    `
    const left = []
    for (const engine of [createEngine(256), createEngine(128)]) {
      const garbage = Array.from({ length: 100 }, () => new WeakRef({ held: 'by nobody' }))
      for (let i = 0; i < 70; i++) engine.onAnswer(60_000)
      await sleep(50)
      left.push(garbage.filter((one) => one.deref() !== undefined).length)
    }
    return left`,
  )
  assert.equal(large, 100)
  // The collector takes what a stack may still point to for living.
  assert.ok(small! < 10, `${small} of 100 objects`)
})

for (const major of NODE_MAJORS) {
  test(`each setting of V8 has its effect on Node ${major}`, () => {
    const { status, stdout } = spawnSync(nodeFor(major), ['--test', engine('engine.test.ts')], {
      encoding: 'utf8',
      env: {},
    })
    assert.equal(status, 0, stdout)
  })
}
