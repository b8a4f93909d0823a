import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Extension, type ExtensionOptions, startExtension } from '../artefact.ts'
import { freePort } from '../../tools/free-port.ts'
import { gate } from '../gate.ts'
import type { Wire } from '../../tools/wire.ts'
import { descriptorsOf } from '../../tools/proc.ts'

const NAME = 'dummy-string-secret'
const SECRET = `/secretsmanager/get?secretId=${NAME}`
const IN_FLIGHT = 100

/** So many requests of different questions, all of which AWS keeps waiting or the pool does. */
async function inFlight(t: TestContext, extension: Extension): Promise<Wire[]> {
  const wires: Wire[] = []
  for (let i = 0; i < IN_FLIGHT; i++) {
    const name = `flight-${i}`
    extension.aws.putSecret(name, `value of ${name}`)
    const wire = await extension.wire()
    t.after(() => wire.destroy())
    await wire.send(extension.request(`/secretsmanager/get?secretId=${name}`))
    wires.push(wire)
  }
  await extension.get('/ping')
  return wires
}

async function assertLeaves(extension: Extension): Promise<void> {
  const { exitCode, killed } = await extension.stop()
  assert.deepEqual({ exitCode, killed }, { exitCode: 0, killed: false })
}

async function ask(extension: Extension, target: string): Promise<void> {
  const wire = await extension.wire()
  await wire.send(extension.request(target))
}

/** So many times. The first is on the connection that registered, which the extension makes anew without a word. */
async function cutNext({ lambda }: Extension, times: number): Promise<void> {
  for (let cuts = 0; cuts < times;) {
    cuts += lambda.faults.dropNext()
    await sleep(5)
  }
}

type End = readonly [
  state: string,
  options: ExtensionOptions,
  prepare: (extension: Extension) => Promise<unknown>,
]

// Lambda's own limit is two seconds. Nothing of this may need all of it and the kill at its end.
const ends: readonly End[] = [
  ['right after the start', {}, async () => {}],
  [
    'after the Extensions API has cut its connection',
    {},
    async (extension) => {
      await cutNext(extension, 2)
      await extension.logged(/next failed/)
    },
  ],
  [
    'with the credentials endpoint gone',
    { lambda: { containerCredentials: true } },
    async (extension) => {
      const { faults } = extension.lambda
      await faults.stopApi()
      await ask(extension, SECRET)
      await extension.logged(/next failed/)
      await faults.resumeApi()
    },
  ],
  [
    'with a refresh and many who wait for it',
    {},
    async (extension) => {
      extension.aws.fault({ name: NAME }, { kind: 'hang' })
      for (let i = 0; i < 20; i++) await ask(extension, `${SECRET}&refreshNow=true`)
    },
  ],
  [
    'in the middle of an attempt that will be repeated',
    {},
    async (extension) => {
      extension.aws.fault({ name: NAME }, { kind: 'throttle' })
      await ask(extension, SECRET)
      await extension.aws.called(NAME)
    },
  ],
  [
    'with clients that keep sending',
    {},
    async (extension) => {
      const wire = await extension.wire()
      const bytes = extension.request(SECRET).repeat(200)
      await wire.send(bytes)
    },
  ],
]

