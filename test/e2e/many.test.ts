import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { startExtension, type ExtensionOptions } from '../artefact.ts'
import { header } from '../../tools/wire.ts'

const SECRETS = '/secretsmanager/getMultiple?'
const PARAMETERS = '/systemsmanager/parameters/getMultiple?'
const PATH = '/systemsmanager/parameters/getByPath?'

const names = (count: number) => Array.from({ length: count }, (_, i) => `n${String(i).padStart(3, '0')}`)
const valueOf = (name: string) => `the value of ${name}`

/** A hundred secrets and parameters, and a few parameters below /app. */
function start(t: TestContext, options: ExtensionOptions = {}) {
  const all = names(100).map((name) => [name, valueOf(name)] as const)
  return startExtension(t, {
    seed: {
      secrets: { ...Object.fromEntries(all), blob: { binary: 'AP/+AP/+AP/+AP/+' } },
      parameters: {
        ...Object.fromEntries(all.map(([name, value]) => [`/all/${name}`, value])),
        '/app/a': 'the value of a',
        '/app/key': { value: 'the key itself', type: 'SecureString' },
        '/app/deep/c': 'the value of c',
      },
    },
    ...options,
  })
}

const json = (reply: { body: Buffer }) => JSON.parse(reply.body.toString()) as Record<string, never>

test('many secrets come in one body and few calls, and are hits afterwards, also one by one', async (t) => {
  const extension = await start(t)
  const target =
    SECRETS +
    names(45)
      .map((name) => `secretId=${name}`)
      .join('&')
  const first = await extension.get(target)
  assert.deepEqual([first.status, header(first, 'X-Cache')], [200, 'MISS'])
  const body = json(first) as unknown as { SecretValues: { Name: string; SecretString: string }[] }
  assert.deepEqual(Object.keys(body), ['Errors', 'NextToken', 'SecretValues', 'ResultMetadata'])
  assert.deepEqual(
    body.SecretValues.map(({ Name, SecretString }) => [Name, SecretString]),
    names(45).map((name) => [name, valueOf(name)]),
  )
  assert.equal(extension.aws.calls(), 3)
  const second = await extension.get(target)
  assert.deepEqual([header(second, 'X-Cache'), second.body.equals(first.body)], ['HIT', true])
  assert.equal(header(await extension.get('/secretsmanager/get?secretId=n044'), 'X-Cache'), 'HIT')
  assert.equal(extension.aws.calls(), 3)
})

test('what is held is not asked again, and what is under way is joined', async (t) => {
  const extension = await start(t)
  await extension.get('/secretsmanager/get?secretId=n000')
  extension.aws.fault({}, { kind: 'delay', delayMs: 200 })
  const single = extension.get('/secretsmanager/get?secretId=n001')
  await extension.aws.called('n001')
  const many = await extension.get(`${SECRETS}secretId=n000&secretId=n001&secretId=n002`)
  assert.equal((await single).status, 200)
  assert.deepEqual([many.status, header(many, 'X-Cache')], [200, 'MISS'])
  assert.deepEqual(
    names(3).map((name) => extension.aws.calls(name)),
    [1, 1, 1],
  )
})

test('a thousand callers of the same many make one call', async (t) => {
  const extension = await start(t)
  extension.aws.fault({}, { kind: 'delay', delayMs: 300 })
  const target = `${PARAMETERS}name=/all/n000&name=/all/n001`
  const replies = await Promise.all(Array.from({ length: 300 }, () => extension.get(target)))
  assert.ok(replies.every(({ status }) => status === 200))
  assert.equal(extension.aws.calls(), 1)
})

test('secrets that fail are listed beside those that do not', async (t) => {
  const extension = await start(t)
  extension.aws.deny('n001')
  const reply = await extension.get(`${SECRETS}secretId=n000&secretId=none&secretId=n001&secretId=blob`)
  assert.equal(reply.status, 200)
  const { Errors, SecretValues } = json(reply) as unknown as {
    Errors: { SecretId: string; ErrorCode: string; Message: string }[]
    SecretValues: { Name: string; SecretBinary: string | null }[]
  }
  assert.deepEqual(
    Errors.map(({ SecretId, ErrorCode }) => [SecretId, ErrorCode]),
    [
      ['none', 'ResourceNotFoundException'],
      ['n001', 'AccessDeniedException'],
    ],
  )
  assert.deepEqual(
    SecretValues.map(({ Name, SecretBinary }) => [Name, SecretBinary]),
    [
      ['n000', null],
      ['blob', 'AP/+AP/+AP/+AP/+'],
    ],
  )
})

