// The package as a user gets it: packed, installed into an empty folder, without a network.

import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { freePort } from '../tools/free-port.ts'
import { servingPort } from './serving-port.ts'
import { startLocal } from './start-local.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const NAME = 'open-parameters-secrets-extension'
const GUIDE = join(ROOT, 'docs/local.md')

function installed(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'package test-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const run = (command: string, ...args: string[]) =>
    execFileSync(command, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
  run(process.execPath, join(ROOT, 'build.mjs'), '--quiet', '--package')
  run('npm', 'pack', '--silent', join(ROOT, 'dist/package'))
  const [tarball = ''] = readdirSync(folder)
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  run('npm', 'install', '--silent', '--offline', '--no-audit', `./${tarball}`)
  return folder
}

test('in an empty folder the packed stand-in serves a secret, by its command and in a test of Node', async (t) => {
  const folder = installed(t)
  const { dependencies } = JSON.parse(
    readFileSync(join(folder, `node_modules/${NAME}/package.json`), 'utf8'),
  ) as {
    dependencies?: object
  }
  assert.equal(dependencies, undefined)

  writeFileSync(join(folder, 'seed.json'), '{ "secrets": { "db": "what the seed holds" } }')
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'] }
  const [, command = ''] = /^(\.\/node_modules\/\.bin\/.*)$/m.exec(readFileSync(GUIDE, 'utf8')) ?? []
  const child = spawn('sh', ['-c', `exec ${command} --port 0`], { cwd: folder, env })
  // Open for as long as any of them lives: the stand-in and the extension.
  const ended = once(child.stdout, 'close')
  t.after(async () => {
    child.kill('SIGTERM')
    await ended
  })
  const port = await servingPort(child.stdout)
  const reply = await fetch(`http://localhost:${port}/secretsmanager/get?secretId=db`, {
    headers: { 'X-Aws-Parameters-Secrets-Token': 'local-token' },
  })
  assert.match(await reply.text(), /"SecretString":"what the seed holds"/)

  writeFileSync(
    join(folder, 'test.js'),
    `import { startLocal } from '${NAME}'
    const local = await startLocal({ seed: { secrets: { db: 'the first value' } }, env: { SECRETS_MANAGER_TTL: '0' } })
    const headers = { 'X-Aws-Parameters-Secrets-Token': local.token }
    const read = async () => {
      const reply = await fetch(local.url + '/secretsmanager/get?secretId=db', { headers })
      return reply.ok ? (await reply.json()).SecretString : reply.headers.get('X-Amzn-ErrorType')
    }
    const seen = [await read()]
    local.rotate('db', 'the second value')
    seen.push(await read())
    local.fault({ name: 'db' }, { kind: 'error', code: 'AccessDeniedException' }, 1)
    seen.push(await read(), await read(), local.calls('db'))
    await local.stop()
    process.stdout.write(JSON.stringify(seen))`,
  )
  const output = execFileSync(process.execPath, ['test.js'], { cwd: folder, env, encoding: 'utf8' })
  assert.deepEqual(JSON.parse(output), [
    'the first value',
    'the second value',
    'AccessDeniedException',
    'the second value',
    4,
  ])
})

// A machine with nothing but Node and npm may have no curl.
if (spawnSync('curl', ['--version']).status === 0)
  test('the steps that docs/local.md has for CI go on when the stand-in serves', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'step test-'))
    t.after(() => rmSync(folder, { recursive: true }))
    writeFileSync(join(folder, 'seed.json'), '{ "secrets": { "db": "what the seed holds" } }')
    const [, steps = ''] = /### In CI\n[^]*?```sh\n([^]*?)```/.exec(readFileSync(GUIDE, 'utf8')) ?? []
    const port = String(await freePort())
    const here = steps.replace('../extension', `'${ROOT}'`).replace(' &', ` --port ${port} &`)
    const ask = `curl --silent --header 'X-Aws-Parameters-Secrets-Token: local-token' 'localhost:2773/secretsmanager/get?secretId=db'`
    const script = `${here}${ask}\n`.replaceAll('2773', port)
    const child = spawn('sh', ['-c', script], {
      cwd: folder,
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'] },
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = once(child.stdout, 'close')
    const exited = once(child, 'exit')
    t.after(async () => {
      process.kill(-child.pid!, 'SIGTERM')
      await ended
    })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    assert.deepEqual(await exited, [0, null])
    while (!output.includes('}')) await once(child.stdout, 'data')
    assert.match(output, /"SecretString":"what the seed holds"/)
  })

