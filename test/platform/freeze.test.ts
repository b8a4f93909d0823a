import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Extension, startExtension } from '../artefact.ts'
import { gate } from '../gate.ts'
import { header, type Reply } from '../../tools/wire.ts'

const NAME = 'dummy-string-secret'
const SECRET = `/secretsmanager/get?secretId=${NAME}`
const PARAMETER_NAME = '/lambda-ext-test-param/dummy-string'
const PARAMETER = `/systemsmanager/parameters/get?name=${PARAMETER_NAME}`
/** Longer than Node's own 5 s for idle connections, whose end a client would meet as a reset. */
const LONG_MS = 8_000

const cacheOf = (reply: Reply): string | undefined => header(reply, 'x-cache')

async function freezeFor({ lambda }: Extension, ms: number): Promise<void> {
  await lambda.freeze()
  await sleep(ms)
  lambda.thaw()
}

// Most of the time is spent frozen, so they do it together.
describe('freeze and thaw', { concurrency: 6 }, () => {
  test('kept connections of clients survive a long freeze, used or not before it', async (t) => {
    const extension = await startExtension(t)
    const wires = await Promise.all(Array.from({ length: 20 }, () => extension.wire()))
    for (const wire of wires.slice(0, 10)) {
      await wire.send(extension.request(SECRET))
      await wire.receive()
    }
    await extension.get('/ping')
    await freezeFor(extension, LONG_MS)
    for (const wire of wires) {
      await wire.send(extension.request(SECRET))
      assert.equal((await wire.receive()).status, 200)
    }
    for (const wire of wires) wire.destroy()
  })

  test('a connection made during a freeze is accepted and answered after it', async (t) => {
    const extension = await startExtension(t)
    await extension.lambda.freeze()
    const reply = extension.get(SECRET)
    await sleep(200)
    extension.lambda.thaw()
    assert.equal((await reply).status, 200)
  })

  for (const cut of [1, 20, -3]) {
    test(`a request cut in two at ${cut} by a freeze is one request`, async (t) => {
      const extension = await startExtension(t)
      const wire = await extension.wire()
      const bytes = extension.request(SECRET)
      await wire.send(bytes.slice(0, cut))
      await extension.get('/ping')
      await freezeFor(extension, 500)
      await wire.send(bytes.slice(cut))
      assert.equal((await wire.receive()).status, 200)
      wire.destroy()
    })
  }

  test('an answer of AWS that came during the freeze is passed on after it', async (t) => {
    const extension = await startExtension(t)
    const { until, release } = gate()
    extension.aws.fault({ name: NAME }, { until })
    const reply = extension.get(SECRET)
    await extension.aws.called(NAME)
    await extension.lambda.freeze()
    release()
    await sleep(300)
    extension.lambda.thaw()
    assert.equal((await reply).status, 200)
    assert.equal(extension.aws.calls(NAME), 1)
  })

  test('an answer of AWS that is cut in half by a freeze is read to its end', async (t) => {
    const extension = await startExtension(t)
    extension.aws.fault({ name: NAME }, { kind: 'drip', pieceMs: 40 })
    const reply = extension.get(SECRET)
    await extension.aws.called(NAME)
    await sleep(100)
    await freezeFor(extension, 1_000)
    assert.equal((await reply).status, 200)
    assert.equal(extension.aws.calls(NAME), 1)
  })

  for (const [target, name, variable] of [
    [SECRET, NAME, 'SECRETS_MANAGER_TTL'],
    [PARAMETER, PARAMETER_NAME, 'SSM_PARAMETER_STORE_TTL'],
  ] as const) {
    test(`the time of a freeze counts towards ${variable}`, async (t) => {
      const extension = await startExtension(t, { env: { [variable]: '2' } })
      await extension.get(target)
      extension.aws.putSecret(NAME, 'the value after the freeze')
      extension.aws.putParameter(PARAMETER_NAME, 'the value after the freeze')
      await freezeFor(extension, 2_100)
      const reply = await extension.get(target)
      assert.equal(cacheOf(reply), 'MISS')
      assert.match(reply.body.toString(), /the value after the freeze/)
      assert.equal(extension.aws.calls(name), 2)
    })
  }

  test('a freeze shorter than the time-to-live leaves the entry in place', async (t) => {
    const extension = await startExtension(t)
    await extension.get(SECRET)
    await freezeFor(extension, 1_000)
    assert.equal(cacheOf(await extension.get(SECRET)), 'HIT')
  })

  test('a fetch cut by a freeze is not joined by the next invocation, and its old answer is not kept', async (t) => {
    const extension = await startExtension(t, { env: { SECRETS_MANAGER_TTL: '1' } })
    const { until, release } = gate()
    extension.aws.fault({ name: NAME }, { until }, 1)
    const early = extension.get(SECRET)
    await extension.aws.called(NAME)
    await extension.lambda.freeze()
    // The held answer was made before this.
    extension.aws.putSecret(NAME, 'the value of the next invocation')
    await sleep(1_100)
    const { result } = await extension.lambda.invoke(async () => {
      const reply = await extension.get(SECRET)
      release()
      return reply
    })
    assert.match(result.body.toString(), /the value of the next invocation/)
    assert.doesNotMatch((await early).body.toString(), /next invocation/)
    const later = await extension.get(SECRET)
    assert.match(later.body.toString(), /the value of the next invocation/)
  })

  test('an old answer that arrives first after the thaw is not kept either', async (t) => {
    const extension = await startExtension(t, { env: { SECRETS_MANAGER_TTL: '1' } })
    const { until, release } = gate()
    extension.aws.fault({ name: NAME }, { until }, 1)
    const early = extension.get(SECRET)
    await extension.aws.called(NAME)
    await extension.lambda.freeze()
    extension.aws.putSecret(NAME, 'the value of the next invocation')
    release()
    await sleep(1_100)
    extension.lambda.thaw()
    assert.doesNotMatch((await early).body.toString(), /next invocation/)
    const reply = await extension.get(SECRET)
    assert.equal(cacheOf(reply), 'MISS')
    assert.match(reply.body.toString(), /the value of the next invocation/)
  })

  test('SHUTDOWN out of a freeze ends in time, with requests that came during it', async (t) => {
    const extension = await startExtension(t)
    const wire = await extension.wire()
    await extension.get('/ping')
    await extension.lambda.freeze()
    await wire.send(extension.request(SECRET))
    const { exitCode, killed } = await extension.stop()
    assert.deepEqual({ exitCode, killed }, { exitCode: 0, killed: false })
    wire.destroy()
  })
})
