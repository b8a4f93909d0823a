// What was learnt later wins: no reader gets what is older than the last write or refresh that was answered before.

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { header } from '../../tools/wire.ts'
import { type Extension, type ExtensionOptions, startExtension } from '../artefact.ts'
import { bySdk } from '../sdk-call.ts'
import { gate } from '../gate.ts'

const P = 'PARAMETERS_SECRETS_EXTENSION_'
const ARN = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf'
const FOREIGN = 'arn:aws:secretsmanager:us-east-1:999999999999:secret:shared-AbCdEf'
const SECRET = '/secretsmanager/get?secretId='
const PARAMETER = '/systemsmanager/parameters/get?name='
const PATH = '/systemsmanager/parameters/getByPath?path='
const REFERENCE = `${PARAMETER}/aws/reference/secretsmanager/db&withDecryption=true`

function start(t: TestContext, options: ExtensionOptions = {}): Promise<Extension> {
  return startExtension(t, {
    seed: {
      secrets: {
        db: { value: 'the first password', arnSuffix: 'AbCdEf' },
        shared: { value: 'the shared password', arnSuffix: 'AbCdEf', account: '999999999999' },
      },
      parameters: {
        '/app/url': 'the first address',
        '/app/key': {
          value: 'the key in plain text',
          type: 'SecureString',
          ciphertext: 'AQICAHi8ciphertext',
        },
      },
    },
    ...options,
  })
}

/** The value, and where it came from. */
async function read(extension: Extension, target: string): Promise<string> {
  const reply = await extension.get(target)
  assert.equal(reply.status, 200, reply.body.toString())
  const { SecretString, Parameter } = JSON.parse(reply.body.toString()) as {
    SecretString?: string
    Parameter?: { Value: string }
  }
  return `${header(reply, 'X-Cache')}: ${SecretString ?? Parameter?.Value}`
}

for (const [what, env] of [
  ['by default', {}],
  ['with a cache of one', { [P + 'CACHE_SIZE']: '1' }],
  [
    'with every rule of freshness',
    { [P + 'REFRESH_AHEAD_PERCENT']: '50', [P + 'STALE_ON_ERROR_SECONDS']: '60' },
  ],
] as const) {
  test(`a path that is read without decryption answers no question with it, ${what}`, async (t) => {
    const extension = await start(t, { env })
    const key = `${PARAMETER}/app/key`
    const listed = await extension.get(`${PATH}/app&recursive=true`)
    assert.match(listed.body.toString(), /AQICAHi8ciphertext/)
    assert.match(await read(extension, `${key}&withDecryption=true`), /: the key in plain text$/)
    await extension.get(`${PATH}/app&recursive=true&refreshNow=true`)
    assert.match(await read(extension, `${key}&withDecryption=true`), /: the key in plain text$/)
    assert.match(await read(extension, key), /: AQICAHi8ciphertext$/)
    const many = '/systemsmanager/parameters/getMultiple?name=/app/key&name=/app/url&withDecryption=true'
    assert.match((await extension.get(many)).body.toString(), /the key in plain text/)
    const answered = await bySdk(extension, 'AmazonSSM.GetParameter', {
      Name: '/app/key',
      WithDecryption: true,
    })
    assert.match(answered.body.toString(), /the key in plain text/)
  })
}

test('a path that is read without decryption leaves the decrypted answers that are held', async (t) => {
  const extension = await start(t)
  await extension.get(`${PARAMETER}/app/key&withDecryption=true`)
  await extension.get(`${PATH}/app&recursive=true`)
  assert.equal(
    await read(extension, `${PARAMETER}/app/key&withDecryption=true`),
    'HIT: the key in plain text',
  )
})

const WRITES: Record<string, (extension: Extension) => Promise<unknown>> = {
  'a write of an SDK': (extension) =>
    bySdk(extension, 'AmazonSSM.PutParameter', {
      Name: '/app/url',
      Value: 'the next address',
      Overwrite: true,
    }),
  'a refresh': async (extension) => {
    extension.aws.putParameter('/app/url', 'the next address')
    await extension.get(`${PARAMETER}/app/url&refreshNow=true`)
  },
}

