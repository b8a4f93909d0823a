import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { LOCAL_CREDENTIALS } from '../../local/emulators/aws/server.ts'
import { artefactName, startExtension } from '../artefact.ts'
import { freePort } from '../../tools/free-port.ts'
import { exchange, type Reply } from '../../tools/wire.ts'

const SECRET = '/secretsmanager/get?secretId=dummy-string-secret'

test("the function's own initialisation is served, before and without any invoke", async (t) => {
  const port = await freePort()
  const token = LOCAL_CREDENTIALS.sessionToken
  let reply: Reply | undefined
  const functionInit = async (): Promise<void> => {
    const head = `Host: localhost:${port}\r\nX-Aws-Parameters-Secrets-Token: ${token}\r\n\r\n`
    reply = (await exchange(port, `GET ${SECRET} HTTP/1.1\r\n${head}`))[0]
  }
  await startExtension(t, { port, lambda: { functionInit } })
  assert.equal(reply?.status, 200)
})

test('it listens before it registers, so no caller can come too early', async (t) => {
  const extension = await startExtension(t, {
    until: 'launched',
    lambda: { faults: { registerStatus: 500 } },
  })
  await extension.logged(/register failed/)
  assert.equal((await extension.get(SECRET)).status, 200)
  extension.lambda.faults.registerStatus = undefined
  await extension.lambda.initialized()
})

for (const registerStatus of [400, 403, 500] as const) {
  test(`a register answered with ${registerStatus} is asked again, and nobody is left unserved`, async (t) => {
    const faults = { registerStatus: registerStatus }
    const extension = await startExtension(t, { until: 'launched', lambda: { faults } })
    const line = await extension.logged(/register failed/)
    assert.match(line, new RegExp(`ERROR Extensions API: register failed: ${registerStatus} `))
    assert.equal((await extension.get(SECRET)).status, 200)
    extension.lambda.faults.registerStatus = undefined
    await extension.lambda.initialized()
    const { result } = await extension.lambda.invoke(() => extension.get(SECRET))
    assert.equal(result.status, 200)
  })
}

test('at DEBUG one line has what each phase of the start took, and at INFO none has', async (t) => {
  const line = /Start, ms of each phase \(and since the process began\): (.*)$/
  const env = { PARAMETERS_SECRETS_EXTENSION_LOG_LEVEL: 'DEBUG' }
  const extension = await startExtension(t, { env, lambda: { memorySizeMb: 1_769 } })
  for (let i = 0; i < 3; i++) await extension.get(SECRET)
  const [, phases = ''] = line.exec(await extension.logged(line)) ?? []
  const parts = phases
    .split(', ')
    .map((part) => /^(\D+) ([\d.]+) \(([\d.]+)\)$/.exec(part)?.slice(1) ?? [part])
  const [names, own, since] = [0, 1, 2].map((i) => parts.map((part) => part[i]))
  // In the nodejs layer a program before Node listens and registers.
  const phaseNames = names!.map((name) => name?.replace(/ (sent )?by the starter$/, ''))
  assert.deepEqual(phaseNames, ['runtime', 'listen', 'register', 'next', 'first read'])
  const sums = own!.slice(0, 4).map((_, i) => own!.slice(0, i + 1).reduce((sum, ms) => sum + Number(ms), 0))
  for (const [i, sum] of sums.entries()) assert.ok(Math.abs(sum - Number(since![i])) < 0.5, phases)
  assert.ok(Number(since![4]) >= Number(since![3]), phases)
  const quiet = await startExtension(t)
  await quiet.get(SECRET)
  await quiet.stop()
  assert.equal([extension, quiet].flatMap((one) => one.logs()).filter((one) => line.test(one)).length, 1)
})

for (const [memorySizeMb, phases] of [
  [128, ['register', 'warm-up', 'next']],
  [884, ['register', 'warm-up', 'next']],
  [885, ['register', 'next']],
] as const) {
  const waits = phases.length === 3 ? 'waits' : 'does not wait'
  test(`INIT ${waits} for the warm-up in a function of ${memorySizeMb} MB`, async (t) => {
    const env = { PARAMETERS_SECRETS_EXTENSION_LOG_LEVEL: 'DEBUG' }
    const extension = await startExtension(t, { env, lambda: { memorySizeMb } })
    assert.equal((await extension.get(SECRET)).status, 200)
    const line = await extension.logged(/Start, ms of each phase/)
    const seen = [...line.matchAll(/(register|warm-up|next)[a-z ]* [\d.]+ \([\d.]+\)/g)].map(
      ([, name]) => name,
    )
    assert.deepEqual(seen, phases)
  })
}

test('it registers for SHUTDOWN alone, so that it adds nothing to an invoke', async (t) => {
  const { lambda } = await startExtension(t)
  const { extensions } = await lambda.initialized()
  assert.deepEqual(
    extensions.map(({ events }) => events),
    [['SHUTDOWN']],
  )
})

