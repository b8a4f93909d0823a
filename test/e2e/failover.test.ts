import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { startAws } from '../../local/emulators/aws/server.ts'
import type { Fault } from '../../local/emulators/aws/fault.ts'
import { type Extension, type ExtensionOptions, startExtension } from '../artefact.ts'
import { isClockSettable, settableClock } from '../platform/clock.ts'
import { gate } from '../gate.ts'
import { environmentOf, run } from '../wrapper.ts'
import { exchange, header, type Reply } from '../../tools/wire.ts'

// Secrets that are replicated, and a region that cannot be asked: PARAMETERS_SECRETS_EXTENSION_FAILOVER_REGION.

const P = 'PARAMETERS_SECRETS_EXTENSION_'
const OWN = 'us-east-1'
const OTHER = 'eu-west-1'
const REGION = 'x-amzn-parameters-secrets-region'
const ARN = `arn:aws:secretsmanager:${OWN}:123456789012:secret:db-dAtAbA`
const SECRET = '/secretsmanager/get?secretId=db'
const VALUE = '{"user":"ann","password":"of both regions"}'
const ROLE = 'arn:aws:iam::111122223333:role/reader'
const REPLICATED = { replicas: [OTHER], tags: { app: 'orders' } }
const SEED = {
  secrets: {
    db: { ...REPLICATED, value: VALUE, previous: 'the older one of both', arnSuffix: 'dAtAbA' },
    second: { ...REPLICATED, value: 'the second of both regions' },
    binary: { ...REPLICATED, binary: 'AP/+AP/+AP/+AP/+' },
    single: { value: 'of the own region alone', region: OWN },
  },
  parameters: { '/a': 'a parameter of each region' },
}
const DOWN: Fault = { kind: 'unavailable' }

function start(t: TestContext, { env, aws, ...rest }: ExtensionOptions = {}) {
  return startExtension(t, {
    seed: SEED,
    aws: { regions: [OTHER], ...aws },
    env: { [`${P}FAILOVER_REGION`]: OTHER, AWS_MAX_ATTEMPTS: '1', ...env },
    ...rest,
  })
}

async function bySdk({ port, token }: Extension, target: string, input: unknown, path = '/'): Promise<Reply> {
  const body = JSON.stringify(input)
  const headers = `X-Amz-Target: ${target}\r\nX-Amz-Security-Token: ${token}\r\nContent-Length: ${body.length}`
  const [reply] = await exchange(
    port,
    `POST ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n\r\n${body}`,
  )
  return reply!
}

const cacheOf = (reply: Reply) => header(reply, 'x-cache')
const seen = (reply: Reply) => [reply.status, cacheOf(reply), header(reply, REGION)]
const regionsOf = ({ aws }: Extension, operation: string) =>
  aws.requests.filter((request) => request.operation === operation).map(({ region }) => region)

const READS: Readonly<Record<string, (extension: Extension) => Promise<Reply>>> = {
  'the whole secret': ({ get }) => get(SECRET),
  'its bare value': ({ get }) => get(SECRET + '&format=value'),
  'one member': ({ get }) => get(SECRET + '&jsonKey=password'),
  'an earlier version': ({ get }) => get(SECRET + '&versionStage=AWSPREVIOUS'),
  'a binary secret': ({ get }) => get('/secretsmanager/get?secretId=binary&format=value'),
  'its ARN': ({ get }) => get(`/secretsmanager/get?secretId=${ARN}`),
  'many at once': ({ get }) => get('/secretsmanager/getMultiple?secretId=db&secretId=second'),
  'a client of the provider': ({ get }) => get('/v1/db'),
  "an SDK's GetSecretValue": (extension) =>
    bySdk(extension, 'secretsmanager.GetSecretValue', { SecretId: 'db' }),
  "an SDK's BatchGetSecretValue": (extension) =>
    bySdk(extension, 'secretsmanager.BatchGetSecretValue', { SecretIdList: ['db', 'second'] }),
  HEAD: async (extension) => {
    const bytes = extension.request(SECRET).replace('GET', 'HEAD')
    const [reply] = await exchange(extension.port, bytes, { bodiless: true, halfClose: true })
    return reply!
  },
}