for (const [what, learn] of Object.entries(WRITES)) {
  test(`${what} during a read of the path above wins, and so it does during a prefetch`, async (t) => {
    for (const isPrefetch of [false, true]) {
      const { until, release } = gate()
      const extension = await start(t, {
        until: 'launched',
        env: { [P + 'PREFETCH_PARAMETERS']: isPrefetch ? '/app/' : '', [P + 'PREFETCH_WAIT_MILLIS']: '0' },
      })
      extension.aws.fault({ operation: 'GetParametersByPath' }, { until }, 1)
      await extension.lambda.initialized()
      const path = isPrefetch ? undefined : extension.get(`${PATH}/app&withDecryption=true`)
      await extension.aws.called('/app')
      await learn(extension)
      release()
      await path
      assert.match(await read(extension, `${PARAMETER}/app/url`), /: the next address$/)
      await sleep(50)
      assert.match(await read(extension, `${PARAMETER}/app/url`), /: the next address$/)
    }
  })
}

test("Parameter Store's name of a secret is dropped with it, after a write and after a refresh", async (t) => {
  const extension = await start(t)
  const values = ['a', 'b', 'c', 'd', 'e'].map((letter) => `the password ${letter.repeat(3)}`)
  const learn = [
    ...['db', ARN, ARN.slice(0, -7)].map(
      (SecretId) => (SecretString: string) =>
        bySdk(extension, 'secretsmanager.PutSecretValue', { SecretId, SecretString }),
    ),
    ...['db', ARN].map((id) => (value: string) => {
      extension.aws.putSecret('db', value)
      return extension.get(`${SECRET}${id}&refreshNow=true`)
    }),
  ]
  let before = 'the first password'
  for (const [i, value] of values.entries()) {
    assert.match(await read(extension, REFERENCE), new RegExp(`: ${before}$`))
    assert.equal(await read(extension, REFERENCE), `HIT: ${before}`)
    assert.equal((await learn[i]!(value)).status, 200)
    assert.equal(await read(extension, REFERENCE), `MISS: ${value}`)
    before = value
  }
})

test('a refresh by one spelling drops what is held by the others', async (t) => {
  const extension = await start(t)
  const spellings = ['db', ARN, ARN.slice(0, -7)]
  for (const [i, spelling] of spellings.entries()) {
    for (const one of spellings) await extension.get(SECRET + one)
    const value = `the password of round ${i}`
    extension.aws.putSecret('db', value)
    assert.equal(await read(extension, `${SECRET}${spelling}&refreshNow=true`), `MISS: ${value}`)
    for (const one of spellings) assert.match(await read(extension, SECRET + one), new RegExp(`: ${value}$`))
  }
})

test('a call drops what AWS has changed, and nothing that AWS refused', async (t) => {
  const extension = await start(t)
  for (const name of ['/app/url', '/app/key']) await extension.get(PARAMETER + name)
  const names = Array.from({ length: 9_000 }, (_, i) => `/app/url${i}`)
  const refused = await bySdk(extension, 'AmazonSSM.DeleteParameters', { Names: ['/app/url', ...names] })
  assert.equal(refused.status, 400)
  assert.equal(await read(extension, `${PARAMETER}/app/url`), 'HIT: the first address')
  const deleted = await bySdk(extension, 'AmazonSSM.DeleteParameters', { Names: ['/app/url', '/none'] })
  assert.deepEqual(JSON.parse(deleted.body.toString()), {
    DeletedParameters: ['/app/url'],
    InvalidParameters: ['/none'],
  })
  assert.equal((await extension.get(`${PARAMETER}/app/url`)).status, 400)
  assert.equal(await read(extension, `${PARAMETER}/app/key`), 'HIT: AQICAHi8ciphertext')
})

const NAMES = Array.from({ length: 11 }, (_, i) => `/other/${i}`)
const OVERWRITE = { Value: 'the next address', Overwrite: true }
for (const [what, target, input, now] of [
  ['a name with space around it', 'AmazonSSM.DeleteParameters', { Names: ['  /app/url '] }, 400],
  ['members of other calls', 'AmazonSSM.PutParameter', { Name: '/app/url', Names: NAMES, ...OVERWRITE }, 200],
  ['a secret besides', 'AmazonSSM.PutParameter', { SecretId: 'db', Name: '/app/url', ...OVERWRITE }, 200],
] as const) {
  test(`a write that AWS takes is not forgotten, by ${what}`, async (t) => {
    const extension = await start(t)
    await read(extension, `${PARAMETER}/app/url`)
    await read(extension, SECRET + 'db')
    assert.equal((await bySdk(extension, target, input)).status, 200)
    const reply = await extension.get(`${PARAMETER}/app/url`)
    assert.equal(reply.status, now)
    assert.doesNotMatch(reply.body.toString(), /the first address/)
    assert.equal(await read(extension, SECRET + 'db'), 'HIT: the first password')
  })
}

