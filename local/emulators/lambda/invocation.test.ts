import assert from 'node:assert/strict'
import test from 'node:test'
import {
  directoryOf,
  failureOf,
  isGone,
  lambda,
  nextAs,
  nodeExtension,
  played,
  registerAs,
  wellBehaved,
} from './testing.ts'

test('an invoke gives back what the function did, and its failure leaves the environment alive', async (t) => {
  const host = await lambda(t, { extensionsDir: directoryOf(t, { 'x.mjs': wellBehaved }) })
  const report = await host.invoke(async ({ requestId }) => `done ${requestId}`)
  assert.equal(report.result, `done ${report.requestId}`)
  assert.ok(report.tookMs >= report.respondedMs)
  await assert.rejects(
    host.invoke(() => Promise.reject(new Error('of the function'))),
    /of the function/,
  )
  assert.equal((await host.invoke(async () => 7)).result, 7)
  assert.equal(host.crashed(), undefined)
})

test('an INVOKE subscriber gets the event and is waited for', async (t) => {
  const host = await lambda(t, {
    extensions: [played],
    functionName: 'f',
    region: 'eu-west-1',
    accountId: '1',
  })
  const id = await registerAs(host, 'played', ['INVOKE'])
  const first = nextAs(host, id)
  await host.initialized()
  let isOver = false
  const invoked = host.invoke(async () => 'answered').finally(() => (isOver = true))
  const { status, headers, body } = await first
  const event = JSON.parse(body)
  assert.deepEqual([status, headers['content-type']], [200, 'application/json'])
  assert.match(String(headers['lambda-extension-event-identifier']), /^[0-9a-f-]{36}$/)
  assert.equal(event.eventType, 'INVOKE')
  assert.equal(event.invokedFunctionArn, 'arn:aws:lambda:eu-west-1:1:function:f')
  assert.equal(event.tracing.type, 'X-Amzn-Trace-Id')
  assert.ok(Number.isInteger(event.deadlineMs) && event.deadlineMs > Date.now())
  assert.equal(isOver, false)
  const second = nextAs(host, id)
  assert.equal((await invoked).requestId, event.requestId)
  await host.close()
  await second.catch(() => {})
})

test('a subscriber of SHUTDOWN alone gets no INVOKE, and is not waited for', async (t) => {
  const once = nodeExtension(`
    await register(['SHUTDOWN'])
    print((await next()).eventType)
  `)
  const host = await lambda(t, { extensionsDir: directoryOf(t, { 'x.mjs': once }) })
  await host.invoke()
  await host.invoke()
  await host.shutdown()
  assert.deepEqual(host.logs, ['"SHUTDOWN"'])
})

test('one invocation runs at a time', async (t) => {
  const host = await lambda(t, {})
  await host.initialized()
  const first = host.invoke(() => new Promise((resolve) => setTimeout(resolve, 50)))
  await assert.rejects(host.invoke(), /one invocation at a time/)
  await first
})

test('an exit with code 0 between invokes is a crash that the next invoke reports', async (t) => {
  const leaving = nodeExtension(`
    process.on('SIGUSR1', () => process.exit(0))
    await register(['SHUTDOWN'])
    await next()
  `)
  const host = await lambda(t, { extensionsDir: directoryOf(t, { 'a.mjs': leaving, 'b.mjs': wellBehaved }) })
  await host.invoke()
  process.kill(host.pids[0] ?? 0, 'SIGUSR1')
  await host.whenFailed()
  let ran = false
  const failure = await failureOf(host.invoke(async () => (ran = true)))
  assert.equal(failure.errorType, 'Extension.Crash')
  assert.match(failure.message, /^RequestId: [0-9a-f-]{36} Error: exit code 0$/)
  assert.equal(ran, false)
  const report = await host.shutdown()
  assert.deepEqual(
    report.extensions.map(({ name, exitCode, killed }) => ({ name, exitCode, killed })),
    [
      { name: 'a.mjs', exitCode: 0, killed: false },
      { name: 'b.mjs', exitCode: 0, killed: false },
    ],
  )
})

test('a crash during an invoke rejects it at once', async (t) => {
  const host = await lambda(t, { extensionsDir: directoryOf(t, { 'x.mjs': wellBehaved }) })
  await host.initialized()
  const invoked = host.invoke(async () => {
    process.kill(host.pids[0] ?? 0, 'SIGKILL')
    await new Promise(() => {})
  })
  assert.match((await failureOf(invoked)).message, /Error: signal: SIGKILL$/)
})

test('a function over its time limit ends the environment with the reason timeout', async (t) => {
  const telling = nodeExtension(`
    await register(['SHUTDOWN'])
    print((await next()).shutdownReason)
  `)
  const directory = directoryOf(t, { 'x.mjs': telling })
  const host = await lambda(t, { extensionsDir: directory, functionTimeoutMs: 200 })
  const failure = await failureOf(host.invoke(() => new Promise(() => {})))
  assert.equal(failure.errorType, 'Sandbox.Timedout')
  assert.match(failure.message, /^RequestId: \S+ Error: Task timed out after 0\.20 seconds$/)
  await host.shutdown()
  assert.deepEqual(host.logs, ['"timeout"'])
  assert.ok(host.pids.every(isGone))
})
