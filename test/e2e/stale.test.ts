// Answers past their expiry, on the built artefact. That nobody waits for AWS is shown without a clock: AWS accepts the
// calls and never answers, and the reads are answered all the same. How long they take is measured in virtual time by
// src/core/outage.test.ts.

import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { header, type Reply } from '../../tools/wire.ts'
import { type Extension, type ExtensionOptions, startExtension } from '../artefact.ts'
import { bySdk } from '../sdk-call.ts'
import { startMiddleman } from '../faults/middleman.ts'
import { gate } from '../gate.ts'
import { isClockSettable, settableClock } from '../platform/clock.ts'
import { freePort } from '../../tools/free-port.ts'

const P = 'PARAMETERS_SECRETS_EXTENSION_'
const REVALIDATE = { [P + 'STALE_WHILE_REVALIDATE_SECONDS']: '3600' }
const ON_ERROR = { [P + 'STALE_ON_ERROR_SECONDS']: '3600' }
const BRIEF = { SECRETS_MANAGER_TTL: '1', SSM_PARAMETER_STORE_TTL: '1' }
const ROLE = 'arn:aws:iam::999999999999:role/Reader'
const MINUTE_MS = 60_000

const SECRET = '/secretsmanager/get?secretId=db'

/** Each form of a read, and the names that are requested of AWS. */
const READS: Readonly<Record<string, (extension: Extension) => Promise<Reply>>> = {
  secret: (extension) => extension.get(SECRET),
  'a member of it': (extension) => extension.get('/secretsmanager/get?secretId=json&jsonKey=user'),
  'as its provider asks': (extension) => extension.get('/v1/vault'),
  parameter: (extension) => extension.get('/systemsmanager/parameters/get?name=/one'),
  'many secrets': (extension) => extension.get('/secretsmanager/getMultiple?secretId=m1&secretId=m2'),
  'many parameters': (extension) => extension.get('/systemsmanager/parameters/getMultiple?name=/m1&name=/m2'),
  path: (extension) => extension.get('/systemsmanager/parameters/getByPath?path=/app&recursive=true'),
  role: (extension) => extension.get(`/secretsmanager/get?secretId=db&roleArn=${ROLE}`),
  'an SDK': (extension) => bySdk(extension, 'secretsmanager.GetSecretValue', { SecretId: 'sdk' }),
  'an SDK, many': (extension) => bySdk(extension, 'AmazonSSM.GetParameters', { Names: ['/s1', '/s2'] }),
}

const named = (names: readonly string[], value: string) =>
  Object.fromEntries(names.map((name) => [name, `${value} ${name}`]))

function start(t: TestContext, options: ExtensionOptions = {}): Promise<Extension> {
  return startExtension(t, {
    ...options,
    seed: {
      secrets: {
        ...named(['db', 'vault', 'm1', 'm2', 'sdk'], 'the value of'),
        json: { value: { user: 'a user of the database' } },
      },
      parameters: named(['/one', '/m1', '/m2', '/s1', '/s2', '/app/a', '/app/deep/b'], 'the value of'),
    },
    aws: { roles: { [ROLE]: { seed: { secrets: { db: 'what the role reads' } } } }, ...options.aws },
    env: { [P + 'ROLE_ARNS']: ROLE, ...options.env },
  })
}

const cacheOf = (reply: Reply): string | undefined => header(reply, 'x-cache')

function assertStale(reply: Reply, first: Reply, what: string): void {
  assert.deepEqual(
    [reply.status, cacheOf(reply), reply.body.toString()],
    [200, 'STALE', first.body.toString()],
    what,
  )
  assert.match(header(reply, 'age') ?? '', /^[1-9]\d*$/, what)
}