for (const [what, read] of Object.entries(READS)) {
  test(`a replica answers where the own region cannot be asked, and a header says so: ${what}`, async (t) => {
    const extension = await start(t)
    extension.aws.fault({ region: OWN }, DOWN)
    const first = await read(extension)
    assert.deepEqual(seen(first), [200, 'MISS', OTHER])
    const second = await read(extension)
    assert.deepEqual(seen(second), [200, 'HIT', OTHER])
    assert.deepEqual(second.body, first.body)
    extension.aws.clearFaults()
    assert.deepEqual(seen(await read(extension)), [200, 'HIT', OTHER])
  })
}

test('without a failure no header is there, and the other region is not asked', async (t) => {
  const extension = await start(t)
  for (const cache of ['MISS', 'HIT'])
    assert.deepEqual(seen(await extension.get(SECRET)), [200, cache, undefined])
  assert.deepEqual(regionsOf(extension, 'GetSecretValue'), [OWN])
})

test("the body is the replica's own, with its ARN", async (t) => {
  const extension = await start(t)
  const own = (await extension.get(SECRET)).body.toString()
  extension.aws.fault({ region: OWN }, DOWN)
  const other = (await extension.get(`/secretsmanager/get?secretId=${ARN}`)).body.toString()
  assert.equal(other, own.replace(ARN, ARN.replace(OWN, OTHER)))
})

test('a fresh read fetches anew, from the replica too; and what is held stays', async (t) => {
  const extension = await start(t)
  await extension.get(SECRET)
  extension.aws.fault({ region: OWN }, DOWN)
  assert.deepEqual(seen(await extension.get(SECRET + '&refreshNow=true')), [200, 'MISS', OTHER])
  const bySdkNow = await bySdk(extension, 'secretsmanager.GetSecretValue', { SecretId: 'db' }, '/refresh')
  assert.deepEqual(seen(bySdkNow), [200, 'MISS', OTHER])
  assert.deepEqual(seen(await extension.get(SECRET)), [200, 'HIT', undefined])
})

test('an answer of a replica is found under no other spelling', async (t) => {
  const extension = await start(t, { env: { [`${P}PREFETCH_SECRETS`]: 'second' } })
  extension.aws.fault({ region: OWN }, DOWN)
  await extension.get(SECRET)
  for (const id of [ARN, ARN.slice(0, -7), ARN.replace(OWN, OTHER)])
    assert.equal(cacheOf(await extension.get(`/secretsmanager/get?secretId=${id}`)), 'MISS', id)
})

test('what is prefetched while the own region is down comes from the replica, in one call for many', async (t) => {
  const aws = await startAws({ seed: SEED, regions: [OTHER] })
  t.after(() => aws.close())
  aws.fault({ region: OWN }, DOWN)
  const extension = await start(t, {
    env: {
      AWS_ENDPOINT_URL: aws.url,
      [`${P}PREFETCH_SECRETS`]: `db ${ARN} prefix:second`,
      [`${P}PREFETCH_BATCH`]: 'true',
      [`${P}PREFETCH_WAIT_MILLIS`]: '5000',
    },
  })
  const targets = [SECRET, `/secretsmanager/get?secretId=${ARN}`, '/secretsmanager/get?secretId=second']
  for (const target of targets)
    assert.deepEqual(seen(await extension.get(target)), [200, 'HIT', OTHER], target)
  assert.equal(aws.calls('db'), 2)
})

test('variables of the function come from the replica', async (t) => {
  const env = { FROM: 'resolve:secretsmanager:db:password' }
  const aws = await startAws({ seed: SEED, regions: [OTHER] })
  t.after(() => aws.close())
  aws.fault({ region: OWN }, DOWN)
  const extension = await start(t, { env: { ...env, AWS_ENDPOINT_URL: aws.url } })
  const { code, stdout } = await run(environmentOf(extension, env), ['printenv', 'FROM'])
  assert.deepEqual([code, stdout.toString()], [0, 'of both regions\n'])
})

