import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { type Extension, startExtension } from '../artefact.ts'
import { gate } from '../gate.ts'
import { connect, header, type Reply, type Wire } from '../../tools/wire.ts'

const SECRET = '/secretsmanager/get?secretId=dummy-string-secret'
const NAME = 'dummy-string-secret'

/** Connections that the extension has accepted, each having carried an exchange. */
function open(t: TestContext, extension: Extension, count: number): Promise<Wire[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const wire = await connect(extension.port)
      t.after(() => wire.destroy())
      await wire.send('GET /ping HTTP/1.1\r\n\r\n')
      await wire.receive()
      return wire
    }),
  )
}

/** Sends the question on every connection and resolves once the extension has read them all. */
async function askAll(extension: Extension, wires: readonly Wire[], target: string): Promise<void> {
  await Promise.all(wires.map((wire) => wire.send(extension.request(target))))
  // One thread reads its sockets in the order in which they became readable, so this answer comes after.
  await extension.get('/ping')
}

const valueOf = (reply: Reply): unknown =>
  (JSON.parse(reply.body.toString()) as { SecretString: string }).SecretString

test('a thousand requests at once for one cold key make one upstream call and get a thousand equal bodies', async (t) => {
  const extension = await startExtension(t)
  const wires = await open(t, extension, 1000)
  await Promise.all(wires.map((wire) => wire.send(extension.request(SECRET))))
  const replies = await Promise.all(wires.map((wire) => wire.receive()))
  assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([200]))
  assert.equal(new Set(replies.map(({ body }) => body.toString())).size, 1)
  assert.equal(extension.aws.calls(NAME), 1)
})

test('every spelling of a question waits for the same call', async (t) => {
  const extension = await startExtension(t)
  const { until, release } = gate()
  const name = '/lambda-ext-test-param/dummy-string'
  extension.aws.fault({ name }, { until })
  const path = '/systemsmanager/parameters/get'
  const spellings = [
    `${path}?name=${name}`,
    `${path}/?name=${encodeURIComponent(name)}`,
    `${path}?withDecryption=false&name=${name}`,
    `${path}?name=${encodeURIComponent(name).toLowerCase()}&refreshNow=0`,
  ]
  const wires = await open(t, extension, spellings.length)
  await Promise.all(wires.map((wire, i) => wire.send(extension.request(spellings[i]!))))
  await extension.get('/ping')
  release()
  const replies = await Promise.all(wires.map((wire) => wire.receive()))
  assert.equal(new Set(replies.map(({ body }) => body.toString())).size, 1)
  assert.equal(extension.aws.calls(name), 1)
})

test('when the one call fails, all who wait get the same answer, and the next request asks again', async (t) => {
  const extension = await startExtension(t)
  const { until, release } = gate()
  const failure = { kind: 'error', code: 'AccessDeniedException', message: 'not today', until } as const
  extension.aws.fault({ name: NAME }, failure, 1)
  const wires = await open(t, extension, 20)
  await askAll(extension, wires, SECRET)
  release()
  const replies = await Promise.all(wires.map((wire) => wire.receive()))
  const seen = replies.map((reply) => [
    reply.status,
    header(reply, 'x-amzn-errormessage'),
    reply.body.toString(),
  ])
  assert.deepEqual(new Set(seen.map(String)), new Set([String(seen[0])]))
  assert.deepEqual(seen[0], [400, 'not today', 'an unexpected error occurred while executing request'])
  assert.equal(extension.aws.calls(NAME), 1)

  assert.equal((await extension.get(SECRET)).status, 200)
  assert.equal(extension.aws.calls(NAME), 2)
})

test('a caller who leaves, even the first, changes nothing for those who stay', async (t) => {
  const extension = await startExtension(t)
  const { until, release } = gate()
  extension.aws.fault({ name: NAME }, { until })
  const [first, second, third] = (await open(t, extension, 3)) as [Wire, Wire, Wire]
  await askAll(extension, [first], SECRET)
  await askAll(extension, [second, third], SECRET)
  first.destroy()
  second.destroy()
  await extension.get('/ping')
  release()
  assert.equal((await third.receive()).status, 200)
  assert.equal(extension.aws.calls(NAME), 1)
  assert.equal(header(await extension.get(SECRET), 'x-cache'), 'HIT')
})

test('when all callers leave, the answer is cached all the same', async (t) => {
  const extension = await startExtension(t)
  const { until, release } = gate()
  extension.aws.fault({ name: NAME }, { until }, 1)
  const wires = await open(t, extension, 2)
  await askAll(extension, wires, SECRET)
  for (const wire of wires) wire.destroy()
  await extension.get('/ping')
  release()
  assert.equal((await extension.get(SECRET)).status, 200)
  assert.equal(extension.aws.calls(NAME), 1)
})