test('where nothing can be had the failure is that of a single read', async (t) => {
  const extension = await start(t)
  const secrets = await extension.get(`${SECRETS}secretId=none&secretId=neither`)
  assert.deepEqual([secrets.status, header(secrets, 'X-Amzn-ErrorType')], [400, 'ResourceNotFoundException'])
  const parameters = await extension.get(`${PARAMETERS}name=/none&name=/neither`)
  assert.deepEqual([parameters.status, header(parameters, 'X-Amzn-ErrorType')], [400, 'ParameterNotFound'])
  extension.aws.deny('/all/n000')
  const denied = await extension.get(`${PARAMETERS}name=/all/n000&name=/all/n001`)
  assert.deepEqual([denied.status, header(denied, 'X-Amzn-ErrorType')], [400, 'AccessDeniedException'])
  assert.equal((await extension.get(`${PARAMETERS}name=/all/n001`)).status, 200)
})

test('parameters that do not exist are listed, and a batch that is refused is asked one by one', async (t) => {
  const extension = await start(t)
  const reply = await extension.get(`${PARAMETERS}name=/app/key&name=/none&name=/app/a&withDecryption=true`)
  const { InvalidParameters, Parameters } = json(reply) as unknown as {
    InvalidParameters: string[]
    Parameters: { Name: string; Value: string }[]
  }
  assert.deepEqual(InvalidParameters, ['/none'])
  assert.deepEqual(
    Parameters.map(({ Name, Value }) => [Name, Value]),
    [
      ['/app/key', 'the key itself'],
      ['/app/a', 'the value of a'],
    ],
  )
  const encrypted = await extension.get(`${PARAMETERS}name=/app/key&name=/app/a`)
  assert.ok(!encrypted.body.includes('the key itself'))
  const code = 'AccessDeniedException'
  extension.aws.fault({ operation: 'BatchGetSecretValue' }, { kind: 'error', code })
  assert.equal((await extension.get(`${SECRETS}secretId=n010&secretId=n011`)).status, 200)
})

for (const kind of ['throttle', 'unavailable'] as const) {
  test(`a batch that fails by ${kind} costs no call for each name, and the next request works`, async (t) => {
    const extension = await start(t, { env: { AWS_MAX_ATTEMPTS: '1' } })
    for (const [operation, target, list] of [
      ['BatchGetSecretValue', `${SECRETS}secretId=n010&secretId=n011`, 'SecretValues'],
      ['GetParameters', `${PARAMETERS}name=/all/n001&name=/all/n002`, 'Parameters'],
    ] as const) {
      extension.aws.resetCounts()
      extension.aws.fault({ operation }, { kind })
      const failed = await extension.get(target)
      const type = kind === 'throttle' ? 'ThrottlingException' : 'ServiceUnavailable'
      assert.deepEqual([failed.status, header(failed, 'X-Amzn-ErrorType')], [400, type])
      assert.equal(extension.aws.calls(), 1)
      extension.aws.clearFaults()
      const next = await extension.get(target)
      assert.equal((json(next) as Record<string, unknown[]>)[list]?.length, 2)
    }
  })
}

test('refreshNow fetches all anew, in a batch', async (t) => {
  const extension = await start(t)
  const target = `${PARAMETERS}name=/app/a&name=/all/n001`
  await extension.get(target)
  extension.aws.putParameter('/app/a', 'the next value of a')
  assert.equal(header(await extension.get(target), 'X-Cache'), 'HIT')
  const fresh = await extension.get(`${target}&refreshNow=true`)
  assert.match(fresh.body.toString(), /the next value of a/)
  assert.equal(extension.aws.calls(), 2)
})

