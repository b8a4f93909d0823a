import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { ask, directoryOf, failureOf, lambda, nodeExtension, wellBehaved } from './testing.ts'

const counting = nodeExtension(`
  setInterval(() => print('tick'), 1)
  await register(['SHUTDOWN'])
  await next()
  process.exit(0)
`)

function stateOf(pid = 0): string | undefined {
  return /^State:\s+(\S)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
}

test('freeze stops the process for real, and thaw lets it go on', async (t) => {
  const host = await lambda(t, { extensionsDir: directoryOf(t, { 'x.mjs': counting }) })
  await host.initialized()
  await host.freeze()
  assert.equal(stateOf(host.pids[0]), 'T')
  // What was written before is still on its way to us.
  await new Promise((resolve) => setTimeout(resolve, 20))
  const lines = host.logs.length
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.equal(host.logs.length, lines)
  host.thaw()
  while (host.logs.length === lines) await new Promise((resolve) => setTimeout(resolve, 5))
  assert.notEqual(stateOf(host.pids[0]), 'T')
})

test('an invoke thaws, and so does shutdown', async (t) => {
  const host = await lambda(t, { extensionsDir: directoryOf(t, { 'x.mjs': counting }) })
  await host.initialized()
  await host.freeze()
  const { result } = await host.invoke(async () => stateOf(host.pids[0]))
  assert.notEqual(result, 'T')
  await host.freeze()
  const { exitCode, killed } = await host.shutdown()
  assert.deepEqual([exitCode, killed], [0, false])
})

test('a thaw that overtakes a freeze ends it', async (t) => {
  const host = await lambda(t, { extensionsDir: directoryOf(t, { 'x.mjs': counting }) })
  await host.initialized()
  const frozen = host.freeze()
  host.thaw()
  await frozen
  await host.invoke()
})

test('a frozen environment can be closed', async (t) => {
  const host = await lambda(t, { extensionsDir: directoryOf(t, { 'x.mjs': counting }) })
  await host.initialized()
  await host.freeze()
  await host.close()
})

const snapped = { accessKeyId: 'AK', secretAccessKey: 'SK', sessionToken: 'before' }

test('under SnapStart credentials come from the container endpoint, to those who show the token', async (t) => {
  const directory = directoryOf(t, {
    'x.mjs': nodeExtension(`
      print(Object.keys(process.env).filter((name) => /ACCESS_KEY|SESSION_TOKEN/.test(name)))
      const url = process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI
      const headers = { Authorization: process.env.AWS_CONTAINER_AUTHORIZATION_TOKEN }
      print(await (await fetch(url, { headers })).json())
      await register(['SHUTDOWN'])
      await next()
    `),
  })
  const host = await lambda(t, { mode: 'snap-start', extensionsDir: directory, credentials: snapped })
  await host.initialized()
  assert.equal(host.logs[0], '[]')
  assert.deepEqual(JSON.parse(host.logs[1] ?? ''), {
    AccessKeyId: 'AK',
    SecretAccessKey: 'SK',
    Token: 'before',
    Expiration: '0001-01-01T00:00:00Z',
  })
  assert.equal(host.credentialReads, 1)
  assert.equal(host.environment.AWS_LAMBDA_INITIALIZATION_TYPE, 'snap-start')
})

test('the credentials endpoint answers as text, and a wrong token or none gets 404', async (t) => {
  const host = await lambda(t, {
    mode: 'snap-start',
    credentials: { ...snapped, expiration: '2030-01-01T00:00:00Z' },
  })
  const { AWS_CONTAINER_CREDENTIALS_FULL_URI: uri = '', AWS_CONTAINER_AUTHORIZATION_TOKEN: token = '' } =
    host.environment
  assert.equal(uri, `http://${host.runtimeApi}/2021-04-23/credentials`)
  const path = new URL(uri).pathname
  const good = await ask(host, 'GET', path, { Authorization: token })
  assert.deepEqual([good.status, good.headers['content-type']], [200, 'text/plain'])
  assert.equal(JSON.parse(good.body).Expiration, '2030-01-01T00:00:00Z')
  for (const headers of [{}, { Authorization: 'wrong' }, { Authorization: `Bearer ${token}` }]) {
    const bad = await ask(host, 'GET', path, headers)
    assert.deepEqual([bad.status, bad.body], [404, 'cannot get credentials for the provided token'])
  }
})

test('a restore thaws the snapshot with other credentials behind the same token', async (t) => {
  const directory = directoryOf(t, { 'x.mjs': counting })
  const host = await lambda(t, { mode: 'snap-start', extensionsDir: directory, credentials: snapped })
  await host.initialized()
  const token = host.environment.AWS_CONTAINER_AUTHORIZATION_TOKEN ?? ''
  await host.freeze()
  host.restore({ ...snapped, sessionToken: 'after' })
  assert.notEqual(stateOf(host.pids[0]), 'T')
  const answer = await ask(host, 'GET', '/2021-04-23/credentials', { Authorization: token })
  assert.equal(JSON.parse(answer.body).Token, 'after')
  await host.invoke()
})

test('only SnapStart restores, and credentials in variables cannot rotate', async (t) => {
  const host = await lambda(t, {})
  assert.throws(() => host.restore(), /snap-start/)
  assert.throws(() => host.rotateCredentials(snapped), /endpoint/)
})

test('Managed Instances refuse INVOKE, and the extension that cannot live without it fails init', async (t) => {
  const directory = directoryOf(t, {
    'x.mjs': nodeExtension(`
      const { status, text } = await register(['INVOKE', 'SHUTDOWN'])
      print([status, text])
      process.exit(1)
    `),
  })
  const host = await lambda(t, { mode: 'lambda-managed-instances', extensionsDir: directory })
  const failure = await failureOf(host.initialized())
  assert.deepEqual([failure.errorType, failure.extension], ['FunctionError.ExtensionInitError', 'x.mjs'])
  await host.shutdown()
  const [status, text] = JSON.parse(host.logs[0] ?? '') as [number, string]
  assert.equal(status, 403)
  assert.match(text, /"errorType":"Extension.InvalidEventType"/)
})

test('Managed Instances accept SHUTDOWN, run invocations at once, and never freeze', async (t) => {
  const host = await lambda(t, {
    mode: 'lambda-managed-instances',
    extensionsDir: directoryOf(t, { 'x.mjs': wellBehaved }),
    functionTimeoutMs: 1,
  })
  let running = 0
  let most = 0
  const work = async (): Promise<void> => {
    most = Math.max(most, ++running)
    await new Promise((resolve) => setTimeout(resolve, 20))
    running -= 1
  }
  await Promise.all(Array.from({ length: 64 }, () => host.invoke(work)))
  assert.equal(most, 64)
  await assert.rejects(host.freeze(), /never frozen/)
  assert.equal(host.environment.AWS_LAMBDA_INITIALIZATION_TYPE, 'lambda-managed-instances')
})

test('credentials can be put behind the container endpoint in any mode', async (t) => {
  const host = await lambda(t, {
    mode: 'lambda-managed-instances',
    containerCredentials: true,
    credentials: snapped,
  })
  host.rotateCredentials({ ...snapped, sessionToken: 'rotated' })
  const token = host.environment.AWS_CONTAINER_AUTHORIZATION_TOKEN ?? ''
  const answer = await ask(host, 'GET', '/2021-04-23/credentials', { Authorization: token })
  assert.equal(JSON.parse(answer.body).Token, 'rotated')
  assert.equal(host.environment.AWS_SESSION_TOKEN, undefined)
})
