import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { positiveNumber, wholeNumber } from './arguments.ts'

const ROOT = fileURLToPath(new URL('../', import.meta.url))
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>
}
/** The commands of package.json, as npm runs them, but for those that are another project's program. */
const OURS = Object.entries(scripts).filter(([name]) => name !== 'format')
const IN_TYPESCRIPT = OURS.filter(([, command]) => command.includes('.ts'))

// A checkout of their own, where whatever they write is seen.
const CHECKOUT = mkdtempSync(join(tmpdir(), 'checkout-'))
after(() => rmSync(CHECKOUT, { recursive: true }))
const NOT_COPIED = /^(\.git|dist|results)$|(^|\/)node_modules$/
cpSync(ROOT, CHECKOUT, { recursive: true, filter: (path) => !NOT_COPIED.test(relative(ROOT, path)) })
symlinkSync(join(ROOT, 'node_modules'), join(CHECKOUT, 'node_modules'))

/** Every file of it, with its time and its size. */
function listing(): string[] {
  return readdirSync(CHECKOUT, { recursive: true, encoding: 'utf8' })
    .map((path) => [path, lstatSync(join(CHECKOUT, path))] as const)
    .map(([path, { mtimeMs, size }]) => `${path} ${mtimeMs} ${size}`)
    .toSorted()
}

async function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  // Without the variable by which a test runner tells a child that it is one of its own.
  const { NODE_TEST_CONTEXT: _, ...inherited } = process.env
  const bin = `${dirname(process.execPath)}:${join(ROOT, 'node_modules/.bin')}`
  const child = spawn('sh', ['-c', `${command} "$@"`, 'sh', ...args], {
    cwd: CHECKOUT,
    env: { ...inherited, PATH: `${bin}:${process.env['PATH']}`, ...env },
  })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout, stderr }
}

test('every script prints its help, and does nothing else', async () => {
  assert.ok(OURS.length > 15)
  const before = listing()
  assert.ok(before.some((line) => line.startsWith('layer/runtimes/pages-x86_64.json ')))
  for (const [name, command] of Object.entries(scripts)) {
    const { code, stdout, stderr } = await run(command, ['--help'])
    assert.deepEqual([code, stderr], [0, ''], name)
    assert.match(stdout, /--help/, name)
    if (name in Object.fromEntries(OURS)) assert.match(stdout, callOf(name), name)
  }
  assert.deepEqual(listing(), before)
})

/** The line of a help that says how the script is called. */
function callOf(name: string): RegExp {
  return new RegExp(`^(Usage: )?npm (run )?${name}\\b`, 'm')
}

test('every script refuses an option that it does not know with a sentence and its help', async () => {
  const before = listing()
  for (const [name, command] of OURS) {
    if (name === 'start') continue
    const { code, stdout, stderr } = await run(command, ['--no-such-option'])
    assert.deepEqual([code, stdout], [2, ''], name)
    assert.match(stderr, /^Unknown option '--no-such-option'/, name)
    assert.match(stderr, callOf(name), name)
    assert.doesNotMatch(stderr, /^ {4}at /m, name)
  }
  assert.deepEqual(listing(), before)
})

test('on a Node without TypeScript every script that is written in it says so in one sentence', async () => {
  const env = { NODE_OPTIONS: '--no-experimental-strip-types' }
  assert.ok(IN_TYPESCRIPT.length > 12)
  for (const [name, command] of IN_TYPESCRIPT) {
    const { code, stdout, stderr } = await run(command, [], env)
    assert.deepEqual([code, stdout], [1, ''], name)
    assert.match(stderr, /^Node [\d.]+ cannot run TypeScript: use Node 22\.18 or later\. .+\n$/, name)
  }
})

test('where the libc is musl, npm installs none of the Nodes that need glibc', () => {
  // The packages do not say so themselves: these lines of the lock are ours, and npm keeps them.
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { os?: string; libc?: string[] }>
  }
  const nodes = Object.entries(packages).filter(([path]) => path.startsWith('node_modules/node-linux-'))
  assert.equal(nodes.length, 2)
  for (const [path, { libc }] of nodes) assert.deepEqual(libc, ['glibc'], path)
})

test('a script that takes no words refuses them', async () => {
  for (const name of ['build', 'check', 'layer', 'layer:pages', 'soak']) {
    const { code, stderr } = await run(scripts[name]!, ['word'])
    assert.equal(code, 2, name)
    assert.match(stderr, /^Unexpected argument 'word'/)
  }
})

test('an argument that cannot be used is named before anything is done', async () => {
  const cases: [string, string[], RegExp][] = [
    ['bench', ['--seed', 'x'], /^--seed must be a whole number, got "x"/],
    ['bench', ['constructor'], /^no group constructor; there are \w+, /],
    ['bench:report', ['no-such-folder'], /^no-such-folder holds no finished run/],
    ['bench:report', ['.'], /^\. holds no finished run/],
    ['bench:report', ['.', '.'], /^one folder, got \. and \./],
    ['bench:compare', ['.'], /^two folders of results/],
    ['layer:variants', ['--rounds', '-1'], /^Option '--rounds' argument is ambiguous/],
    ['fuzz', ['--seconds', 'ten'], /^--seconds must be a number above 0, got "ten"/],
    ['soak', ['--minutes', '0'], /^--minutes must be a number above 0, got "0"/],
  ]
  const before = listing()
  for (const [name, args, message] of cases) {
    const { code, stderr } = await run(scripts[name]!, args)
    assert.equal(code, 2, name)
    assert.match(stderr, message)
  }
  assert.deepEqual(listing(), before)
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