test('a stale answer goes before the replica, but not for who wants a fresh one', async (t) => {
  const extension = await start(t, {
    env: { [`${P}STALE_ON_ERROR_SECONDS`]: '3600', SECRETS_MANAGER_TTL: '1' },
  })
  await extension.get(SECRET)
  extension.aws.fault({ region: OWN }, DOWN)
  await sleep(1_100)
  assert.deepEqual(seen(await extension.get(SECRET)), [200, 'STALE', undefined])
  assert.deepEqual(seen(await extension.get(SECRET + '&refreshNow=true')), [200, 'MISS', OTHER])
  const many = await extension.get('/secretsmanager/getMultiple?secretId=db&secretId=second')
  assert.deepEqual(seen(many), [200, 'STALE', OTHER], 'what was never held comes from the replica')
})

test('a refresh ahead asks no replica: what is held is good', async (t) => {
  const extension = await start(t, { env: { [`${P}REFRESH_AHEAD_PERCENT`]: '90', SECRETS_MANAGER_TTL: '4' } })
  await extension.get(SECRET)
  extension.aws.fault({ region: OWN }, DOWN)
  while (extension.aws.calls('db') < 2) {
    assert.deepEqual(seen(await extension.get(SECRET)), [200, 'HIT', undefined])
    await sleep(10)
  }
  assert.deepEqual(regionsOf(extension, 'GetSecretValue').slice(0, 2), [OWN, OWN])
})

for (const [what, fault, code] of [
  ['denies it', { kind: 'error', code: 'AccessDeniedException' }, 'AccessDeniedException'],
  ['has no such secret', { kind: 'error', code: 'ResourceNotFoundException' }, 'ResourceNotFoundException'],
  ['cannot decrypt it', { kind: 'error', code: 'DecryptionFailure' }, 'DecryptionFailure'],
  ['answers with a web page', { kind: 'html' }, 'ResponseError'],
] as const) {
  test(`the replica is not asked where the own region ${what}`, async (t) => {
    const extension = await start(t)
    extension.aws.fault({ region: OWN }, fault)
    const reply = await extension.get(SECRET)
    assert.deepEqual(
      [reply.status, header(reply, 'x-amzn-errortype'), header(reply, REGION)],
      [400, code, undefined],
    )
    assert.deepEqual(regionsOf(extension, 'GetSecretValue'), [OWN])
    extension.aws.clearFaults()
    assert.deepEqual(seen(await extension.get(SECRET)), [200, 'MISS', undefined])
  })
}

test('parameters, writes and other calls of an SDK stay in the own region', async (t) => {
  const extension = await start(t)
  extension.aws.fault({ region: OWN }, DOWN)
  for (const target of ['get?name=/a', 'getMultiple?name=/a', 'getByPath?path=/'])
    assert.equal((await extension.get(`/systemsmanager/parameters/${target}`)).status, 400)
  const reference = '/aws/reference/secretsmanager/db&withDecryption=true'
  assert.equal((await extension.get(`/systemsmanager/parameters/get?name=${reference}`)).status, 400)
  for (const operation of ['PutSecretValue', 'DescribeSecret', 'ListSecrets', 'GetRandomPassword'])
    assert.equal((await bySdk(extension, `secretsmanager.${operation}`, { SecretId: 'db' })).status, 503)
  assert.ok(extension.aws.requests.length > 0)
  assert.ok(extension.aws.requests.every(({ region }) => region === OWN))
})

