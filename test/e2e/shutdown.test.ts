import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { differs, type Extension, startExtension } from '../artefact.ts'
import { gate } from '../gate.ts'
import type { Wire } from '../../tools/wire.ts'

const NAME = 'dummy-string-secret'
const SECRET = `/secretsmanager/get?secretId=${NAME}`

async function ask(extension: Extension, target: string): Promise<Wire> {
  const wire = await extension.wire()
  await wire.send(extension.request(target))
  return wire
}

test('a request in flight at SHUTDOWN is answered, then the process leaves', async (t) => {
  const extension = await startExtension(t)
  const { until, release } = gate()
  extension.aws.fault({ name: NAME }, { until })
  const wire = await ask(extension, SECRET)
  await extension.aws.called(NAME)
  const stopped = extension.stop()
  release()
  assert.equal((await wire.receive()).status, 200)
  assert.equal((await wire.closed()).length, 0)
  const { exitCode, killed } = await stopped
  assert.deepEqual({ exitCode, killed }, { exitCode: 0, killed: false })
})

test('an upstream that never answers does not keep the process beyond the deadline', async (t) => {
  const extension = await startExtension(t)
  extension.aws.fault({ name: NAME }, { kind: 'hang' })
  const wire = await ask(extension, SECRET)
  await extension.aws.called(NAME)
  const { exitCode, killed } = await extension.stop()
  assert.deepEqual({ exitCode, killed }, { exitCode: 0, killed: false })
  assert.equal((await wire.closed()).length, 0)
})

test('idle connections, an incomplete request and a client that never reads do not hold up the end', async (t) => {
  const extension = await startExtension(t, { lambda: { shutdownTimeoutMs: 10_000 } })
  const idle = await ask(extension, SECRET)
  await idle.receive()
  const half = await extension.wire()
  await half.send('GET /secretsmanager/get?secr')
  const silent = await extension.wire()
  t.after(() => silent.destroy())
  const { exitCode, killed, tookMs } = await extension.stop()
  assert.deepEqual({ exitCode, killed }, { exitCode: 0, killed: false })
  assert.ok(tookMs < 5_000, `long before the deadline of 10 s, after ${tookMs} ms`)
  const closed = differs('the connection of a client that never wrote is closed')
    ? [idle, half]
    : [idle, half, silent]
  for (const wire of closed) assert.equal((await wire.closed()).length, 0)
})

test('the last line says what the cache did', async (t) => {
  const extension = await startExtension(t)
  await extension.get(SECRET)
  await extension.get(SECRET)
  await extension.stop()
  assert.match(extension.logs().at(-1) ?? '', /INFO shutting down \(spindown\): 1 hits, 1 misses/)
})

// A next that failed is asked again within seconds, which may be later than Lambda's own shutdown deadline.
const PATIENT = { shutdownTimeoutMs: 30_000 }

test('an Extensions API that goes away and comes back is outlived', async (t) => {
  const extension = await startExtension(t, { lambda: PATIENT })
  await extension.lambda.faults.stopApi()
  await extension.logged(/ERROR Extensions API: next failed: 0 \w+/)
  assert.equal((await extension.get(SECRET)).status, 200)
  await extension.lambda.faults.resumeApi()
  assert.equal((await extension.stop()).exitCode, 0)
  assert.ok(extension.logs().some((line) => /INFO Extensions API: next succeeded at attempt/.test(line)))
})

test('a next that is cut off is asked again, at once and without a word where its connection had served before', async (t) => {
  const extension = await startExtension(t, { lambda: PATIENT })
  const { faults } = extension.lambda
  assert.equal(faults.dropNext(), 1)
  do {
    await sleep(20)
    assert.doesNotMatch(extension.logs().join(''), /next failed/)
  } while (faults.dropNext() === 0)
  await extension.logged(/next failed/)
  assert.equal((await extension.get(SECRET)).status, 200)
  assert.equal((await extension.stop()).exitCode, 0)
})

for (const nextStatus of [403, 500] as const) {
  test(`a next answered with ${nextStatus} ends nothing`, async (t) => {
    const extension = await startExtension(t, { lambda: PATIENT })
    extension.lambda.faults.nextStatus = nextStatus
    extension.lambda.faults.dropNext()
    await extension.logged(new RegExp(`next failed: ${nextStatus}`))
    assert.equal((await extension.get(SECRET)).status, 200)
    extension.lambda.faults.nextStatus = undefined
    assert.equal((await extension.stop()).exitCode, 0)
  })
}

