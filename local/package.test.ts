// The package as a user gets it: packed, installed into an empty folder, without a network.

import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type * as declared from './package.d.ts'
import { freePort } from '../tools/free-port.ts'
import { servingPort } from './serving-port.ts'
import { startLocal } from './start-local.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const NAME = 'open-parameters-secrets-extension'

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

test('in an empty folder the packed stand-in serves a secret, by npx and in a test of Node', async (t) => {
  const folder = installed(t)
  const { dependencies } = JSON.parse(
    readFileSync(join(folder, `node_modules/${NAME}/package.json`), 'utf8'),
  ) as {
    dependencies?: object
  }
  assert.equal(dependencies, undefined)

  writeFileSync(join(folder, 'seed.json'), '{ "secrets": { "db": "what the seed holds" } }')
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'] }
  const child = spawn('npx', ['--offline', NAME, '--port', '0', '--seed', 'seed.json'], {
    cwd: folder,
    env,
    detached: true,
  })
  // Open for as long as any of them lives: npx, its shell, the stand-in and the extension.
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
  const told = execFileSync(process.execPath, ['test.js'], { cwd: folder, env, encoding: 'utf8' })
  assert.deepEqual(JSON.parse(told), [
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
    const folder = installed(t)
    writeFileSync(join(folder, 'seed.json'), '{ "secrets": { "db": "what the seed holds" } }')
    const guide = readFileSync(join(ROOT, 'docs/local.md'), 'utf8')
    const [, steps = ''] = /### In CI\n[^]*?```sh\n([^]*?)```/.exec(guide) ?? []
    const port = String(await freePort())
    const here = steps.replace('npx', 'npx --offline').replace(' &', ` --port ${port} &`)
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

test('the sample of a unit test is green with the package that is packed', (t) => {
  const folder = installed(t)
  for (const file of ['index.mjs', 'index.test.mjs'])
    copyFileSync(join(ROOT, 'layer/samples/node', file), join(folder, file))
  const told = execFileSync(process.execPath, ['--test', 'index.test.mjs'], {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'] },
    encoding: 'utf8',
  })
  assert.match(told, /pass 3\n.*fail 0\n/)
})

test('what the package declares is what it does, and a bad seed is refused with its place', async () => {
  const asDeclared: typeof declared.startLocal = startLocal
  await assert.rejects(asDeclared({ seed: { secrets: { db: {} } } }), /secrets\["db"\]/)
})