test('a secret without a replica fails as without the setting, and the log says why', async (t) => {
  const extension = await start(t)
  extension.aws.fault({ region: OWN }, DOWN)
  const reply = await extension.get('/secretsmanager/get?secretId=single')
  assert.deepEqual([reply.status, header(reply, 'x-amzn-errortype')], [400, 'ServiceUnavailable'])
  await extension.logged(/WARN no answer from eu-west-1 either: .*ResourceNotFoundException/)
  const many = await extension.get('/secretsmanager/getMultiple?secretId=single&secretId=db')
  assert.deepEqual(seen(many), [200, 'MISS', OTHER])
  assert.match(many.body.toString(), /"Errors":\[\{"ErrorCode":"ServiceUnavailable",/)
})

test('the log says it once a minute, the end how often, and a metric as well', async (t) => {
  const extension = await start(t, { env: { [`${P}METRICS`]: 'prometheus' } })
  extension.aws.fault({ region: OWN }, { kind: 'throttle' })
  for (const id of ['db', 'second', 'binary']) await extension.get(`/secretsmanager/get?secretId=${id}`)
  await extension.get(SECRET)
  const metrics = (await extension.get('/metrics')).body.toString()
  assert.match(metrics, /^parameters_secrets_extension_failovers_total 3$/m)
  await extension.stop()
  const said = extension
    .logs()
    .filter((line) => line.includes('secrets come from their replicas in eu-west-1'))
  assert.equal(said.length, 1)
  assert.match(said[0]!, /WARN .*: GetSecretValue request encountered an error: .*ThrottlingException/)
  assert.match(extension.logs().join('\n'), /shutting down .* evictions, 3 failed over$/m)
})

test('a role has its own replicas, and is assumed in the other region where the own one is down', async (t) => {
  const seed = { secrets: { db: { ...REPLICATED, value: 'what the role reads in both' } } }
  const extension = await start(t, { env: { [`${P}ROLE_ARNS`]: ROLE }, aws: { roles: { [ROLE]: { seed } } } })
  extension.aws.fault({ region: OWN }, DOWN)
  const asRole = await extension.get(`${SECRET}&format=value&roleArn=${ROLE}`)
  assert.deepEqual(seen(asRole), [200, 'MISS', OTHER])
  assert.equal(asRole.body.toString(), 'what the role reads in both')
  assert.equal((await extension.get(SECRET + '&format=value')).body.toString(), VALUE)
  assert.ok(regionsOf(extension, 'AssumeRole').includes(OTHER))
  await extension.logged(/WARN roles are assumed in eu-west-1: AssumeRole /)
})

test('a silent region costs half of the time limit, and for half a minute no more than that and two seconds', async (t) => {
  const extension = await start(t, { env: { SECRETS_MANAGER_TIMEOUT_MILLIS: '3000', AWS_MAX_ATTEMPTS: '3' } })
  extension.aws.fault({ region: OWN }, { kind: 'hang' })
  assert.deepEqual(seen(await extension.get(SECRET)), [200, 'MISS', OTHER])
  extension.aws.fault({ region: OTHER }, { kind: 'hang' })
  const reply = await extension.get('/secretsmanager/get?secretId=second')
  assert.deepEqual([reply.status, header(reply, 'x-amzn-errortype')], [400, 'TimeoutError'])
  assert.equal(header(reply, 'x-amzn-errormessage'), 'Secrets Manager did not answer within 1500 ms')
  extension.aws.clearFaults()
  assert.deepEqual(seen(await extension.get('/secretsmanager/get?secretId=second')), [200, 'MISS', undefined])
})

for (const [what, env] of [
  ['the time of the own region is over', { SECRETS_MANAGER_TIMEOUT_MILLIS: '6000' }],
  ['its connection is lost', {}],
] as const) {
  test(`a call of the own region that a freeze cut is made there once more: ${what}`, async (t) => {
    const extension = await start(t, { env })
    const { until, release } = gate()
    t.after(release)
    extension.aws.fault(
      { region: OWN, name: 'db' },
      env.SECRETS_MANAGER_TIMEOUT_MILLIS ? { until } : { kind: 'reset', until },
      1,
    )
    const coming = extension.get(SECRET)
    await extension.aws.called('db')
    await extension.lambda.freeze()
    if (env.SECRETS_MANAGER_TIMEOUT_MILLIS === undefined) release()
    await sleep(3_500)
    extension.lambda.thaw()
    assert.deepEqual(seen(await coming), [200, 'MISS', undefined])
    assert.deepEqual(regionsOf(extension, 'GetSecretValue'), [OWN, OWN])
    extension.aws.fault({ region: OWN }, DOWN)
    assert.deepEqual(seen(await extension.get('/secretsmanager/get?secretId=second')), [200, 'MISS', OTHER])
  })
}

test('after a failover the own region is asked with one attempt', async (t) => {
  const extension = await start(t, { env: { AWS_MAX_ATTEMPTS: '3' } })
  extension.aws.fault({ region: OWN }, DOWN)
  await extension.get(SECRET)
  await extension.get('/secretsmanager/get?secretId=second')
  assert.deepEqual(regionsOf(extension, 'GetSecretValue'), [OWN, OWN, OWN, OTHER, OWN, OTHER])
})

for (const [what, listener] of [
  ['the connection is refused', undefined],
  [
    'the connection is reset within the TLS handshake',
    (socket: Socket) => socket.once('data', () => socket.resetAndDestroy()),
  ],
  [
    'the connection ends within the TLS handshake',
    (socket: Socket) => socket.once('data', () => socket.destroy()),
  ],
  ['no TLS handshake is answered', (socket: Socket) => socket.resume()],
] as const) {
  test(`the other region is asked where ${what}`, async (t) => {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy())
      listener?.(socket)
    })
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    const { port } = server.address() as AddressInfo
    t.after(() => void server.close())
    if (listener === undefined) await new Promise((closed) => server.close(closed))
    const extension = await start(t, {
      env: { AWS_ENDPOINT_URL_SECRETS_MANAGER: `https://127.0.0.1:${port}` },
    })
    const reply = await extension.get(SECRET)
    assert.deepEqual([reply.status, header(reply, 'x-amzn-errortype')], [400, 'ConnectionError'])
    // One endpoint for both, so that one is down as well.
    await extension.logged(/WARN no answer from eu-west-1 either: .* ConnectionError: /)
    assert.equal((await extension.get('/systemsmanager/parameters/get?name=/a')).status, 200)
  })
}