test('the test and the seed that docs/local.md shows run as they are written', (t) => {
  const folder = installed(t)
  const [, script = ''] = /```js\n([^]*?)```/.exec(readFileSync(GUIDE, 'utf8')) ?? []
  const [, seed = ''] = /```json\n([^]*?)```/.exec(readFileSync(GUIDE, 'utf8')) ?? []
  const more = `
    const other = await startLocal({ seed: ${seed} })
    const headers = { 'X-Aws-Parameters-Secrets-Token': other.token }
    const reply = await fetch(other.url + '/secretsmanager/get?secretId=db&jsonKey=user', { headers })
    process.stdout.write(await reply.text())
    await other.stop()`
  writeFileSync(join(folder, 'guide.mjs'), script + more)
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'] }
  assert.equal(execFileSync(process.execPath, ['guide.mjs'], { cwd: folder, env, encoding: 'utf8' }), 'admin')
})

test('the sample of a unit test is green with the package that is packed', (t) => {
  const folder = installed(t)
  for (const file of ['index.mjs', 'index.test.mjs'])
    copyFileSync(join(ROOT, 'layer/samples/node', file), join(folder, file))
  const output = execFileSync(process.execPath, ['--test', 'index.test.mjs'], {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'] },
    encoding: 'utf8',
  })
  assert.match(output, /pass 3\n.*fail 0\n/)
})

test('the package declares what a seed may hold, to users without the types of Node', (t) => {
  const folder = installed(t)
  writeFileSync(
    join(folder, 'test.ts'),
    `import { startLocal, type Local, type LocalOptions, type Seed, type Fault } from '${NAME}'
    const seed: Seed = {
      $schema: './seed.schema.json',
      secrets: {
        text: 'v',
        all: {
          value: ['a', 1], versionId: '0', createdDate: '2026-01-01T00:00:00Z', stages: ['BLUE'], arnSuffix: 'AbCdEf',
          previous: { binary: 'AA==' }, versions: [{ value: { a: 1 }, stages: ['OLD'] }], description: 'd',
          tags: { app: 'orders' }, deleted: false, region: 'eu-west-1', replicas: ['us-east-1'], account: '123456789012',
        },
      },
      parameters: {
        all: {
          value: 'v', type: 'SecureString', version: 3, previous: ['u', { value: 't', labels: ['old'] }], tier: 'Advanced',
          dataType: 'text', description: 'd', tags: {}, region: 'eu-west-1', account: '123456789012', ciphertext: 'c',
        },
      },
    }
    const options: LocalOptions = { seed, port: 0, token: 't', region: 'eu-west-1', env: { A: 'b' } }
    const fault: Fault = { kind: 'drip', pieceMs: 5 }
    export async function run(): Promise<void> {
      const local: Local = await startLocal(options)
      local.rotate('a', { user: 'x' })
      local.putParameter('/a', 'v', { tier: 'Advanced' })
      local.fault({ region: 'eu-west-1', operation: 'GetSecretValue' }, fault, 2)
      local.fault({}, { kind: 'error', code: 'X', status: 500 })
      // @ts-expect-error
      local.fault({}, { kind: 'explode' })
      await local.stop()
    }`,
  )
  const flags = [
    '--noEmit',
    '--strict',
    '--exactOptionalPropertyTypes',
    '--module',
    'nodenext',
    '--lib',
    'es2022',
  ]
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  const output = spawnSync(process.execPath, [tsc, ...flags, '--types', '', 'test.ts'], {
    cwd: folder,
    encoding: 'utf8',
  })
  assert.deepEqual([output.stdout, output.status], ['', 0])
  assert.doesNotMatch(readFileSync(join(folder, `node_modules/${NAME}/index.d.ts`), 'utf8'), /import /)
})