test('after a write that may have changed anything nothing is held', async (t) => {
  const extension = await start(t)
  const write11 = () => bySdk(extension, 'AmazonSSM.DeleteParameters', { Names: ['/app/url', ...NAMES] })
  await read(extension, `${PARAMETER}/app/url`)
  await read(extension, SECRET + 'db')
  assert.equal((await write11()).status, 400)
  assert.equal(await read(extension, `${PARAMETER}/app/url`), 'HIT: the first address')
  extension.aws.fault({ operation: 'DeleteParameters' }, { kind: 'reset' }, 1)
  assert.equal((await write11()).status, 503)
  assert.equal(await read(extension, `${PARAMETER}/app/url`), 'MISS: the first address')
  assert.equal(await read(extension, SECRET + 'db'), 'MISS: the first password')
})

/** A Parameter Store whose lists never end. */
async function endless(t: TestContext, page: (call: number) => object): Promise<string> {
  let calls = 0
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      response.writeHead(200, { 'Content-Type': 'application/x-amz-json-1.1' })
      response.end(JSON.stringify(page(calls++)))
    })
  }).listen(0, '127.0.0.1')
  await new Promise((listening) => server.once('listening', listening))
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const value = 'x'.repeat(4_000)
const tenOf = (call: number) =>
  Array.from({ length: 10 }, (_, i) => ({ Name: `/app/${call}-${i}`, Type: 'String', Value: value }))
const BOUNDS: Record<string, [page: (call: number) => object, bound: RegExp, calls: number]> = {
  'the same token again': [() => ({ Parameters: [], NextToken: 'same' }), /AWS repeats a NextToken/, 2],
  'two tokens in turn': [
    (call) => ({ Parameters: [], NextToken: `t${call % 2}` }),
    /AWS repeats a NextToken/,
    3,
  ],
  'large pages': [
    (call) => ({ Parameters: tenOf(call), NextToken: `t${call}` }),
    /more than 16777216 bytes/,
    396,
  ],
  'long tokens': [
    (call) => ({ Parameters: [], NextToken: `${call}${'t'.repeat(1_000_000)}` }),
    /more than 16777216 bytes/,
    17,
  ],
}

for (const [what, [page, bound, most]] of Object.entries(BOUNDS)) {
  test(`a list without an end is given up, with ${what}`, async (t) => {
    let calls = 0
    const url = await endless(t, (call) => {
      calls = call + 1
      return page(call)
    })
    const extension = await start(t, { env: { AWS_ENDPOINT_URL_SSM: url } })
    const reply = await extension.get(`${PATH}/app`)
    assert.deepEqual([reply.status, header(reply, 'X-Amzn-ErrorType')], [400, 'ListTooLong'])
    assert.match(header(reply, 'X-Amzn-ErrorMessage') ?? '', bound)
    assert.ok(calls <= most, `${calls} calls`)
    const answered = await bySdk(extension, 'AmazonSSM.GetParametersByPath', { Path: '/app' })
    assert.equal(answered.status, 400, 'an SDK does not try it again')
    assert.match(answered.body.toString(), /"__type":"ListTooLong"/)
    assert.equal(await read(extension, SECRET + 'db'), 'MISS: the first password')
  })
}

test('the time of Parameter Store is that of a whole list', async (t) => {
  const url = await endless(t, (call) => ({ Parameters: [], NextToken: `t${call}` }))
  const env = { AWS_ENDPOINT_URL_SSM: url, SSM_PARAMETER_STORE_TIMEOUT_MILLIS: '200' }
  const extension = await start(t, { env })
  const reply = await extension.get(`${PATH}/app`)
  assert.deepEqual([reply.status, header(reply, 'X-Amzn-ErrorType')], [400, 'TimeoutError'])
  assert.match(
    header(reply, 'X-Amzn-ErrorMessage') ?? '',
    /not whole within 200 ms|did not answer within 200 ms/,
  )
  assert.equal(await read(extension, SECRET + 'db'), 'MISS: the first password')
})

test('a prefetch of a list without an end settles, and what is below it can be read', async (t) => {
  const url = await endless(t, (call) =>
    call > 3 ? { Parameter: { Name: '/app/x', Value: 'below' } } : { Parameters: [], NextToken: 'same' },
  )
  const extension = await start(t, {
    env: { AWS_ENDPOINT_URL_SSM: url, [P + 'PREFETCH_PARAMETERS']: '/app/', AWS_MAX_ATTEMPTS: '1' },
  })
  await extension.logged(/WARN prefetch failed: .*AWS repeats a NextToken \(path=\/app\/\)/)
  for (let status = 0; status !== 200;) ({ status } = await extension.get(`${PARAMETER}/app/x`))
})