/** Holds a port on one address until closed. */
async function occupy(port: number, host: string): Promise<Server> {
  const server = createServer()
  server.listen({ port, host })
  await once(server, 'listening')
  return server
}

test('a port in use is logged, the function lives, and the port is taken once it is free', async (t) => {
  const port = await freePort()
  const holders = [await occupy(port, '127.0.0.1'), await occupy(port, '::1')]
  const extension = await startExtension(t, { port })
  const line = await extension.logged(/cannot listen/)
  assert.match(line, new RegExp(`ERROR cannot listen on port ${port} of \\S+: EADDRINUSE`))
  assert.ok(
    !extension.logs().some((one) => one.endsWith(`Serving on port ${port}`)),
    'it does not claim to serve',
  )
  const { result } = await extension.lambda.invoke(async () => 'the function answers')
  assert.equal(result, 'the function answers')

  for (const holder of holders) holder.close()
  await extension.logged(new RegExp(`Serving on port ${port} of 127\\.0\\.0\\.1`))
  assert.equal((await extension.get(SECRET)).status, 200)
})

test('a port that never becomes free still ends in a clean shutdown, and the process that has it gets no request', async (t) => {
  const port = await freePort()
  const holder = await occupy(port, '127.0.0.1')
  t.after(() => holder.close())
  holder.on('connection', () => assert.fail('the holder of the port got a request'))
  const extension = await startExtension(t, { port })
  await extension.logged(/cannot listen/)
  const { exitCode, killed } = await extension.stop()
  assert.deepEqual({ exitCode, killed }, { exitCode: 0, killed: false })
})

test('its own requests before the first of the function are neither counted nor logged', async (t) => {
  const extension = await startExtension(t, { env: { PARAMETERS_SECRETS_EXTENSION_LOG_LEVEL: 'debug' } })
  await extension.lambda.invoke(() => sleep(300))
  await extension.stop()
  const lines = extension
    .logs()
    .map((line) => line.replace(/^.*\d\d:\d\d:\d\d /, ''))
    .filter((line) => !line.startsWith('DEBUG Code that V8 compiled earlier'))
  assert.match(lines.at(-1)!, /: 0 hits, 0 misses, 0 coalesced, 0 evictions$/)
  assert.match(lines.at(-2)!, /^DEBUG Start, .* next [\d.]+ \([\d.]+\)$/)
  assert.equal(lines.at(-3), 'INFO ready to serve traffic')
})

test('without a token nobody is served, and the function lives', async (t) => {
  const credentials = { ...LOCAL_CREDENTIALS, sessionToken: '' }
  const extension = await startExtension(t, { lambda: { credentials } })
  await extension.logged(/ERROR AWS_SESSION_TOKEN is not present/)
  await extension.lambda.invoke(() => sleep(300))
  assert.ok(!extension.logs().some((line) => /were refused/.test(line)), 'it has not refused itself')
  for (const presented of [undefined, '', 'undefined', 'null']) {
    const reply = await extension.get(SECRET, { 'X-Aws-Parameters-Secrets-Token': presented })
    assert.equal(reply.status, 401)
  }
  assert.equal((await extension.get('/ping')).status, 200)
  assert.equal(extension.aws.calls(), 0)
  await extension.lambda.invoke()
})

// Each takes time from every first secret, and a harmless-looking name loads it: `performance`, for one.
const UNNEEDED = [
  'child_process',
  'cluster',
  'internal/deps/undici/undici',
  'internal/webstreams/readablestream',
  'perf_hooks',
  'timers/promises',
  'worker_threads',
  'zlib',
]

for (const [when, afterMs] of [
  ['is requested at once', 0],
  ['is requested after the warm-up', 1_000],
] as const) {
  if (!artefactName().startsWith('dist/')) break
  test(`where a first secret ${when}, Node has loaded nothing that only other work needs`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'loaded-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const [hook, list] = [join(folder, 'hook.cjs'), join(folder, 'list.json')]
    writeFileSync(
      hook,
      `process.once('exit', () => require('node:fs').writeFileSync(${JSON.stringify(list)}, JSON.stringify(process.moduleLoadList)))`,
    )
    const extension = await startExtension(t, { env: { NODE_OPTIONS: `--require ${hook}` } })
    await sleep(afterMs)
    assert.equal((await extension.get(SECRET)).status, 200)
    await extension.stop()
    const loaded = new Set(JSON.parse(readFileSync(list, 'utf8')) as string[])
    assert.ok(loaded.has('NativeModule https'))
    assert.deepEqual(
      UNNEEDED.filter((name) => loaded.has(`NativeModule ${name}`)),
      [],
    )
  })
}