test('the package says whose work is in it, and its README links to nothing that is not there', (t) => {
  const folder = join(installed(t), 'node_modules', NAME)
  const notices = readFileSync(join(folder, 'THIRD-PARTY-NOTICES.txt'), 'utf8')
  for (const name of [
    '@aws-sdk/client-ssm',
    '@aws-sdk/client-secrets-manager',
    '@smithy/core',
    '@aws-sdk/credential-provider-sso',
  ])
    assert.match(notices, new RegExp(`^${name} [\\d.]+ \\(Apache-2\\.0\\)$`, 'm'))
  assert.match(notices, /TERMS AND CONDITIONS/)
  const readme = readFileSync(join(folder, 'README.md'), 'utf8')
  const targets = [...readme.matchAll(/\]\(([^)]*)\)/g)].map(([, target]) => target!)
  assert.deepEqual(
    targets.filter((target) => !target.startsWith('https://')),
    [],
  )
})

// As Jest runs a test: https://github.com/jestjs/jest/issues/2549
test('a test in a realm of its own can start, rotate and stop', (t) => {
  const folder = installed(t)
  writeFileSync(
    join(folder, 'realm.mjs'),
    `import { createContext, SourceTextModule, SyntheticModule } from 'node:vm'
    import { readFileSync } from 'node:fs'
    import { createRequire } from 'node:module'
    const path = createRequire(import.meta.url).resolve('${NAME}')
    // What Jest's environment for Node gives to a test besides the globals of the language.
    const given = { process, Buffer, URL, URLSearchParams, performance, setTimeout, clearTimeout, setInterval,
      clearInterval, setImmediate, clearImmediate, queueMicrotask, AbortController, AbortSignal, TextEncoder, TextDecoder,
      Uint8Array, ArrayBuffer, structuredClone, console, fetch, Event, EventTarget }
    const context = createContext(given)
    const module = new SourceTextModule(readFileSync(path, 'utf8'), {
      context,
      identifier: path,
      initializeImportMeta: (meta) => (meta.url = new URL('file://' + path).href),
      importModuleDynamically: (name) => builtin(name),
    })
    async function builtin(name) {
      const exports = await import(name)
      const names = Object.keys(exports)
      const made = new SyntheticModule(names, () => names.forEach((one) => made.setExport(one, exports[one])), { context })
      if (made.status === 'unlinked') await made.link(() => {})
      if (made.status === 'linked') await made.evaluate()
      return made
    }
    await module.link(builtin)
    await module.evaluate()
    const { startLocal } = module.namespace
    const local = await startLocal({ seed: { secrets: { db: 'first' } }, env: { SECRETS_MANAGER_TTL: '0' } })
    const read = async () => {
      const headers = { 'X-Aws-Parameters-Secrets-Token': local.token }
      const reply = await fetch(local.url + '/secretsmanager/get?secretId=db', { headers })
      const { SecretString, SecretBinary } = await reply.json()
      return SecretString ?? SecretBinary
    }
    const seen = [await read()]
    local.rotate('db', { user: 'x' })
    seen.push(await read())
    local.rotate('db', Uint8Array.of(1, 2))
    seen.push(await read())
    local.fault({ name: 'db' }, { kind: 'error', code: 'AccessDeniedException' }, 1)
    seen.push((await fetch(local.url + '/secretsmanager/get?secretId=db', { headers: { 'X-Aws-Parameters-Secrets-Token': local.token } })).headers.get('X-Amzn-ErrorType'))
    const refused = await startLocal({ seed: '/no/such/seed.json' }).catch((error) => error.message)
    await local.stop()
    process.stdout.write(JSON.stringify({ seen, refused }))`,
  )
  const output = spawnSync(
    process.execPath,
    ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'realm.mjs'],
    { cwd: folder, encoding: 'utf8', timeout: 30_000 },
  )
  assert.equal(output.stderr, '')
  assert.deepEqual(JSON.parse(output.stdout), {
    seen: ['first', '{"user":"x"}', 'AQI=', 'AccessDeniedException'],
    refused: "/no/such/seed.json: ENOENT: no such file or directory, open '/no/such/seed.json'",
  })
})

test('a bad seed is refused with its place', async () => {
  await assert.rejects(startLocal({ seed: { secrets: { db: {} } } }), /secrets\["db"\]/)
})
