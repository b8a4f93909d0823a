import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { freePort } from '../testing/artefact.ts'

// The launcher as a user runs it, from source, around the bundle that `npm test` has just built.

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const START = fileURLToPath(new URL('start.ts', import.meta.url))

interface Started {
  readonly process: ChildProcess
  output(): string
  /** Resolves once the output matches, or rejects when the launcher ends before. */
  until(pattern: RegExp): Promise<void>
  /** Resolves with the exit code. */
  ended(): Promise<number | null>
}

function start(t: TestContext, args: string[], env: Record<string, string> = {}): Started {
  const inherited = { ...process.env }
  delete inherited.AWS_SESSION_TOKEN
  const child = spawn(process.execPath, [START, ...args], { cwd: ROOT, env: { ...inherited, ...env } })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const exit = once(child, 'exit').then(([code]) => code as number | null)
  // In order, or the extension, which never ends by itself, would stay.
  t.after(async () => {
    child.kill('SIGTERM')
    await exit
  })
  return {
    process: child,
    output: () => output,
    ended: () => exit,
    async until(pattern) {
      while (!pattern.test(output)) {
        if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}: ${output}`)
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    },
  }
}

async function ask(port: number, path: string, token = 'local-token'): Promise<Response> {
  const headers = { 'X-Aws-Parameters-Secrets-Token': token, connection: 'close' }
  return fetch(`http://localhost:${port}${path}`, { headers })
}

test('each curl line that npm start prints is answered 200 with the token in it', async (t) => {
  const port = await freePort()
  const local = start(t, ['--port', String(port)])
  await local.until(/Ctrl-C stops[^]*\n\n/)
  const lines = [...local.output().matchAll(/curl -H "X-Aws-Parameters-Secrets-Token: (.*?)" '(.*?)'/g)]
  assert.ok(lines.length >= 7)
  for (const [, token, url] of lines) {
    const { pathname, search } = new URL(url!)
    const reply = await ask(port, pathname + search, token)
    assert.equal(reply.status, 200, url)
    await reply.arrayBuffer()
  }
})

test('Ctrl-C shuts the extension down in order, and the launcher ends with 0', async (t) => {
  const port = await freePort()
  const local = start(t, ['--port', String(port)])
  await local.until(/Ctrl-C stops/)
  local.process.kill('SIGINT')
  assert.equal(await local.ended(), 0)
  assert.match(local.output(), /INFO shutting down \(spindown\): 0 hits, 0 misses/)
})

test('a seed file of the user’s own is served', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'seed-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const seed = join(folder, 'mine.json')
  writeFileSync(seed, JSON.stringify({ parameters: { '/mine': { value: 'its value' } } }))
  const port = await freePort()
  const local = start(t, ['--port', String(port), '--seed', seed])
  await local.until(/Ctrl-C stops/)
  const reply = await ask(port, '/systemsmanager/parameters/get?name=/mine')
  const body = (await reply.json()) as { Parameter: { Value: string } }
  assert.equal(body.Parameter.Value, 'its value')
})

test('AWS_SESSION_TOKEN, where the user has set it, is the token, and is not printed', async (t) => {
  const port = await freePort()
  const local = start(t, ['--port', String(port)], { AWS_SESSION_TOKEN: 'a-token-of-my-own' })
  await local.until(/Ctrl-C stops[^]*\n\n/)
  const path = '/secretsmanager/get?secretId=MySecret'
  assert.equal((await ask(port, path, 'a-token-of-my-own')).status, 200)
  assert.equal((await ask(port, path)).status, 401)
  assert.doesNotMatch(local.output(), /a-token-of-my-own/)
})

test('a port in use, a bad option and a seed that is not there each end with a sentence and code 1', async (t) => {
  const port = await freePort()
  const other = createServer().listen(port, '127.0.0.1')
  await once(other, 'listening')
  t.after(() => other.close())
  const cases: [string[], RegExp][] = [
    [['--port', String(port)], /npm start: port \d+ is in use; choose another/],
    [['--port', 'x'], /npm start: --port must be a number from 1 to 65535, got "x"/],
    [['--prot', '1'], /npm start: Unknown option '--prot'/],
    [['--seed', 'no-such-file.json', '--port', String(await freePort())], /npm start: .*no-such-file\.json/],
  ]
  for (const [args, message] of cases) {
    const local = start(t, args)
    assert.equal(await local.ended(), 1, args.join(' '))
    assert.match(local.output(), message)
  }
})

test('--help names every option', async (t) => {
  const local = start(t, ['--help'])
  assert.equal(await local.ended(), 0)
  for (const option of ['--seed FILE', '--port N', '--aws', '--help']) {
    assert.ok(local.output().includes(option), option)
  }
})

test('--aws hands the credentials and region of the user’s own profile to the bundle', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'profile-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(
    join(folder, 'credentials'),
    '[mine]\naws_access_key_id=AKMINE\naws_secret_access_key=SKMINE\n',
  )
  writeFileSync(join(folder, 'config'), '[profile mine]\nregion=eu-west-3\n')
  const { startAws } = await import('../emulators/aws/server.ts')
  const aws = await startAws({
    seed: { secrets: { mine: { value: 'from the profile' } } },
    region: 'eu-west-3',
    credentials: { accessKeyId: 'AKMINE', secretAccessKey: 'SKMINE' },
  })
  t.after(() => aws.close())
  const port = await freePort()
  const local = start(t, ['--aws', '--port', String(port)], {
    AWS_PROFILE: 'mine',
    AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials'),
    AWS_CONFIG_FILE: join(folder, 'config'),
    AWS_ENDPOINT_URL: aws.url,
  })
  await local.until(/Serving the real AWS/)
  const reply = await ask(port, '/secretsmanager/get?secretId=mine')
  assert.equal(reply.status, 200)
  assert.equal(((await reply.json()) as { SecretString: string }).SecretString, 'from the profile')
  assert.doesNotMatch(local.output(), /SKMINE/)
})
