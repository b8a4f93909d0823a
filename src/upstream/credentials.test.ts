import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import test, { type TestContext } from 'node:test'
import { inspect } from 'node:util'
import { startAws } from '../../local/emulators/aws/index.ts'
import { UpstreamError } from '../errors.ts'
import { secretLookup } from '../lookup.ts'
import { bodyOf } from '../../test/body-of.ts'
import { settingsFor } from '../../test/upstream-settings.ts'
import { createUpstream } from './index.ts'
import type { ContainerSettings } from '../config/upstream.ts'

const SECRET = secretLookup('a')
const NO_EXPIRY = '0001-01-01T00:00:00Z'
const START = Date.parse('2026-11-23T12:00:00Z')

function keys(n: number) {
  return { accessKeyId: `ASIALOCAL${n}`, secretAccessKey: `MARKER-${n}`, sessionToken: `MARKER-token-${n}` }
}

/**
 * A container endpoint whose answer the test sets, an AWS that knows keys 1 and 2, and the upstream part between them.
 */
async function setUp(t: TestContext, container: Partial<ContainerSettings> = {}) {
  t.mock.timers.enable({ apis: ['Date'], now: START })
  const endpoint = { reads: 0, status: 200, body: '' }
  const server = createServer((req, res) => {
    endpoint.reads++
    const isAllowed = req.headers.authorization === 'letmein'
    res.writeHead(isAllowed ? endpoint.status : 404).end(isAllowed ? endpoint.body : 'who are you')
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const aws = await startAws({ seed: { secrets: { a: { value: 'x' } } }, credentials: [keys(1), keys(2)] })
  const upstream = createUpstream(
    settingsFor(aws.url, {
      credentials: undefined,
      container: {
        fullUri: `http://127.0.0.1:${(server.address() as AddressInfo).port}/credentials`,
        relativeUri: undefined,
        authorizationToken: 'letmein',
        authorizationTokenFile: undefined,
        ...container,
      },
    }),
  )
  t.after(async () => {
    upstream.reset()
    server.close()
    await aws.close()
  })
  const give = (n: number, expiration: unknown = NO_EXPIRY) => {
    const { accessKeyId, secretAccessKey, sessionToken } = keys(n)
    const answer = { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token: sessionToken }
    endpoint.body = JSON.stringify({ ...answer, Expiration: expiration })
  }
  const at = (ms: number) => t.mock.timers.setTime(START + ms)
  const expiresIn = (ms: number) => new Date(START + ms).toISOString()
  return { aws, upstream, endpoint, give, at, expiresIn }
}

async function credentialsFailure(promise: Promise<unknown>): Promise<string> {
  const error = await promise.catch((reason: unknown) => reason)
  assert.ok(error instanceof UpstreamError, inspect(error))
  assert.equal(error.code, 'CredentialsError')
  assert.doesNotMatch(inspect(error, { showHidden: true }), /MARKER|letmein/)
  return error.reason
}

test('the container endpoint is asked once for calls that come at once', async (t) => {
  const { aws, upstream, endpoint, give } = await setUp(t)
  give(1)
  await Promise.all(Array.from({ length: 5 }, () => upstream.fetch(SECRET)))
  assert.equal(endpoint.reads, 1)
  assert.equal(aws.requests[0]?.accessKeyId, 'ASIALOCAL1')
  assert.deepEqual(await upstream.sessionTokens(), ['MARKER-token-1'])
})

for (const expiration of [NO_EXPIRY, 'soon', undefined, 12]) {
  test(`an Expiration of ${inspect(expiration)} means unknown: kept for five minutes`, async (t) => {
    const { upstream, endpoint, give, at } = await setUp(t)
    give(1, expiration)
    await upstream.fetch(SECRET)
    at(4.9 * 60_000)
    await upstream.fetch(SECRET)
    assert.equal(endpoint.reads, 1)
    at(5.1 * 60_000)
    await upstream.fetch(SECRET)
    assert.equal(endpoint.reads, 2)
  })
}

test('credentials are requested again five minutes before they expire', async (t) => {
  const { aws, upstream, endpoint, give, at, expiresIn } = await setUp(t)
  give(1, expiresIn(3_600_000))
  await upstream.fetch(SECRET)
  give(2, expiresIn(7_200_000))
  at(54 * 60_000)
  await upstream.fetch(SECRET)
  assert.equal(endpoint.reads, 1)
  at(56 * 60_000)
  await upstream.fetch(SECRET)
  assert.equal(endpoint.reads, 2)
  assert.equal(aws.requests.at(-1)?.accessKeyId, 'ASIALOCAL2')
})

test('credentials that are still good outlive a failing endpoint', async (t) => {
  const { upstream, endpoint, give, at, expiresIn } = await setUp(t)
  give(1, expiresIn(3_600_000))
  await upstream.fetch(SECRET)
  endpoint.status = 500
  at(58 * 60_000)
  assert.match(await bodyOf(upstream.fetch(SECRET)), /"SecretString":"x"/)
  at(61 * 60_000)
  assert.match(await credentialsFailure(upstream.fetch(SECRET)), /answered 500/)
})

test('credentials that AWS calls expired are replaced within the call', async (t) => {
  const { aws, upstream, endpoint, give } = await setUp(t)
  give(1)
  await upstream.fetch(SECRET)
  aws.expireCredentials('ASIALOCAL1')
  give(2)
  assert.match(await bodyOf(upstream.fetch(SECRET)), /"SecretString":"x"/)
  assert.equal(endpoint.reads, 2)
  assert.equal(aws.calls(), 3)
})

test('where the endpoint has nothing newer, AWS is not asked again and its own words are reported', async (t) => {
  const { aws, upstream, give } = await setUp(t)
  give(1)
  aws.expireCredentials('ASIALOCAL1')
  const error = await upstream.fetch(SECRET).catch((reason: unknown) => reason)
  assert.ok(error instanceof UpstreamError)
  assert.equal(error.code, 'ExpiredTokenException')
  assert.equal(aws.calls(), 1)
})

test('a token that was replaced counts until its credentials expire, and the one before that too', async (t) => {
  const { upstream, give, at, expiresIn } = await setUp(t)
  const tokens = (): Promise<readonly string[]> => upstream.sessionTokens()
  give(1, expiresIn(60 * 60_000))
  assert.deepEqual(await tokens(), ['MARKER-token-1'])
  give(2, expiresIn(120 * 60_000))
  at(57 * 60_000)
  assert.deepEqual(await tokens(), ['MARKER-token-2', 'MARKER-token-1'])
  at(59 * 60_000)
  give(3, expiresIn(130 * 60_000))
  await upstream.renewCredentials()
  assert.deepEqual(
    await tokens(),
    [3, 2, 1].map((n) => `MARKER-token-${n}`),
  )
  give(4, expiresIn(140 * 60_000))
  await upstream.renewCredentials()
  await upstream.renewCredentials()
  assert.deepEqual(
    await tokens(),
    [4, 3, 2].map((n) => `MARKER-token-${n}`),
  )
  at(121 * 60_000)
  assert.deepEqual(await tokens(), ['MARKER-token-4', 'MARKER-token-3'])
})

test('a token whose credentials AWS calls expired counts for another minute', async (t) => {
  const { aws, upstream, give, at } = await setUp(t)
  give(1, new Date(START + 1_000).toISOString())
  await upstream.fetch(SECRET)
  aws.expireCredentials('ASIALOCAL1')
  at(2_000)
  give(2)
  await upstream.fetch(SECRET)
  assert.deepEqual(await upstream.sessionTokens(), ['MARKER-token-2', 'MARKER-token-1'])
  at(63_000)
  assert.deepEqual(await upstream.sessionTokens(), ['MARKER-token-2'])
})

test('where the endpoint fails the last token counts, because no client has a newer one', async (t) => {
  const { upstream, endpoint, give, at, expiresIn } = await setUp(t)
  give(1, expiresIn(60_000))
  await upstream.sessionTokens()
  endpoint.status = 500
  at(120_000)
  assert.deepEqual(await upstream.sessionTokens(), ['MARKER-token-1'])
  upstream.reset()
  await credentialsFailure(upstream.sessionTokens())
})

test('credentials that are good still are kept where the endpoint fails while it is asked for newer ones', async (t) => {
  const { aws, upstream, endpoint, give, expiresIn } = await setUp(t)
  give(1, expiresIn(3_600_000))
  await upstream.fetch(SECRET)
  endpoint.status = 500
  await credentialsFailure(upstream.renewCredentials())
  assert.match(await bodyOf(upstream.fetch(SECRET)), /"SecretString":"x"/)
  assert.equal(aws.requests.at(-1)?.accessKeyId, 'ASIALOCAL1')
})

test('after a reset the endpoint is asked anew', async (t) => {
  const { aws, upstream, give } = await setUp(t)
  give(1)
  await upstream.fetch(SECRET)
  give(2)
  upstream.reset()
  await upstream.fetch(SECRET)
  assert.equal(aws.requests.at(-1)?.accessKeyId, 'ASIALOCAL2')
})

test('an endpoint that fails twice is asked a third time', async (t) => {
  const { upstream, endpoint, give } = await setUp(t)
  give(1)
  endpoint.status = 500
  const reading = upstream.fetch(SECRET)
  while (endpoint.reads < 2) await new Promise(setImmediate)
  endpoint.status = 200
  assert.match(await bodyOf(reading), /"SecretString":"x"/)
})

test('nothing of an unreadable answer of the endpoint gets out', async (t) => {
  const { upstream, endpoint } = await setUp(t)
  for (const body of ['MARKER', '{"AccessKeyId":"MARKER"', '"MARKER"', 'null', '{"AccessKeyId":"MARKER"}']) {
    endpoint.body = body
    assert.match(await credentialsFailure(upstream.fetch(SECRET)), /not of the documented form/)
  }
})

test('plain HTTP to another machine is refused', async (t) => {
  const { upstream } = await setUp(t, { fullUri: 'http://192.0.2.1/credentials' })
  assert.match(
    await credentialsFailure(upstream.sessionTokens()),
    /must be HTTPS, a loopback or a link-local/,
  )
})

test('a token file that cannot be read is a CredentialsError', async (t) => {
  const { upstream } = await setUp(t, { authorizationTokenFile: './missing' })
  assert.match(await credentialsFailure(upstream.fetch(SECRET)), /TOKEN_FILE cannot be read/)
})

test('no credentials at all are a CredentialsError', async () => {
  const upstream = createUpstream(settingsFor('http://127.0.0.1:1', { credentials: undefined }))
  assert.match(await credentialsFailure(upstream.fetch(SECRET)), /no credentials in the environment/)
})

test('credentials of the environment win, and AWS calling them expired is reported as it is', async (t) => {
  const aws = await startAws({ seed: { secrets: { a: { value: 'x' } } } })
  t.after(() => aws.close())
  const upstream = createUpstream(settingsFor(aws.url))
  assert.deepEqual(await upstream.sessionTokens(), ['local-token'])
  aws.expireCredentials('ASIALOCALLOCALLOCAL1')
  await assert.rejects(upstream.fetch(SECRET), { code: 'ExpiredTokenException' })
  assert.equal(aws.calls(), 1)
  upstream.reset()
})
