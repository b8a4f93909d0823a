import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import test from 'node:test'
import {
  directoryOf,
  failureOf,
  lambda,
  nextAs,
  nodeExtension,
  played,
  registerAs,
  wellBehaved,
} from './testing.ts'

const two = [
  { ...played, name: 'a' },
  { ...played, name: 'b' },
]

test('the runtime starts when all have registered, and init ends when all have asked for next', async (t) => {
  const order: string[] = []
  const host = await lambda(t, {
    extensions: two,
    functionInit: async () => void order.push('function init'),
  })
  const registered = host.whenRegistered().then(() => order.push('registered'))
  const initialized = host.initialized().then(() => order.push('initialized'))
  const a = await registerAs(host, 'a', ['SHUTDOWN'])
  order.push('a registered')
  const nexts = [nextAs(host, a)]
  const b = await registerAs(host, 'b', ['INVOKE'])
  order.push('b registered')
  await registered
  await Promise.resolve()
  order.push('b asks for next')
  nexts.push(nextAs(host, b))
  await initialized
  assert.deepEqual(order, [
    'a registered',
    'function init',
    'registered',
    'b registered',
    'b asks for next',
    'initialized',
  ])
  await host.close()
  await Promise.allSettled(nexts)
})

test('registration stays open while the function initialises, and its internal extensions are waited for', async (t) => {
  const registering = new EventEmitter()
  const host = await lambda(t, {
    extensions: [played],
    functionInit: async () => void registering.emit('done', await registerAs(host, 'internal', ['INVOKE'])),
  })
  const done = once(registering, 'done')
  const external = nextAs(host, await registerAs(host, 'played', []))
  let isOver = false
  const initialized = host.initialized().then(() => (isOver = true))
  const [id] = (await done) as [string]
  assert.equal(isOver, false)
  const internal = nextAs(host, id)
  await initialized
  await host.close()
  await Promise.allSettled([external, internal])
})

test('the report says per extension when it registered and when it was ready', async (t) => {
  const host = await lambda(t, {
    extensionsDir: directoryOf(t, { 'a.mjs': wellBehaved, 'b.mjs': wellBehaved }),
  })
  const report = await host.initialized()
  assert.deepEqual(
    report.extensions.map(({ name, events }) => [name, events]),
    [
      ['a.mjs', ['SHUTDOWN']],
      ['b.mjs', ['SHUTDOWN']],
    ],
  )
  assert.deepEqual(
    report.extensions.map(({ pid }) => pid),
    host.pids,
  )
  for (const { registeredAt, readyAt } of report.extensions) {
    assert.ok(registeredAt > 0 && readyAt > registeredAt && report.initMs >= readyAt)
    assert.ok(report.registeredMs >= registeredAt)
  }
})

for (const { how, body, message } of [
  { how: 'exits with code 0 before it registers', body: '', message: 'Error: exit code 0' },
  { how: 'throws', body: 'throw new Error()', message: 'Error: exit code 1' },
  { how: 'is killed', body: `process.kill(process.pid, 'SIGKILL')`, message: 'Error: signal: SIGKILL' },
  { how: 'exits after it registered', body: `await register([])`, message: 'Error: exit code 0' },
]) {
  test(`an extension that ${how} crashes init`, async (t) => {
    const host = await lambda(t, { extensionsDir: directoryOf(t, { 'x.mjs': nodeExtension(body) }) })
    const failure = await failureOf(host.initialized())
    assert.deepEqual(
      [failure.errorType, failure.message, failure.extension],
      ['Extension.Crash', message, 'x.mjs'],
    )
    assert.equal(host.crashed(), failure)
    assert.equal(await host.whenFailed(), failure)
    await assert.rejects(host.invoke(), { errorType: 'Extension.Crash' })
  })
}

test('a crash while the function initialises breaks that off', async (t) => {
  const host = await lambda(t, {
    extensions: [played],
    functionInit: () => {
      process.kill(host.pids[0] ?? 0, 'SIGKILL')
      return new Promise(() => {})
    },
  })
  await registerAs(host, 'played', [])
  assert.equal((await failureOf(host.initialized())).message, 'Error: signal: SIGKILL')
})

test('init fails when the function fails to initialise', async (t) => {
  const host = await lambda(t, { functionInit: () => Promise.reject(new Error('no handler')) })
  const failure = await failureOf(host.initialized())
  assert.deepEqual([failure.errorType, failure.message], ['Runtime.InitError', 'Error: no handler'])
})

test('init over its limit fails, names the latecomers, and ends their processes', async (t) => {
  const host = await lambda(t, { extensions: two, initTimeoutMs: 300, shutdownTimeoutMs: 300 })
  await registerAs(host, 'a', [])
  const failure = await failureOf(host.initialized())
  assert.equal(failure.errorType, 'Sandbox.Timedout')
  assert.equal(
    failure.message,
    'Error: Init timed out after 0.30 seconds: a has not asked for next, b has not registered',
  )
  const report = await host.shutdown()
  assert.deepEqual(
    report.extensions.map(({ killed }) => killed),
    [true, true],
  )
})

test('an extension that registers under a wrong name is taken for an internal one', async (t) => {
  const host = await lambda(t, { extensions: [played], initTimeoutMs: 300 })
  await registerAs(host, 'Played', ['INVOKE'])
  assert.match((await failureOf(host.initialized())).message, /played has not registered/)
})