// Most of the time is spent waiting, so they do it together.
describe('faults in the host', { concurrency: 4 }, () => {
  // How many a machine gets done in the 300 ms of the drain is its own affair; server.test.ts gives it longer.
  test(`SHUTDOWN with ${IN_FLIGHT} requests in flight answers what AWS answers in time, and closes the rest`, async (t) => {
    const extension = await startExtension(t, { lambda: { shutdownTimeoutMs: 20_000 } })
    const { until, release } = gate()
    extension.aws.fault({}, { until })
    const wires = await inFlight(t, extension)
    const left = assertLeaves(extension)
    release()
    let answered = 0
    for (const [i, wire] of wires.entries()) {
      const bytes = await wire.closed()
      if (bytes.length === 0) continue
      answered++
      assert.match(
        bytes.toString('latin1'),
        new RegExp(`^HTTP/1\\.1 200 .*"value of flight-${i}"[^]*}$`, 's'),
      )
    }
    assert.ok(answered > 0)
    await left
  })

  test(`SHUTDOWN with ${IN_FLIGHT} requests in flight that AWS never answers closes them in time`, async (t) => {
    const extension = await startExtension(t)
    extension.aws.fault({}, { kind: 'hang' })
    const wires = await inFlight(t, extension)
    await assertLeaves(extension)
    for (const wire of wires) assert.equal((await wire.closed()).length, 0)
  })

  test('requests on both sides of SHUTDOWN are answered whole or not at all', async (t) => {
    // As above: this is about the answers.
    const extension = await startExtension(t, { lambda: { shutdownTimeoutMs: 20_000 } })
    extension.aws.fault({}, { kind: 'drip', pieceMs: 1 })
    const wires = await inFlight(t, extension)
    await assertLeaves(extension)
    for (const wire of wires) {
      const bytes = await wire.closed()
      if (bytes.length === 0) continue
      const [head = '', body = ''] = bytes.toString('latin1').split('\r\n\r\n')
      assert.equal(Number(/content-length: (\d+)/i.exec(head)?.[1]), body.length)
    }
  })

  for (const [state, options, prepare] of ends) {
    test(`at SHUTDOWN ${state} the process leaves by itself`, async (t) => {
      const extension = await startExtension(t, options)
      await prepare(extension)
      await assertLeaves(extension)
    })
  }

  for (const shutdownTimeoutMs of [300, 600]) {
    test(`a deadline of ${shutdownTimeoutMs} ms is kept with a request that AWS never answers`, async (t) => {
      const extension = await startExtension(t, { lambda: { shutdownTimeoutMs } })
      extension.aws.fault({ name: NAME }, { kind: 'hang' })
      await ask(extension, SECRET)
      await extension.aws.called(NAME)
      await assertLeaves(extension)
    })
  }

  test('an Extensions API that cannot be reached at the start is asked until it can', async (t) => {
    const port = await freePort()
    const extension = await startExtension(t, { port, until: 'launched' })
    await extension.lambda.faults.stopApi()
    await extension.logged(/ERROR Extensions API: register failed: 0 \w+/)
    assert.equal((await extension.get(SECRET)).status, 200, 'served before it is registered')
    await extension.lambda.faults.resumeApi()
    await extension.lambda.initialized()
    const { result } = await extension.lambda.invoke(() => extension.get(SECRET))
    assert.equal(result.status, 200)
  })

  test('an Extensions API that changes its mind, 500 to 403 to gone to well, is outlived', async (t) => {
    const faults = { registerStatus: 500 as 403 | 500 | undefined }
    const extension = await startExtension(t, { until: 'launched', lambda: { faults } })
    await extension.logged(/register failed: 500/)
    extension.lambda.faults.registerStatus = 403
    await extension.logged(/register failed: 403/)
    await extension.lambda.faults.stopApi()
    await extension.logged(/register failed: 0/)
    extension.lambda.faults.registerStatus = undefined
    await extension.lambda.faults.resumeApi()
    await extension.lambda.initialized()
    assert.equal((await extension.get(SECRET)).status, 200)
  })

  test('an Extensions API that cuts next again and again costs no descriptor and few log lines', async (t) => {
    const extension = await startExtension(t, { lambda: { shutdownTimeoutMs: 30_000 } })
    const [pid] = extension.lambda.pids
    const before = descriptorsOf(pid!)
    await cutNext(extension, 10)
    assert.equal((await extension.get(SECRET)).status, 200)
    while (descriptorsOf(pid!) > before + 2) await sleep(20)
    assert.ok(extension.logs().length < 40)
  })

  test('a SHUTDOWN right at the end of a long outage of the Extensions API is heard in time', async (t) => {
    const extension = await startExtension(t)
    await extension.lambda.faults.stopApi()
    // By now the pauses between two attempts have grown as long as they get.
    await sleep(3_500)
    await extension.lambda.faults.resumeApi()
    await assertLeaves(extension)
  })

  test('output that closes before the first line is no reason to end', async (t) => {
    const env = { PARAMETERS_SECRETS_EXTENSION_LOG_LEVEL: 'debug' }
    const extension = await startExtension(t, { env, until: 'launched' })
    extension.lambda.faults.closeOutput()
    await extension.lambda.initialized()
    for (const target of [SECRET, SECRET, '/secretsmanager/get?secretId=nothing', '/nowhere']) {
      await extension.get(target)
    }
    await extension.lambda.invoke()
    await assertLeaves(extension)
  })

  test('a port that is taken at the start and freed during a freeze is served after it', async (t) => {
    const port = await freePort()
    const holder = createServer()
    holder.listen({ port, host: '127.0.0.1' })
    await once(holder, 'listening')
    const extension = await startExtension(t, { port })
    await extension.logged(/cannot listen on port/)
    await extension.lambda.freeze()
    holder.close()
    await sleep(300)
    extension.lambda.thaw()
    await extension.logged(new RegExp(`Serving on port ${port} of 127`))
    assert.equal((await extension.get(SECRET)).status, 200)
  })

  test('every fault of the host at once, under traffic, ends in a clean shutdown', async (t) => {
    const extension = await startExtension(t, { lambda: { shutdownTimeoutMs: 30_000 } })
    const { lambda } = extension
    for (let round = 0; round < 5; round++) {
      lambda.faults.dropNext()
      await lambda.freeze()
      await lambda.faults.stopApi()
      lambda.thaw()
      assert.equal((await extension.get(`${SECRET}&refreshNow=true`)).status, 200)
      await lambda.faults.resumeApi()
      extension.aws.dropConnections()
      lambda.faults.nextStatus = round % 2 === 0 ? 500 : 403
      assert.equal((await extension.get(`${SECRET}&refreshNow=true`)).status, 200)
      lambda.faults.nextStatus = undefined
    }
    lambda.faults.closeOutput()
    assert.equal((await extension.get(SECRET)).status, 200)
    await assertLeaves(extension)
  })
})