for (const region of [OWN, 'cn-north-1', 'eu west 1']) {
  test(`a region that will not do is one warning, and off: ${region}`, async (t) => {
    const extension = await start(t, { env: { [`${P}FAILOVER_REGION`]: region } })
    extension.aws.fault({ region: OWN }, DOWN)
    for (let i = 0; i < 2; i++) assert.equal((await extension.get(SECRET)).status, 400)
    const warning = await extension.logged(
      /FAILOVER_REGION must be another region of the function's partition, got/,
    )
    assert.ok(warning.includes(`got "${region}". Ignoring it.`))
    assert.equal(extension.logs().filter((line) => line.includes('FAILOVER_REGION')).length, 1)
    assert.ok(extension.aws.requests.every((request) => request.region === OWN))
    extension.aws.clearFaults()
    assert.equal((await extension.get(SECRET)).status, 200)
  })
}

test('without the setting the other region is never asked', async (t) => {
  const extension = await start(t, { env: { [`${P}FAILOVER_REGION`]: undefined } })
  extension.aws.fault({ region: OWN }, DOWN)
  const reply = await extension.get(SECRET)
  assert.deepEqual([reply.status, header(reply, 'x-amzn-errortype')], [400, 'ServiceUnavailable'])
  assert.ok(extension.aws.requests.every(({ region }) => region === OWN))
})

if (isClockSettable) {
  test('where no stale answer may be served any more, the replica is asked', async (t) => {
    const clock = settableClock(t)
    const extension = await start(t, { env: { ...clock.env, [`${P}STALE_ON_ERROR_SECONDS`]: '60' } })
    await extension.get(SECRET)
    extension.aws.fault({ region: OWN }, DOWN)
    clock.set(330_000)
    assert.deepEqual(seen(await extension.get(SECRET)), [200, 'STALE', undefined])
    clock.set(361_000)
    assert.deepEqual(seen(await extension.get(SECRET)), [200, 'MISS', OTHER])
  })

  test('an answer of a replica is kept for half a minute at most, and then the own region is asked', async (t) => {
    const clock = settableClock(t)
    const extension = await start(t, { env: { ...clock.env, [`${P}STALE_ON_ERROR_SECONDS`]: '3600' } })
    extension.aws.fault({ region: OWN }, DOWN)
    await extension.get(SECRET)
    clock.set(28_000)
    assert.deepEqual(seen(await extension.get(SECRET)), [200, 'HIT', OTHER])
    clock.set(31_000)
    assert.deepEqual(seen(await extension.get(SECRET)), [200, 'MISS', OTHER])
    clock.set(62_000)
    extension.aws.fault({ region: OTHER }, DOWN)
    assert.equal((await extension.get(SECRET)).status, 400, 'it is no stale answer either')
    extension.aws.clearFaults()
    assert.deepEqual(seen(await extension.get(SECRET)), [200, 'MISS', undefined])
  })
}
