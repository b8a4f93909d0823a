import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { Credentials } from '../../local/emulators/aws/signature.ts'
import { type Extension, type ExtensionOptions, startExtension } from '../artefact.ts'
import { gate } from '../gate.ts'
import { connect, header, type Reply } from '../../tools/wire.ts'
import { heldInMemory } from './process.ts'

const SECRET = '/secretsmanager/get?secretId=snapped'
const PARAMETER = '/systemsmanager/parameters/get?name=/snapped&withDecryption=true'
const VALUES = {
  'the secret': 'q7Zk2Vt9Lw4Xb8Nc3Rm6Yp1Hs5Dg0JfUa',
  'the parameter': 'Bw5Tj8Qe1Mk4Zx7Cv0Gn3Sd6Fh9Lr2PyXo',
}
const SEED = {
  secrets: { snapped: VALUES['the secret'] },
  parameters: { '/snapped': { value: VALUES['the parameter'], type: 'SecureString' } },
} as const
const BEFORE = {
  accessKeyId: 'ASIABEFORERESTORE001',
  secretAccessKey: 'kQ4vT7bY1nE8wR3xJ6mH9cL2zF5sD0gApUoI',
  sessionToken: 'tN6rC2yK9fW4hS7aV1jM8dB3pG5eX0qLuZiO',
}
const AFTER = {
  accessKeyId: 'ASIAAFTERTHERESTORE1',
  secretAccessKey: 'secret-access-key-from-after-the-restore',
  sessionToken: 'session-token-from-after-the-restore',
}
const TOKEN = 'X-Aws-Parameters-Secrets-Token'

interface Snapshot extends ExtensionOptions {
  /** The function's own initialisation. */
  readonly init?: (extension: Extension) => Promise<void>
  readonly expiration?: string
}

/** Initialised and frozen: the moment at which Lambda takes the snapshot. */
async function snapshot(t: TestContext, { init, expiration, ...options }: Snapshot = {}): Promise<Extension> {
  const { until, release } = gate()
  const credentials = { ...BEFORE, ...(expiration !== undefined && { expiration }) }
  const extension: Extension = await startExtension(t, {
    seed: SEED,
    aws: { credentials: BEFORE },
    until: 'launched',
    ...options,
    lambda: {
      mode: 'snap-start',
      credentials,
      functionInit: async () => {
        await until
        await init?.(extension)
      },
    },
  })
  release()
  await extension.lambda.initialized()
  await extension.lambda.freeze()
  return extension
}

/** Thaws with other credentials, and has the INVOKE seen. */
async function restore({ aws, lambda }: Extension, credentials: Credentials = AFTER): Promise<void> {
  aws.setCredentials(credentials)
  lambda.restore({ sessionToken: '', ...credentials })
  await lambda.invoke()
}

const cacheOf = (reply: Reply): string | undefined => header(reply, 'x-cache')
const connectionsIn = ({ aws }: Extension): number[] => aws.requests.map(({ connection }) => connection)

test('INVOKE is registered for under SnapStart', async (t) => {
  const { lambda } = await snapshot(t)
  const { extensions } = await lambda.initialized()
  assert.deepEqual(extensions[0]?.events, ['INVOKE', 'SHUTDOWN'])
})

test('nothing is fetched before the restore that nobody requested, and no secret is in memory', async (t) => {
  const extension = await snapshot(t)
  assert.deepEqual([extension.aws.calls(), extension.lambda.credentialReads], [0, 0])
  const texts = { ...VALUES, 'the secret key': BEFORE.secretAccessKey, 'the token': BEFORE.sessionToken }
  assert.deepEqual(heldInMemory(extension.lambda.pids[0]!, texts), [])
})

for (const count of [2, 5]) {
  test(`${count} reads pipelined on one connection before the restore are answered in their order`, async (t) => {
    const names = Array.from({ length: count }, (_, i) => `piped-${i}`)
    const secrets = Object.fromEntries(names.map((name) => [name, `value-of-${name}`]))
    await snapshot(t, {
      seed: { secrets },
      init: async ({ port, token }) => {
        const wire = await connect(port)
        const paths = names.map((name) => `/secretsmanager/get?secretId=${name}`)
        const requests = paths.map(
          (target) => `GET ${target} HTTP/1.1\r\nHost: localhost\r\n${TOKEN}: ${token}\r\n\r\n`,
        )
        await wire.send(requests.join(''))
        for (const name of names) {
          const { status, body } = await wire.receive()
          assert.equal(status, 200)
          assert.ok(body.toString().includes(`"value-of-${name}"`))
        }
        wire.destroy()
      },
    })
  })
}

test('what the initialisation asks for is answered and not kept: each read asks AWS over a new connection', async (t) => {
  const bodies: string[] = []
  const extension = await snapshot(t, {
    init: async ({ get }) => {
      for (const target of [SECRET, SECRET, PARAMETER, SECRET + '&refreshNow=true']) {
        const reply = await get(target)
        assert.deepEqual([reply.status, cacheOf(reply)], [200, 'MISS'])
        bodies.push(reply.body.toString())
      }
    },
  })
  assert.equal(bodies[0], bodies[1])
  assert.ok(bodies[0]?.includes(VALUES['the secret']) && bodies[2]?.includes(VALUES['the parameter']))
  assert.equal(extension.aws.calls('snapped'), 3)

  const connections = connectionsIn(extension)
  assert.equal(new Set(connections).size, connections.length)

  await restore(extension)
  assert.deepEqual(
    [cacheOf(await extension.get(SECRET)), cacheOf(await extension.get(PARAMETER))],
    ['MISS', 'MISS'],
  )
  assert.equal(cacheOf(await extension.get(SECRET)), 'HIT')
})

