// The image and the compose file of layer/samples/compose: by Docker where an engine runs, and everywhere by their
// steps.

import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { servingPort } from './serving-port.ts'

interface Service {
  readonly build?: { readonly context: string; readonly dockerfile: string }
  readonly command: readonly string[]
  readonly network_mode?: string
  readonly volumes: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly healthcheck?: { readonly test: readonly string[] }
}

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const COMPOSE = join(ROOT, 'layer/samples/compose')
const { secrets, function: asker } = (
  parse(readFileSync(join(COMPOSE, 'compose.yaml'), 'utf8')) as { services: Record<string, Service> }
).services as { secrets: Service; function: Service }
const CONTEXT = resolve(COMPOSE, secrets.build?.context ?? '')
const dockerfile = readFileSync(resolve(CONTEXT, secrets.build?.dockerfile ?? ''), 'utf8')
const instructions = [...dockerfile.matchAll(/^([A-Z]+) (.*)$/gm)].map(([, name = '', text = '']) => ({
  name,
  text,
}))

const ANSWER = { secretLength: 'what the seed holds'.length, parameterVersion: 1 }

function buildPackage(): void {
  execFileSync(process.execPath, [join(ROOT, 'build.mjs'), '--quiet', '--package'], { stdio: 'inherit' })
}

/** A folder with what the image has, and what the services mount, at the same paths. */
function imageIn(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'image '))
  t.after(() => rmSync(folder, { recursive: true }))
  const put = (from: string, to: string): void => {
    mkdirSync(dirname(join(folder, to)), { recursive: true })
    cpSync(from, join(folder, to), { recursive: true })
  }
  for (const { name, text } of instructions) {
    assert.match(name, /^(FROM|COPY|USER|ENTRYPOINT|CMD)$/, `${name} is a step that this test does not make`)
    const [from = '', to = ''] = text.split(' ')
    if (name === 'COPY') put(resolve(CONTEXT, from), to)
  }
  for (const volume of [...secrets.volumes, ...asker.volumes]) {
    const [from = '', to = ''] = volume.split(':')
    put(resolve(COMPOSE, from), to)
  }
  return folder
}

/** Starts ENTRYPOINT with these arguments, on a free port. Resolves with the port. */
async function start(t: TestContext, folder: string, args: readonly string[]): Promise<number> {
  const entry = listOf('ENTRYPOINT')
  const inFolder = (text: string) => (text.startsWith('/') ? join(folder, text) : text)
  const [program, ...rest] = [...entry, ...args].map(inFolder)
  assert.equal(program, 'node')
  const child = spawn(process.execPath, [...rest, '--port', '0'], { env: {} })
  const ended = once(child, 'exit')
  t.after(async () => {
    child.kill('SIGTERM')
    await ended
  })
  return servingPort(child.stdout)
}

function listOf(name: string): string[] {
  return JSON.parse(instructions.find((one) => one.name === name)?.text ?? '[]') as string[]
}

test('the steps of the image and of the compose file give a function its secret, at localhost', async (t) => {
  buildPackage()
  const folder = imageIn(t)
  assert.equal(asker.network_mode, 'service:secrets')
  const port = await start(t, folder, secrets.command)
  const [, , ...check] = secrets.healthcheck!.test
  const here = check.map((text) => text.replace('localhost:2773', `localhost:${port}`))
  assert.equal(spawnSync(process.execPath, here).status, 0)
  assert.notEqual(
    spawnSync(
      process.execPath,
      check.map((text) => text.replace('2773', '1')),
    ).status,
    0,
  )

  const [handler = ''] = asker.command
  const file = join(folder, '/var/task', `${handler.split('.')[0]}.mjs`)
  const call = `const { handler } = await import(${JSON.stringify(file)}); process.stdout.write(JSON.stringify(await handler()))`
  const env = { ...asker.environment, PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: String(port) }
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', call], {
    env,
    encoding: 'utf8',
  })
  assert.deepEqual(JSON.parse(output), ANSWER)
})

test('the image by itself serves its own seed', async (t) => {
  const port = await start(t, imageIn(t), listOf('CMD'))
  const reply = await fetch(`http://localhost:${port}/secretsmanager/get?secretId=MySecret`, {
    headers: { 'X-Aws-Parameters-Secrets-Token': 'local-token' },
  })
  assert.equal(reply.status, 200)
})

// An engine, not only its client.
if (spawnSync('docker', ['compose', 'version']).status === 0 && spawnSync('docker', ['info']).status === 0) {
  test('Docker builds the image, and the function in its container gets its secret', async (t) => {
    buildPackage()
    const compose = (...args: string[]) =>
      execFileSync('docker', ['compose', '-f', join(COMPOSE, 'compose.yaml'), ...args], { stdio: 'inherit' })
    t.after(() => compose('down', '--rmi', 'local'))
    compose('up', '--build', '--detach', '--wait')
    const reply = await fetch('http://localhost:9000/2015-03-31/functions/function/invocations', {
      method: 'POST',
      body: '{}',
    })
    assert.deepEqual(await reply.json(), ANSWER)
  })
}