for (const [what, env] of [
  ['an overdue answer is served at once', REVALIDATE],
  [
    'a stale answer is served when AWS has been silent for a while',
    { ...ON_ERROR, [P + 'STALE_WAIT_MILLIS']: '50' },
  ],
  ['a stale answer is served without a wait', { ...ON_ERROR, [P + 'STALE_WAIT_MILLIS']: '0' }],
] as const) {
  test(`${what}, whatever asks, and one call is made for it`, async (t) => {
    const extension = await start(t, { env: { ...BRIEF, ...env } })
    const firsts = new Map<string, Reply>()
    for (const [way, read] of Object.entries(READS)) {
      const reply = await read(extension)
      assert.equal(reply.status, 200, `${way}: ${reply.body.toString()}`)
      firsts.set(way, reply)
    }
    await sleep(1_100)
    const { until, release } = gate()
    t.after(release)
    extension.aws.fault({}, { until })
    const before = extension.aws.requests.length
    for (let i = 0; i < 3; i++) {
      for (const [way, read] of Object.entries(READS)) {
        assertStale(await read(extension), firsts.get(way)!, `${way}, ${i}`)
      }
    }
    await extension.aws.called('db', 2)
    assert.ok(extension.aws.requests.length - before <= Object.keys(READS).length)
    release()
    extension.aws.clearFaults()
    extension.aws.putSecret('db', 'the rotated value')
    for (;;) {
      const reply = await extension.get(SECRET)
      assert.equal(reply.status, 200)
      if (reply.body.toString().includes('the rotated value')) break
      await sleep(50)
    }
  })
}

test('variables that are overdue are given at once', async (t) => {
  const extension = await start(t, {
    env: { ...BRIEF, ...REVALIDATE, PASSWORD: 'resolve:secretsmanager:db', [P + 'ENV_FROM']: 'ssm:/app/' },
  })
  const first = await extension.get('/environment')
  assert.match(first.body.toString(), /the value of db/)
  await sleep(1_100)
  const { until, release } = gate()
  t.after(release)
  extension.aws.fault({}, { until })
  const second = await extension.get('/environment')
  assert.deepEqual([second.status, second.body.toString()], [200, first.body.toString()])
})

for (const [what, code, strike] of [
  ['a denied permission', 'AccessDeniedException', ({ aws }) => aws.deny('db')],
  ['a secret that is marked for deletion', 'InvalidRequestException', ({ aws }) => aws.deleteSecret('db')],
  [
    'a failed decryption',
    'DecryptionFailure',
    ({ aws }) => aws.fault({ name: 'db' }, { kind: 'error', code: 'DecryptionFailure' }),
  ],
  [
    'a secret that is not there',
    'ResourceNotFoundException',
    ({ aws }) => aws.fault({ name: 'db' }, { kind: 'error', code: 'ResourceNotFoundException' }),
  ],
] as readonly (readonly [string, string, (extension: Extension) => unknown])[]) {
  test(`${what} ends overdue answers: the next read gets that refusal, also while AWS fails later`, async (t) => {
    const extension = await start(t, { env: { ...BRIEF, ...REVALIDATE, ...ON_ERROR, AWS_MAX_ATTEMPTS: '1' } })
    await extension.get(SECRET)
    strike(extension)
    await sleep(1_100)
    assert.equal(cacheOf(await extension.get(SECRET)), 'STALE')
    let reply = await extension.get(SECRET)
    // The refusal is on its way until then.
    for (; reply.status === 200; reply = await extension.get(SECRET)) assert.equal(cacheOf(reply), 'STALE')
    assert.deepEqual([reply.status, header(reply, 'x-amzn-errortype')], [400, code])
    extension.aws.clearFaults()
    extension.aws.fault({}, { kind: 'throttle' })
    assert.equal((await extension.get(SECRET)).status, 400)
  })
}

test('who wants an answer of now never gets one of before', async (t) => {
  const extension = await start(t, { env: { ...BRIEF, ...REVALIDATE, ...ON_ERROR, AWS_MAX_ATTEMPTS: '1' } })
  await extension.get(SECRET)
  await sleep(1_100)
  extension.aws.fault({}, { kind: 'throttle' })
  const asks: Record<string, () => Promise<Reply>> = {
    refreshNow: () => extension.get(`${SECRET}&refreshNow=true`),
    'no-cache': () => extension.get(SECRET, { 'Cache-Control': 'no-cache' }),
    '/refresh': () =>
      bySdk(extension, 'secretsmanager.GetSecretValue', { SecretId: 'db' }, { path: '/refresh' }),
    many: () => extension.get('/secretsmanager/getMultiple?secretId=db&refreshNow=true'),
  }
  for (const [how, ask] of Object.entries(asks)) assert.equal((await ask()).status, 400, how)
  assert.equal(cacheOf(await extension.get(SECRET)), 'STALE')
})