for (const [how, env] of [
  ['switched off', { PARAMETERS_SECRETS_EXTENSION_CACHE_ENABLED: 'FALSE' }],
  ['of size 0', { PARAMETERS_SECRETS_EXTENSION_CACHE_SIZE: '0' }],
  ['with a time-to-live of 0', { SECRETS_MANAGER_TTL: '0' }],
] as const) {
  test(`concurrent requests cost two calls at most with the cache ${how}, and the next one makes its own`, async (t) => {
    const extension = await startExtension(t, { env })
    const { until, release } = gate()
    extension.aws.fault({ name: NAME }, { until })
    const wires = await open(t, extension, 20)
    await askAll(extension, wires, SECRET)
    release()
    const replies = await Promise.all(wires.map((wire) => wire.receive()))
    assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([200]))
    assert.equal(extension.aws.calls(NAME), 2)

    assert.equal(header(await extension.get(SECRET), 'x-cache'), 'MISS')
    assert.equal(extension.aws.calls(NAME), 3)
  })

  test(`no read gets a value from before it with the cache ${how}, though an older call is still out`, async (t) => {
    const extension = await startExtension(t, { env })
    const { until, release } = gate()
    // The emulator makes its answer on arrival: the held read carries the old value.
    extension.aws.fault({ name: NAME }, { until }, 1)
    const [early, late] = (await open(t, extension, 2)) as [Wire, Wire]
    await askAll(extension, [early], SECRET)
    await extension.aws.called(NAME, 1)
    extension.aws.putSecret(NAME, 'a newer value', { createdDate: new Date(0) })
    await askAll(extension, [late], SECRET)
    release()
    assert.equal(valueOf(await early.receive()), 'an-insecure-string-secret-value')
    assert.equal(valueOf(await late.receive()), 'a newer value')
  })
}

test('refreshNow is not satisfied by a read that began before it, and that read overwrites nothing', async (t) => {
  const extension = await startExtension(t)
  const { until, release } = gate()
  // The emulator makes its answer on arrival: the held read carries the old value.
  extension.aws.fault({ name: NAME }, { until }, 1)
  const [early] = (await open(t, extension, 1)) as [Wire]
  await askAll(extension, [early], SECRET)
  await extension.aws.called(NAME, 1)
  extension.aws.putSecret(NAME, 'a newer value', { createdDate: new Date(0) })

  const refreshed = await extension.get(SECRET + '&refreshNow=true')
  assert.equal(valueOf(refreshed), 'a newer value')
  release()
  assert.equal(valueOf(await early.receive()), 'an-insecure-string-secret-value')

  const later = await extension.get(SECRET)
  assert.deepEqual([header(later, 'x-cache'), valueOf(later)], ['HIT', 'a newer value'])
  assert.equal(extension.aws.calls(NAME), 2)
})

test('refreshes requested during a refresh share one more call', async (t) => {
  const extension = await startExtension(t)
  const { until, release } = gate()
  extension.aws.fault({ name: NAME }, { until }, 1)
  const [first, ...others] = (await open(t, extension, 21)) as [Wire, ...Wire[]]
  await askAll(extension, [first], SECRET + '&refreshNow=true')
  await extension.aws.called(NAME, 1)
  extension.aws.putSecret(NAME, 'a newer value', { createdDate: new Date(0) })
  await askAll(extension, others, SECRET + '&refreshNow=true')
  release()
  assert.equal(valueOf(await first.receive()), 'an-insecure-string-secret-value')
  const replies = await Promise.all(others.map((wire) => wire.receive()))
  assert.deepEqual(new Set(replies.map(valueOf)), new Set(['a newer value']))
  assert.equal(extension.aws.calls(NAME), 2)
})

test('a plain request during a refresh joins it', async (t) => {
  const extension = await startExtension(t)
  const { until, release } = gate()
  extension.aws.fault({ name: NAME }, { until }, 1)
  const [refresh, plain] = (await open(t, extension, 2)) as [Wire, Wire]
  await askAll(extension, [refresh], SECRET + '&refreshNow=true')
  await askAll(extension, [plain], SECRET)
  release()
  assert.equal(valueOf(await refresh.receive()), valueOf(await plain.receive()))
  assert.equal(extension.aws.calls(NAME), 1)
})

test('a question that waits does not hold up another', async (t) => {
  const extension = await startExtension(t)
  const { until, release } = gate()
  t.after(release)
  extension.aws.fault({ name: NAME }, { until })
  const [held] = (await open(t, extension, 1)) as [Wire]
  await askAll(extension, [held], SECRET)
  assert.equal((await extension.get('/secretsmanager/get?secretId=dummy-binary-secret')).status, 200)
  assert.deepEqual(held.state(), { open: true, unread: Buffer.alloc(0) })
  release()
  assert.equal((await held.receive()).status, 200)
})
