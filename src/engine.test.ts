import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { transformSync } from 'esbuild'
import { V8_HITS } from './engine.ts'

// Each setting is looked for by its effect, in a process of its own, beside a process without it. The executable's are
// tested in layer/engine.test.ts, where there is a Bun; layer/engine.test.ts also runs this file on each pinned Node.

// As JavaScript: to make that of it would let the process's young generation grow before it is measured.
const { code: ENGINE } = transformSync(readFileSync(new URL('engine.ts', import.meta.url), 'utf8'), {
  loader: 'ts',
})

/** What a program writes as JSON; `engine` and `sleep` are at hand in it. */
async function inProcess<T>(program: string, memoryMb = 1_024): Promise<T> {
  const source = `
    import { setTimeout as sleep } from 'node:timers/promises'
    import { createEngine } from 'data:text/javascript,${encodeURIComponent(ENGINE)}'
    const engine = createEngine(${memoryMb})
    process.stdout.write(JSON.stringify(await (async () => { ${program} })()))`
  const flags = ['--no-warnings', '--allow-natives-syntax', '--input-type=module', '--eval', source]
  const { stdout, stderr } = await promisify(execFile)(process.execPath, flags, { encoding: 'utf8', env: {} })
  // V8 writes there about a flag that it does not know.
  assert.equal(stderr, '')
  return JSON.parse(stdout) as T
}

/**
 * In a program: how often a new function runs until V8's best compiler has taken it, to the next hundred; 20,000 at
 * most.
 */
const RUNS = `
  let functions = 0
  async function runsUntilBest() {
    const f = new Function('x', 'const s = x + ' + functions++ + '; return s * x + s')
    let runs = 0
    while (runs < 20_000 && !%ActiveTierIsTurbofan(f)) {
      for (let i = 0; i < 100; i++) f(runs++)
      await sleep(5)
    }
    return runs
  }
  %NeverOptimizeFunction(runsUntilBest)`

test('the young generation of V8 stays at most half as large as it would become by itself', async () => {
  const youngMb = (before: string) =>
    inProcess<number>(`
      const { getHeapSpaceStatistics } = await import('node:v8')
      ${before}
      let living = []
      for (let i = 0; i < 400_000; i++) {
        living.push({ i })
        if (living.length > 50_000) living = []
      }
      const { space_size } = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')
      return space_size / 2 ** 20`)
  const [set, unset] = await Promise.all([youngMb('await engine.settle()'), youngMb('')])
  assert.ok(set * 2 <= unset, `${set} MB, and ${unset} MB without the setting`)
})

test('the middle compiler of V8 takes no function, where it would by itself', async () => {
  const isTaken = (before: string) =>
    inProcess<boolean>(`
      ${before}
      const f = (x) => { let s = 0; for (const c of 'abc') s += x + c.length; return s }
      for (let runs = 0; runs < 2_000; runs += 100) {
        for (let i = 0; i < 100; i++) f(i)
        await sleep(5)
        if (%ActiveTierIsMaglev(f)) return true
      }
      return false`)
  const [set, unset] = await Promise.all([isTaken('await engine.settle()'), isTaken('')])
  assert.equal(set, false)
  // Node 20 and 22 do not use it by themselves.
  assert.equal(unset, Number(process.versions.node.split('.', 1)) >= 24)
})

for (const memoryMb of [128, 256]) {
  test(`in a function of ${memoryMb} MB V8 compiles what the first hits run early, and all else late`, async () => {
    const { before, during, after, calls } = await inProcess<Record<string, number>>(
      `
      ${RUNS}
      await engine.settle()
      const before = await runsUntilBest()
      const calls = engine.onHit()
      const during = await runsUntilBest()
      const never = engine.onHit()
      const after = await runsUntilBest()
      return { before, during, after, calls: calls + never }`,
      memoryMb,
    )
    assert.equal(calls, V8_HITS)
    assert.ok(during! >= 1_500 && during! < 4_000, `${during} runs`)
    for (const runs of [before!, after!]) assert.ok(runs >= 10_000 && runs < 20_000, `${runs} runs`)
  })

  test(`in a function of ${memoryMb} MB V8 compiles nothing early, however long it is`, async () => {
    const early = await inProcess<number[]>(
      `
      await engine.settle()
      const functions = Array.from({ length: 13 }, (_, power) =>
        new Function('x', 'if (x < 0) {' + 'x = x * 3 + 1;'.repeat(2 ** power) + '} return x'))
      for (let runs = 0; runs < 4_000; runs += 100) {
        for (const f of functions) for (let i = 0; i < 100; i++) f(i)
        await sleep(2)
      }
      return functions.flatMap((f, power) => (%ActiveTierIsTurbofan(f) ? [2 ** power] : []))`,
      memoryMb,
    )
    assert.deepEqual(early, [])
  })
}

test('a hit before the engine is settled is asked for again', async () => {
  assert.equal(await inProcess('return engine.onHit()'), 1)
})

test('Node 20 is given no flag that it does not know, and so writes nothing about one', async () => {
  const given = await inProcess<{ flags: string[]; hitsToGo: number }>(`
    const v8 = (await import('node:v8')).default
    const flags = []
    v8.setFlagsFromString = (flag) => flags.push(flag)
    ;(await import('node:module')).syncBuiltinESMExports()
    Object.defineProperty(process, 'versions', { value: { ...process.versions, v8: '11.3.244.8-node.38' } })
    const engine = createEngine(128)
    await engine.settle()
    return { flags, hitsToGo: engine.onHit() }`)
  assert.ok(given.flags.length > 0)
  assert.deepEqual(
    given.flags.filter((flag) => flag.includes('invocation-count')),
    [],
  )
  assert.equal(given.hitsToGo, 0)
})

test('beside a small function V8 keeps at most three quarters of the garbage of old answers', async () => {
  const usedMb = (memoryMb: number) =>
    inProcess<number>(
      `
      await engine.settle()
      const held = []
      let most = 0
      for (let i = 0; i < 4_000; i++) {
        held.push(Buffer.alloc(60_000, i).toString('latin1'))
        if (held.length > 64) held.shift()
        most = Math.max(most, process.memoryUsage().heapUsed)
        if (i % 10 === 0) await sleep(0)
      }
      return most / 2 ** 20`,
      memoryMb,
    )
  const [small, large] = await Promise.all([usedMb(128), usedMb(256)])
  assert.ok(small <= large * 0.75, `${small} MB, and ${large} MB in a larger function`)
})
