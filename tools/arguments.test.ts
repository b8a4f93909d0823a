import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { positiveNumber, wholeNumber } from './arguments.ts'

const ROOT = fileURLToPath(new URL('../', import.meta.url))
const SCRIPTS = [
  'build.mjs',
  'bench/run.ts',
  'bench/report.ts',
  'bench/compare.ts',
  'layer/build.ts',
  'bench/variants.ts',
  'layer/testing/run.ts',
  'test/abuse/fuzz.ts',
  'test/soak/soak.ts',
]

/** The script on its own, in a folder of its own, where whatever it writes by a relative path is seen. */
async function run(t: TestContext, script: string, ...args: string[]) {
  const cwd = mkdtempSync(join(tmpdir(), 'script-'))
  t.after(() => rmSync(cwd, { recursive: true }))
  // Without the variable by which a test runner tells a child that it is one of its own.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const child = spawn(process.execPath, [join(ROOT, script), ...args], { cwd, env })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout, stderr, cwd }
}

for (const script of SCRIPTS) {
  test(`${script} --help says how it is called, and does nothing else`, async (t) => {
    const readme = readFileSync(join(ROOT, 'README.md'))
    const { code, stdout, stderr, cwd } = await run(t, script, '--help')
    assert.deepEqual([code, stderr], [0, ''])
    assert.match(stdout, /^npm run [\w:]+.*\n[^]*--help/)
    assert.ok(!existsSync(join(cwd, '--help')))
    assert.deepEqual(readFileSync(join(ROOT, 'README.md')), readme)
  })

  test(`${script} refuses an option that it does not know with a sentence and its help`, async (t) => {
    const { code, stdout, stderr } = await run(t, script, '--no-such-option')
    assert.deepEqual([code, stdout], [2, ''])
    assert.match(stderr, /^Unknown option '--no-such-option'[^]*\nnpm run /)
    assert.doesNotMatch(stderr, /^ {4}at /m)
  })
}

test('a script that takes no words refuses them', async (t) => {
  for (const script of ['build.mjs', 'layer/build.ts', 'test/soak/soak.ts']) {
    const { code, stderr } = await run(t, script, 'word')
    assert.equal(code, 2, script)
    assert.match(stderr, /^Unexpected argument 'word'/)
  }
})

test('an argument that cannot be used is named before anything is done', async (t) => {
  const cases: [string[], RegExp][] = [
    [['bench/run.ts', '--seed', 'x'], /^--seed must be a whole number, got "x"/],
    [['bench/run.ts', 'constructor'], /^no group constructor; there are start,/],
    [['bench/report.ts', 'no-such-folder'], /^no-such-folder holds no finished run/],
    [['bench/report.ts', '.'], /^\. holds no finished run/],
    [['bench/report.ts', '.', '.'], /^one folder, got \. and \./],
    [['bench/compare.ts', '.'], /^two folders of results/],
    [['bench/variants.ts', '--rounds', '-1'], /^Option '--rounds' argument is ambiguous/],
    [['test/abuse/fuzz.ts', '--seconds', 'ten'], /^--seconds must be a number above 0, got "ten"/],
    [['test/soak/soak.ts', '--minutes', '0'], /^--minutes must be a number above 0, got "0"/],
  ]
  const readme = readFileSync(join(ROOT, 'README.md'))
  for (const [[script = '', ...args], message] of cases) {
    const { code, stderr, cwd } = await run(t, script, ...args)
    assert.equal(code, 2, script)
    assert.match(stderr, message)
    assert.ok(!existsSync(join(cwd, 'no-such-folder')))
  }
  assert.deepEqual(readFileSync(join(ROOT, 'README.md')), readme)
})

test('numbers are read whole, and nothing that only starts like one is', () => {
  assert.equal(wholeNumber('--n', '0'), 0)
  assert.equal(positiveNumber('--n', '0.5'), 0.5)
  assert.equal(positiveNumber('--n', '.5'), 0.5)
  for (const text of ['', '-1', '1e3', '0x10', '1 ', 'Infinity', '1.5', '1234567890']) {
    assert.throws(() => wholeNumber('--n', text), { name: 'RangeError', message: /^--n must be/ })
  }
  for (const text of ['', '.', '0', '0.0', '-1', '1e3', 'NaN', '1.']) {
    assert.throws(() => positiveNumber('--n', text), { name: 'RangeError', message: /^--n must be/ })
  }
})
