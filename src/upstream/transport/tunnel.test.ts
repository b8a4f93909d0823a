import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { UpstreamSettings } from '../../config/upstream.ts'
import { UpstreamError } from '../../errors.ts'
import { secretLookup } from '../../lookup.ts'
import { startAws, testTls } from '../../../local/emulators/aws/index.ts'
import { bodyOf } from '../../../test/body-of.ts'
import { startConnectProxy } from '../../../test/connect-proxy.ts'
import { upstreamBuilds, type UpstreamBuild } from '../../../test/upstream-builds.ts'
import { settingsFor } from '../../../test/upstream-settings.ts'

// Through a proxy, with TLS and without. `localhost.` with a dot is a name that the certificate holds, and no address
// that is always reached directly.

const SECRET = secretLookup('a')
const AUTHORIZATION = `Basic ${Buffer.from('user:MARKER-password').toString('base64')}`

interface Options {
  readonly secure?: boolean
  readonly authorization?: string
  readonly changes?: Partial<UpstreamSettings>
}

async function setUp(
  t: TestContext,
  build: UpstreamBuild,
  { secure = true, authorization, changes }: Options = {},
) {
  const aws = await startAws({ seed: { secrets: { a: 'MARKER-secret' } }, ...(secure && { tls: testTls() }) })
  const proxy = await startConnectProxy(aws.port, authorization)
  const url = `http://user:MARKER-password@127.0.0.1:${proxy.port}`
  const endpoint = `${secure ? 'https' : 'http'}://localhost.:${aws.port}`
  const upstream = build.createUpstream(
    settingsFor(endpoint, {
      caBundle: testTls().caPath,
      proxy: { https: url, http: url, noProxy: '' },
      ...changes,
    }),
  )
  t.after(async () => {
    upstream.reset()
    await proxy.close()
    await aws.close()
  })
  return { aws, proxy, upstream, endpoint }
}

async function failureOf(promise: Promise<unknown>): Promise<UpstreamError> {
  const error: unknown = await promise.catch((reason: unknown) => reason)
  assert.ok(error instanceof UpstreamError)
  assert.doesNotMatch(error.report + error.reason + error.stack, /MARKER/)
  return error
}