test('a write drops what is overdue', async (t) => {
  const extension = await start(t, { env: { ...BRIEF, ...REVALIDATE } })
  await extension.get(SECRET)
  await sleep(1_100)
  await bySdk(extension, 'secretsmanager.PutSecretValue', { SecretId: 'db', SecretString: 'written' })
  const reply = await extension.get(SECRET)
  assert.deepEqual([reply.status, cacheOf(reply)], [200, 'MISS'])
  assert.match(reply.body.toString(), /written/)
})

test('a failure behind an answer that is served is logged, and counted at the end with the answers', async (t) => {
  const extension = await start(t, { env: { ...BRIEF, ...REVALIDATE, AWS_MAX_ATTEMPTS: '1' } })
  await extension.get(SECRET)
  await sleep(1_100)
  extension.aws.fault({}, { kind: 'throttle' })
  for (let i = 0; i < 5; i++) assert.equal(cacheOf(await extension.get(SECRET)), 'STALE')
  await extension.logged(/ERROR GetSecretValue .*ThrottlingException.* \(secretId=db\)/)
  assert.equal(extension.aws.calls('db'), 2)
  await extension.stop()
  assert.match(extension.logs().join('\n'), /0 hits, 6 misses, .* 0 refreshed ahead, 5 stale, 0 negative/)
})

if (isClockSettable) {
  const RECOMMENDED = {
    [P + 'REFRESH_AHEAD_PERCENT']: '50',
    [P + 'STALE_WHILE_REVALIDATE_SECONDS']: '900',
    ...ON_ERROR,
  }

  const OUTAGES: Record<string, (extension: Extension, refuse: () => Promise<void>) => unknown> = {
    'is silent': ({ aws }) => aws.fault({}, { kind: 'hang' }),
    'resets connections': ({ aws }) => aws.fault({}, { kind: 'reset' }),
    throttles: ({ aws }) => aws.fault({}, { kind: 'throttle' }),
    'refuses connections': (_, refuse) => refuse(),
  }
  for (const [what, strike] of Object.entries(OUTAGES)) {
    test(`AWS ${what} for ten minutes, and then the function sleeps: every read is answered`, async (t) => {
      const clock = settableClock(t)
      const port = await freePort()
      const middleman = await startMiddleman(port)
      t.after(() => middleman.close())
      const extension = await start(t, {
        aws: { port },
        env: { ...clock.env, ...RECOMMENDED, AWS_ENDPOINT_URL: middleman.url },
      })
      let offsetMs = 0
      // For AWS, too, or it would refuse the signature.
      const pass = (ms: number): void => {
        clock.set((offsetMs += ms))
        extension.aws.clockSkewMs = offsetMs
      }
      const readAll = async (): Promise<(string | undefined)[]> => {
        const replies = await Promise.all(Object.values(READS).map((read) => read(extension)))
        for (const [i, reply] of replies.entries())
          assert.equal(reply.status, 200, `${Object.keys(READS)[i]}: ${header(reply, 'x-amzn-errormessage')}`)
        return replies.map(cacheOf)
      }
      await readAll()
      assert.deepEqual(new Set(await readAll()), new Set(['HIT']))
      strike(extension, () => middleman.refuse())
      const seen = new Set<string | undefined>()
      for (const pauseMs of [...Array.from({ length: 20 }, () => 30_000), 6 * MINUTE_MS, 20 * MINUTE_MS]) {
        pass(pauseMs)
        for (const one of await readAll()) seen.add(one)
      }
      assert.deepEqual(seen, new Set(['HIT', 'STALE']))
      extension.aws.clearFaults()
      // What AWS has never answered would be given up after 39 s.
      extension.aws.dropConnections()
      if (what === 'refuses connections') await middleman.listen()
      for (;;) {
        pass(5_000)
        await readAll()
        await sleep(100)
        if ((await readAll()).every((one) => one === 'HIT')) break
      }
    })
  }
}