test('a long list leaves what is read often in the cache', async (t) => {
  const names = Array.from({ length: 100 }, (_, i) => `/long/${i}`)
  const extension = await start(t, {
    seed: {
      secrets: Object.fromEntries(
        names.slice(0, 8).map((name, i) => [`hot${i}`, `the hot value of ${name}`]),
      ),
      parameters: Object.fromEntries(names.map((name) => [name, `a value of ${name}`])),
    },
    env: { [P + 'CACHE_SIZE']: '20' },
  })
  const hot = Array.from({ length: 8 }, (_, i) => `${SECRET}hot${i}`)
  for (const target of hot) await extension.get(target)
  for (const path of ['/long', '/long/', '/']) {
    const { Parameters } = JSON.parse(
      (await extension.get(`${PATH}${path}&recursive=true`)).body.toString(),
    ) as {
      Parameters: unknown[]
    }
    assert.ok(Parameters.length >= 100)
    for (const target of hot) assert.match(await read(extension, target), /^HIT/, path)
  }
})

const ROLE = 'arn:aws:iam::111122223333:role/reader'
const OF_ROLE = { seed: { secrets: { db: { value: 'the password of the role' } } } }
for (const [what, env] of [
  ['by default', {}],
  ['with one connection', { [P + 'MAX_CONNECTIONS']: '1' }],
] as const) {
  test(`after a freeze nobody waits for a call from before it, ${what}`, async (t) => {
    const extension = await start(t, { env })
    extension.aws.fault({ name: 'db' }, { kind: 'hang' }, 1)
    let isOver = false
    const before = extension.get(SECRET + 'db').then(() => (isOver = true))
    await extension.aws.called('db')
    await extension.lambda.freeze()
    await sleep(1_500)
    extension.lambda.thaw()
    assert.equal(await read(extension, SECRET + 'db'), 'MISS: the first password')
    assert.equal(isOver, false, 'the call from before is still waited for')
    assert.equal(await read(extension, SECRET + 'db'), 'HIT: the first password')
    assert.equal(extension.aws.calls('db'), 2)
    before.catch(() => undefined)
  })

  test(`after a freeze nobody waits for the credentials of a role from before it, ${what}`, async (t) => {
    const extension = await start(t, {
      env: { ...env, [P + 'ROLE_ARNS']: ROLE },
      aws: { roles: { [ROLE]: OF_ROLE } },
    })
    const target = `${SECRET}db&roleArn=${ROLE}`
    extension.aws.fault({ operation: 'AssumeRole' }, { kind: 'hang' }, 1)
    let isOver = false
    const before = extension.get(target).then(() => (isOver = true))
    await extension.aws.called(ROLE)
    await extension.lambda.freeze()
    await sleep(1_500)
    extension.lambda.thaw()
    assert.equal(await read(extension, target), 'MISS: the password of the role')
    assert.equal(isOver, false, 'the call from before is still waited for')
    assert.equal(await read(extension, target), 'HIT: the password of the role')
    assert.equal(extension.aws.calls(ROLE), 2)
    before.catch(() => undefined)
  })
}

test("another account's secret is read in a batch, and what a batch refuses says nothing to a single read", async (t) => {
  const extension = await start(t, { env: { [P + 'NEGATIVE_TTL_SECONDS']: '60' } })
  const reply = await extension.get(
    `/secretsmanager/getMultiple?secretId=db&secretId=${FOREIGN}&secretId=none`,
  )
  const { SecretValues, Errors } = JSON.parse(reply.body.toString()) as {
    SecretValues: { SecretString: string }[]
    Errors: { SecretId: string; ErrorCode: string }[]
  }
  assert.deepEqual(
    SecretValues.map(({ SecretString }) => SecretString),
    ['the first password', 'the shared password'],
  )
  assert.deepEqual(
    Errors.map(({ SecretId, ErrorCode }) => [SecretId, ErrorCode]),
    [['none', 'ResourceNotFoundException']],
  )
  assert.equal(await read(extension, SECRET + FOREIGN), 'HIT: the shared password')
})

test("another account's secret is prefetched in a batch", async (t) => {
  const extension = await start(t, {
    env: {
      [P + 'PREFETCH_SECRETS']: `db ${FOREIGN}`,
      [P + 'PREFETCH_BATCH']: 'TRUE',
      [P + 'PREFETCH_WAIT_MILLIS']: '5000',
    },
  })
  assert.equal(await read(extension, SECRET + FOREIGN), 'HIT: the shared password')
  assert.equal(await read(extension, SECRET + 'db'), 'HIT: the first password')
})
