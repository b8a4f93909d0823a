import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import test from 'node:test'
import {
  failureOf,
  directoryOf,
  isGone,
  lambda,
  nextAs,
  nodeExtension,
  played,
  registerAs,
  wellBehaved,
} from './testing.ts'

test('SHUTDOWN comes without a JSON content type or an event identifier, with reason and deadline', async (t) => {
  const host = await lambda(t, { extensions: [played], shutdownTimeoutMs: 400 })
  const next = nextAs(host, await registerAs(host, 'played', ['SHUTDOWN']))
  await host.initialized()
  const before = Date.now()
  const down = host.shutdown()
  const { status, headers, body } = await next
  const { deadlineMs, ...event } = JSON.parse(body)
  assert.equal(status, 200)
  assert.equal(headers['content-type'], 'text/plain; charset=utf-8')
  assert.equal(headers['lambda-extension-event-identifier'], undefined)
  assert.deepEqual(event, { eventType: 'SHUTDOWN', shutdownReason: 'spindown' })
  assert.ok(deadlineMs >= before + 400 && deadlineMs <= Date.now() + 400)
  await down
})

test('an extension that exits within the deadline is not killed', async (t) => {
  const host = await lambda(t, { extensionsDir: directoryOf(t, { 'x.mjs': wellBehaved }) })
  await host.initialized()
  const report = await host.shutdown()
  assert.deepEqual([report.exitCode, report.signal, report.killed], [0, null, false])
  assert.ok(report.tookMs > 0)
  assert.equal(report.extensions.length, 1)
  assert.equal(host.crashed(), undefined)
  assert.equal(await host.shutdown('failure'), report)
})

test('an extension that hangs is killed with its whole group at the deadline', async (t) => {
  const hanging = nodeExtension(`
    const { spawn } = await import('node:child_process')
    process.on('SIGTERM', () => print('SIGTERM'))
    print(spawn('/bin/sleep', ['600']).pid)
    await register(['SHUTDOWN'])
    print((await next()).shutdownReason)
    setInterval(() => {}, 1000)
  `)
  const host = await lambda(t, {
    extensionsDir: directoryOf(t, { 'x.mjs': hanging }),
    shutdownTimeoutMs: 300,
  })
  await host.initialized()
  const report = await host.shutdown('failure')
  assert.deepEqual([report.exitCode, report.signal, report.killed], [null, 'SIGKILL', true])
  assert.ok(report.tookMs >= 300)
  const [grandchild, ...rest] = host.logs
  assert.deepEqual(rest, ['"failure"'])
  while (!isGone(Number(grandchild))) await new Promise((resolve) => setTimeout(resolve, 5))
})

test('an extension that did not register for SHUTDOWN is killed at once', async (t) => {
  const host = await lambda(t, { extensions: [played] })
  const next = nextAs(host, await registerAs(host, 'played', []))
  await host.initialized()
  const report = await host.shutdown()
  assert.deepEqual([report.signal, report.killed], ['SIGKILL', true])
  await host.close()
  await assert.rejects(next)
})

test('SHUTDOWN waits for an extension that is not at next', async (t) => {
  const host = await lambda(t, { extensions: [played] })
  const id = await registerAs(host, 'played', ['INVOKE', 'SHUTDOWN'])
  const first = nextAs(host, id)
  await host.initialized()
  const invoked = failureOf(host.invoke())
  await first
  const down = host.shutdown()
  assert.equal((await invoked).errorType, 'Sandbox.Shutdown')
  assert.equal(JSON.parse((await nextAs(host, id)).body).eventType, 'SHUTDOWN')
  process.kill(host.pids[0] ?? 0, 'SIGTERM')
  const { signal, killed } = await down
  assert.deepEqual([signal, killed], ['SIGTERM', false])
})

test('close leaves no process and no listener, in the middle of init too', async (t) => {
  const host = await lambda(t, {
    extensions: [played],
    extensionsDir: directoryOf(t, { 'x.mjs': wellBehaved }),
  })
  const initialized = failureOf(host.initialized())
  const { pids } = host
  assert.equal(pids.length, 2)
  await host.close()
  assert.equal((await initialized).errorType, 'Sandbox.Shutdown')
  assert.ok(pids.every(isGone))
  await assert.rejects(registerAs(host, 'played', []), { code: 'ECONNREFUSED' })
  await host.close()
})

for (const how of ['SIGTERM', 'exit'] as const) {
  test(`a program that ends by ${how} without closing its host leaves no extension`, async () => {
    const program = `
      const { startLambda } = await import(${JSON.stringify(new URL('index.ts', import.meta.url).href)})
      const host = await startLambda({ extensions: [{ name: 'x', command: ['/bin/sleep', '600'] }] })
      process.stdout.write(JSON.stringify(host.pids[0]))
      ${how === 'exit' ? 'process.exit(0)' : ''}
    `
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const exited = once(child, 'exit')
    const [printed] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string]
    if (how === 'SIGTERM') child.kill(how)
    const [, signal] = (await exited) as [number | null, string | null]
    assert.equal(signal, how === 'exit' ? null : how)
    while (!isGone(Number(printed))) await new Promise((resolve) => setTimeout(resolve, 5))
  })
}