test('before the restore failures are answered with their reason, which is in the log too', async (t) => {
  const extension = await snapshot(t, {
    init: async ({ get, aws }) => {
      const missing = await get('/secretsmanager/get?secretId=nothing')
      assert.equal(missing.status, 400)
      assert.equal(missing.body.toString(), 'an unexpected error occurred while executing request')
      assert.equal(header(missing, 'x-amzn-errortype'), 'ResourceNotFoundException')
      assert.match(header(missing, 'x-amzn-errormessage') ?? '', /can't find/)
      assert.equal(header(missing, 'content-type'), 'text/plain')
      const calls = aws.calls()
      assert.equal((await get(SECRET, { [TOKEN]: 'wrong' })).status, 401)
      assert.equal((await get(SECRET, { [TOKEN]: undefined })).status, 401)
      assert.equal((await get('/nowhere')).status, 404)
      assert.equal((await get('/ping')).status, 200)
      assert.equal(aws.calls(), calls)
    },
  })
  assert.ok(extension.logs().some((line) => /ERROR GetSecretValue .*ResourceNotFound/.test(line)))
})

test('a secret of 64 KB and twenty questions at once are answered in the initialisation', async (t) => {
  const value = 'large '.repeat(10_922)
  await snapshot(t, {
    init: async ({ get, aws }) => {
      aws.putSecret('large', value)
      const replies = await Promise.all(
        Array.from({ length: 20 }, () => get('/secretsmanager/get?secretId=large')),
      )
      for (const { body } of replies) {
        assert.equal((JSON.parse(body.toString()) as { SecretString: string }).SecretString, value)
      }
    },
  })
})

test('after the restore cache, credentials and sockets are new', async (t) => {
  const extension = await snapshot(t, { init: async ({ get }) => void (await get(SECRET)) })
  extension.aws.putSecret('snapped', 'the value on the day of the restore')
  await restore(extension)
  const first = await extension.get(SECRET)
  assert.match(first.body.toString(), /on the day of the restore/)
  assert.deepEqual([cacheOf(first), cacheOf(await extension.get(SECRET))], ['MISS', 'HIT'])
  assert.deepEqual(
    extension.aws.requests.map(({ accessKeyId }) => accessKeyId),
    [BEFORE.accessKeyId, AFTER.accessKeyId],
  )
  const [before, after] = connectionsIn(extension)
  assert.notEqual(before, after)
  assert.equal(extension.lambda.credentialReads, 2)
})

test('a request that comes before the INVOKE has been seen is answered all the same', async (t) => {
  const extension = await snapshot(t)
  extension.aws.setCredentials(AFTER)
  extension.lambda.restore(AFTER)
  const { result } = await extension.lambda.invoke(() => extension.get(SECRET))
  assert.equal(result.status, 200)
  await extension.get(SECRET)
  assert.equal(cacheOf(await extension.get(SECRET)), 'HIT')
})

test('a restore while a read still waits for AWS answers it, does not keep it, and serves on', async (t) => {
  const { until, release } = gate()
  let early: Promise<Reply> | undefined
  const extension = await snapshot(t, {
    init: async ({ get, aws }) => {
      aws.fault({ name: 'snapped' }, { until }, 1)
      early = get(SECRET)
      await aws.called('snapped')
    },
  })
  await restore(extension)
  release()
  assert.equal((await early)?.status, 200)
  assert.equal(cacheOf(await extension.get(SECRET)), 'MISS')
  assert.equal(cacheOf(await extension.get(SECRET)), 'HIT')
})

for (const when of ['before', 'after'] as const) {
  test(`${when} the restore both the container token and the current session token open the door`, async (t) => {
    const current = when === 'before' ? BEFORE : AFTER
    const check = async ({ get, token }: Extension): Promise<void> => {
      for (const presented of [token, current.sessionToken]) {
        assert.equal((await get(SECRET, { [TOKEN]: presented })).status, 200)
      }
      const other = when === 'before' ? AFTER : BEFORE
      assert.equal((await get(SECRET, { [TOKEN]: other.sessionToken })).status, 401)
    }
    const extension = await snapshot(t, when === 'before' ? { init: check } : {})
    await restore(extension)
    if (when === 'after') await check(extension)
  })
}

test('an expiry in the year 1 means unknown, not expired: the endpoint is asked once', async (t) => {
  const extension = await snapshot(t)
  await restore(extension)
  for (let i = 0; i < 5; i++) await extension.get(SECRET + '&refreshNow=true')
  assert.deepEqual([extension.aws.calls('snapped'), extension.lambda.credentialReads], [5, 1])
})

test('credentials that expire between snapshot and restore are not used', async (t) => {
  const expiration = new Date(Date.now() + 1000).toISOString()
  const extension = await snapshot(t, { expiration, init: async ({ get }) => void (await get(SECRET)) })
  while (Date.now() <= Date.parse(expiration)) await new Promise((resolve) => setTimeout(resolve, 50))
  await restore(extension)
  assert.equal((await extension.get(SECRET)).status, 200)
  assert.equal(extension.aws.requests.at(-1)?.accessKeyId, AFTER.accessKeyId)
})

test('SHUTDOWN before any restore, with a question under way, needs no kill', async (t) => {
  const extension = await snapshot(t, {
    init: async ({ wire, request, aws }) => {
      aws.fault({ name: 'snapped' }, { kind: 'hang' })
      const caller = await wire()
      t.after(() => caller.destroy())
      await caller.send(request(SECRET))
      await aws.called('snapped')
    },
  })
  const { exitCode, killed } = await extension.stop()
  assert.deepEqual({ exitCode, killed }, { exitCode: 0, killed: false })
})