for (const build of upstreamBuilds()) {
  for (const secure of [true, false]) {
    test(`${build.name}: a call goes through the proxy, and the next one over the same tunnel (TLS: ${secure})`, async (t) => {
      const { aws, proxy, upstream } = await setUp(t, build, { secure, authorization: AUTHORIZATION })
      for (let i = 0; i < 3; i++) assert.match(await bodyOf(upstream.fetch(SECRET)), /MARKER-secret/)
      assert.deepEqual(proxy.targets, [`localhost.:${aws.port}`])
      assert.deepEqual(proxy.authorizations, [AUTHORIZATION])
      assert.equal(aws.connections(), 1)
    })
  }

  test(`${build.name}: no more tunnels are open at once than connections are allowed`, async (t) => {
    const { aws, proxy, upstream } = await setUp(t, build, { changes: { maxConnections: 2 } })
    aws.fault({}, { kind: 'delay', delayMs: 30 })
    await Promise.all(Array.from({ length: 10 }, () => upstream.fetch(SECRET)))
    assert.equal(proxy.targets.length, 2)
    assert.equal(aws.peakConnections(), 2)
  })

  test(`${build.name}: calls wait for the one tunnel in turn`, async (t) => {
    const { aws, upstream } = await setUp(t, build, { changes: { maxConnections: 1, maxAttempts: 1 } })
    aws.fault({}, { kind: 'delay', delayMs: 100 }, 1)
    const [first, second] = await Promise.all([upstream.fetch(SECRET), upstream.fetch(SECRET)])
    assert.ok(first !== second)
    assert.equal(aws.peakConcurrency(), 1)
  })

  test(`${build.name}: a tunnel that idled through a freeze is not used again`, async (t) => {
    const { proxy, upstream } = await setUp(t, build)
    await upstream.fetch(SECRET)
    const now = Date.now()
    t.mock.method(Date, 'now', () => now + 60_000)
    await upstream.fetch(SECRET)
    assert.equal(proxy.targets.length, 2)
  })

  test(`${build.name}: an address of this machine is asked directly, whatever the proxy`, async (t) => {
    const aws = await startAws({ seed: { secrets: { a: 'MARKER-secret' } }, tls: testTls() })
    const proxy = { https: 'http://127.0.0.1:9', http: undefined, noProxy: '' }
    const upstream = build.createUpstream(settingsFor(aws.url, { caBundle: testTls().caPath, proxy }))
    t.after(() => (upstream.reset(), aws.close()))
    assert.match(await bodyOf(upstream.fetch(SECRET)), /MARKER-secret/)
  })

  test(`${build.name}: a proxy that wants another password is named, and nothing of ours is`, async (t) => {
    const { upstream } = await setUp(t, build, { authorization: 'Basic another' })
    const error = await failureOf(upstream.fetch(SECRET))
    assert.equal(error.code, 'ConnectionError')
    assert.match(error.reason, /the proxy refused the connection \(PROXY_REFUSED_407\)$/)
  })

  for (const [behaviour, pattern] of [
    ['refuse', /PROXY_REFUSED_403/],
    ['stall', /no connection in time \(ETIMEDOUT\)/],
    ['talk nonsense', /the proxy does not speak HTTP/],
    ['hang up', /the connection broke/],
  ] as const) {
    test(`${build.name}: a proxy that will ${behaviour} is a failed connection, and the next call works`, async (t) => {
      const { proxy, upstream } = await setUp(t, build, { changes: { maxAttempts: 1 } })
      proxy.behaviour = behaviour
      const error = await failureOf(upstream.fetch(SECRET))
      assert.equal(error.code, 'ConnectionError')
      assert.match(error.reason, pattern)
      proxy.behaviour = 'serve'
      assert.match(await bodyOf(upstream.fetch(SECRET)), /MARKER-secret/)
    })
  }

  test(`${build.name}: a proxy that dies while AWS answers costs the call another attempt`, async (t) => {
    const { aws, proxy, upstream } = await setUp(t, build)
    aws.fault({}, { kind: 'delay', delayMs: 300 }, 1)
    const body = bodyOf(upstream.fetch(SECRET))
    await aws.called('a', 1)
    proxy.cut()
    assert.match(await body, /MARKER-secret/)
    assert.equal(proxy.targets.length, 2)
  })

  test(`${build.name}: a proxy that is not there is a failed connection`, async (t) => {
    const { upstream } = await setUp(t, build, {
      changes: { proxy: { https: 'http://127.0.0.1:9', http: undefined, noProxy: '' }, maxAttempts: 1 },
    })
    assert.equal((await failureOf(upstream.fetch(SECRET))).code, 'ConnectionError')
  })

  test(`${build.name}: where the issuer is in the system's store alone, one call finds it there`, async (t) => {
    const { aws, upstream } = await setUp(t, build, {
      changes: { caBundle: undefined, certFile: testTls().caPath, maxAttempts: 1 },
    })
    assert.match(await bodyOf(upstream.fetch(SECRET)), /MARKER-secret/)
    assert.match(await bodyOf(upstream.fetch(SECRET)), /MARKER-secret/)
    assert.equal(aws.calls(), 2)
  })

  test(`${build.name}: an issuer that is in no store stays unknown`, async (t) => {
    const { aws, upstream } = await setUp(t, build, { changes: { caBundle: undefined } })
    assert.equal((await failureOf(upstream.fetch(SECRET))).code, 'TlsError')
    assert.equal((await failureOf(upstream.fetch(SECRET))).code, 'TlsError')
    assert.equal(aws.calls(), 0)
  })

  test(`${build.name}: with AWS_CA_BUNDLE the system's store is not asked`, async (t) => {
    const { upstream } = await setUp(t, build, {
      changes: { caBundle: '/etc/ssl/certs/ca-certificates.crt', certFile: testTls().caPath },
    })
    assert.equal((await failureOf(upstream.fetch(SECRET))).code, 'TlsError')
  })
}