test('all below a path come from all pages, and each is held by itself', async (t) => {
  const extension = await start(t)
  const first = await extension.get(`${PATH}path=/all`)
  const { Parameters } = json(first) as unknown as { Parameters: { Name: string }[] }
  assert.deepEqual(
    Parameters.map(({ Name }) => Name),
    names(100).map((name) => `/all/${name}`),
  )
  const calls = extension.aws.calls()
  const second = await extension.get(`${PATH}path=/all`)
  assert.deepEqual([header(second, 'X-Cache'), second.body.equals(first.body)], ['HIT', true])
  const single = await extension.get('/systemsmanager/parameters/get?name=/all/n042')
  assert.deepEqual([single.status, header(single, 'X-Cache')], [200, 'HIT'])
  assert.equal(extension.aws.calls(), calls)
})

test('a path is read with its first level or all below, with decryption or without', async (t) => {
  const extension = await start(t)
  const read = async (query: string) => {
    const reply = await extension.get(`${PATH}path=/app${query}`)
    const { Parameters } = json(reply) as unknown as { Parameters: { Name: string; Value: string }[] }
    return Parameters
  }
  assert.deepEqual(
    (await read('')).map(({ Name }) => Name),
    ['/app/a', '/app/key'],
  )
  const all = await read('&recursive=true&withDecryption=true')
  assert.deepEqual(
    all.map(({ Name }) => Name),
    ['/app/a', '/app/deep/c', '/app/key'],
  )
  assert.equal(all[2]?.Value, 'the key itself')
  const empty = await extension.get(`${PATH}path=/nothing/here`)
  assert.deepEqual(json(empty), { NextToken: null, Parameters: [], ResultMetadata: {} })
})

test('the bare value and one member of it are ready bytes from the second time on', async (t) => {
  const extension = await startExtension(t, {
    seed: {
      secrets: { db: { value: '{"user": "ann-of-the-database", "port": 5432.0, "in": {"a/b": [null]}}' } },
      parameters: { '/plain': 'a plain value, é' },
    },
  })
  const get = async (query: string) => {
    const reply = await extension.get(`/secretsmanager/get?secretId=db&${query}`)
    return [reply.status, header(reply, 'X-Cache'), reply.body.toString()]
  }
  assert.deepEqual(await get('jsonKey=user'), [200, 'MISS', 'ann-of-the-database'])
  assert.deepEqual(await get('jsonKey=user'), [200, 'HIT', 'ann-of-the-database'])
  assert.deepEqual(await get('jsonKey=port'), [200, 'HIT', '5432.0'])
  assert.deepEqual(await get('jsonKey=/in/a~1b/0'), [200, 'HIT', 'null'])
  const missing = await extension.get('/secretsmanager/get?secretId=db&jsonKey=Password')
  assert.deepEqual(
    [missing.status, header(missing, 'X-Amzn-ErrorType'), missing.body.toString()],
    [400, 'JsonKeyNotFound', 'the JSON of the value has no "Password"'],
  )
  const plain = await extension.get('/systemsmanager/parameters/get?name=/plain&format=value')
  assert.deepEqual(
    [plain.body.toString(), header(plain, 'Content-Type')],
    ['a plain value, é', 'text/plain; charset=utf-8'],
  )
  const notJson = await extension.get('/systemsmanager/parameters/get?name=/plain&jsonKey=a')
  assert.deepEqual([notJson.status, header(notJson, 'X-Amzn-ErrorType')], [400, 'InvalidJson'])
  assert.equal(extension.aws.calls(), 2)
})

test('a rotated secret gives its new member once the old one has expired', async (t) => {
  const extension = await startExtension(t, {
    seed: { secrets: { db: { value: '{"password": "the first password"}' } } },
    env: { SECRETS_MANAGER_TTL: '1' },
  })
  const read = async () =>
    (await extension.get('/secretsmanager/get?secretId=db&jsonKey=password')).body.toString()
  assert.equal(await read(), 'the first password')
  extension.aws.putSecret('db', '{"password": "the second password"}')
  const deadline = Date.now() + 10_000
  while ((await read()) !== 'the second password') assert.ok(Date.now() < deadline)
})