test('closed output does not end the process', async (t) => {
  const extension = await startExtension(t, { env: { PARAMETERS_SECRETS_EXTENSION_LOG_LEVEL: 'debug' } })
  extension.lambda.faults.closeOutput()
  for (const target of [SECRET, SECRET, '/secretsmanager/get?secretId=none']) await extension.get(target)
  await extension.lambda.invoke()
  assert.equal((await extension.stop()).exitCode, 0)
})

/** Whether it leaves so soon, in one of five tries: a busy machine may be late, but not early. */
async function leavesWithin(ms: number, tookMs: () => Promise<number>): Promise<void> {
  const took: number[] = []
  do took.push(await tookMs())
  while (took.at(-1)! >= ms && took.length < 5)
  assert.ok(took.at(-1)! < ms, `not within ${ms} ms, but after ${took.join(', ')} ms`)
}

for (const reason of ['timeout', 'failure'] as const) {
  test(`after a ${reason}, whose callers have been killed, it leaves within 200 ms while AWS is silent`, async (t) => {
    await leavesWithin(200, async () => {
      const extension = await startExtension(t)
      extension.aws.fault({}, { kind: 'hang' })
      const runtime = spawn(
        process.execPath,
        [
          '--eval',
          `for (let i = 0; i < 3; i++) {
             require('http').get({ port: ${extension.port}, host: '127.0.0.1', path: '/secretsmanager/get?secretId=lost' + i,
               headers: { 'X-Aws-Parameters-Secrets-Token': process.env.TOKEN } }).on('error', () => {})
           }`,
        ],
        { env: { TOKEN: extension.token }, stdio: 'ignore' },
      )
      for (let i = 0; i < 3; i++) await extension.aws.called(`lost${i}`)
      runtime.kill('SIGKILL')
      await once(runtime, 'exit')
      const { exitCode, killed, tookMs } = await extension.lambda.shutdown(reason)
      assert.deepEqual({ exitCode, killed }, { exitCode: 0, killed: false })
      return tookMs
    })
  })
}

test('at the end of an idle sandbox a caller is waited for, though not for longer than 300 ms', async (t) => {
  await leavesWithin(450, async () => {
    const extension = await startExtension(t)
    extension.aws.fault({ name: NAME }, { kind: 'hang' })
    const wire = await ask(extension, SECRET)
    t.after(() => wire.destroy())
    await extension.aws.called(NAME)
    const { exitCode, killed, tookMs } = await extension.stop()
    assert.deepEqual({ exitCode, killed }, { exitCode: 0, killed: false })
    assert.ok(tookMs >= 290, `it was waited for, after ${tookMs} ms`)
    return tookMs
  })
})

test('an incomplete request with a body is not waited for', async (t) => {
  await leavesWithin(290, async () => {
    const extension = await startExtension(t)
    const sdk = `X-Amz-Target: secretsmanager.GetSecretValue\r\nX-Amz-Security-Token: ${extension.token}\r\n`
    const token = `X-Aws-Parameters-Secrets-Token: ${extension.token}\r\n`
    for (const half of [
      `POST / HTTP/1.1\r\nHost: localhost\r\n${sdk}Content-Length: 100\r\n\r\n{"SecretId":`,
      `POST / HTTP/1.1\r\nHost: localhost\r\n${sdk}Transfer-Encoding: chunked\r\n\r\n5\r\n{"Sec\r\n`,
      `POST / HTTP/1.1\r\nHost: localhost\r\n${sdk}Content-Length: 100\r\n\r\n`,
      `GET ${SECRET} HTTP/1.1\r\nHost: localhost\r\n${token}Content-Length: 100\r\n\r\nhalf`,
    ]) {
      const wire = await extension.wire()
      t.after(() => wire.destroy())
      await wire.send(half)
    }
    assert.equal((await extension.get(SECRET)).status, 200)
    const { exitCode, killed, tookMs } = await extension.stop()
    assert.deepEqual({ exitCode, killed }, { exitCode: 0, killed: false })
    return tookMs
  })
})
