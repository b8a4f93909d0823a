import assert from 'node:assert/strict'
import test from 'node:test'
import { ask, directoryOf, lambda, nextAs, nodeExtension, played, registerAs } from './testing.ts'

test('register can fail from the first request on and be well again', async (t) => {
  const host = await lambda(t, { extensions: [played], faults: { registerStatus: 500 } })
  const register = (): Promise<{ status: number }> =>
    ask(host, 'POST', 'register', { 'Lambda-Extension-Name': 'played' }, '{"events":[]}')
  assert.equal((await register()).status, 500)
  host.faults.registerStatus = 403
  assert.equal((await register()).status, 403)
  host.faults.registerStatus = undefined
  assert.equal((await register()).status, 200)
})

test('a slow register is answered late but counted from its arrival', async (t) => {
  const host = await lambda(t, { extensions: [played], faults: { slowRegisterMs: 200 } })
  const startedAt = performance.now()
  const id = await registerAs(host, 'played', [])
  assert.ok(performance.now() - startedAt >= 199)
  const next = nextAs(host, id)
  const { extensions, registeredMs } = await host.initialized()
  assert.ok(registeredMs - (extensions[0]?.registeredAt ?? 0) >= 199)
  await host.close()
  await next.catch(() => {})
})

test('next can be refused, cut, and requested again', async (t) => {
  const host = await lambda(t, { extensions: [played], faults: { nextStatus: 500 } })
  const id = await registerAs(host, 'played', ['SHUTDOWN'])
  assert.equal((await nextAs(host, id)).status, 500)
  host.faults.nextStatus = undefined
  const cut = nextAs(host, id)
  await host.initialized()
  assert.equal(host.faults.dropNext(), 1)
  await assert.rejects(cut, { code: 'ECONNRESET' })
  assert.equal(host.faults.dropNext(), 0)
  const again = nextAs(host, id)
  void host.shutdown()
  assert.equal(JSON.parse((await again).body).eventType, 'SHUTDOWN')
})

test('the API can go away with all its connections and come back at the same address', async (t) => {
  const host = await lambda(t, { extensions: [played] })
  const id = await registerAs(host, 'played', ['SHUTDOWN'])
  const cut = nextAs(host, id)
  await host.initialized()
  const { runtimeApi } = host
  const isCut = assert.rejects(cut, { code: 'ECONNRESET' })
  await host.faults.stopApi()
  await isCut
  await assert.rejects(nextAs(host, id), { code: 'ECONNREFUSED' })
  await host.faults.resumeApi()
  assert.equal(host.runtimeApi, runtimeApi)
  const again = nextAs(host, id)
  void host.shutdown()
  assert.equal((await again).status, 200)
})

test('the output of the extensions can be closed under them', async (t) => {
  const chatty = nodeExtension(`
    const code = await new Promise((resolve) => {
      process.stdout.on('error', (error) => resolve(error.code))
      setInterval(() => process.stdout.write('line\\n'), 5)
      register(['SHUTDOWN']).then(next)
    })
    process.exit(code === 'EPIPE' ? 32 : 1)
  `)
  const host = await lambda(t, { extensionsDir: directoryOf(t, { 'x.mjs': chatty }) })
  await host.initialized()
  host.faults.closeOutput()
  assert.equal((await host.whenFailed()).message, 'Error: exit code 32')
})
