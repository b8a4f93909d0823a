import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { testTls } from '../../local/emulators/aws/tls.ts'
import { type Extension, startExtension } from '../artefact.ts'
import { gate } from '../gate.ts'
import { type Loss, type Relay, startRelay } from './relay.ts'

const NAME = 'dummy-string-secret'
const FRESH = `/secretsmanager/get?secretId=${NAME}&refreshNow=true`
const PARAMETER_NAME = '/lambda-ext-test-param/dummy-string'
const FRESH_PARAMETER = `/systemsmanager/parameters/get?name=${PARAMETER_NAME}&refreshNow=true`
/** On both sides of the idle time after which sockets.ts takes a socket for dead. */
const SHORT_MS = 500
const LONG_MS = 4_300

interface Networked {
  readonly extension: Extension
  readonly relay: Relay
}

async function start(t: TestContext, scheme: 'http' | 'https'): Promise<Networked> {
  let awsPort = 0
  const relay = await startRelay(() => awsPort)
  const url = `${scheme}://127.0.0.1:${relay.port}`
  const tls = scheme === 'https' ? testTls() : undefined
  const extension = await startExtension(t, {
    ...(tls !== undefined && { aws: { tls } }),
    env: { AWS_ENDPOINT_URL: url, ...(tls !== undefined && { AWS_CA_BUNDLE: tls.caPath }) },
  })
  awsPort = extension.aws.port
  t.after(() => relay.close())
  return { extension, relay }
}

/** One good answer, with at most one attempt that is lost on a socket which is no more. */
async function assertOneQuickRetry({ extension }: Networked, target: string, name: string): Promise<void> {
  const before = extension.aws.calls(name)
  const reply = await extension.get(target)
  assert.equal(reply.status, 200)
  assert.ok(extension.aws.calls(name) - before <= 2)
}

/** On how many connections AWS has been asked. */
const connectionsOf = ({ aws }: Extension): number =>
  new Set(aws.requests.map(({ connection }) => connection)).size

const rows: readonly { readonly loss: Loss; readonly frozenMs: number; readonly scheme: 'http' | 'https' }[] =
  [
    { loss: 'FIN', frozenMs: SHORT_MS, scheme: 'http' },
    { loss: 'FIN', frozenMs: LONG_MS, scheme: 'http' },
    { loss: 'FIN', frozenMs: SHORT_MS, scheme: 'https' },
    { loss: 'RST', frozenMs: SHORT_MS, scheme: 'http' },
    { loss: 'RST', frozenMs: LONG_MS, scheme: 'http' },
    { loss: 'RST', frozenMs: SHORT_MS, scheme: 'https' },
    // A NAT forgets a connection after minutes, never after less than the idle time.
    { loss: 'silence', frozenMs: LONG_MS, scheme: 'http' },
    { loss: 'silence', frozenMs: LONG_MS, scheme: 'https' },
  ]

// Most of the time is spent frozen, so they do it together.
describe('upstream sockets across a freeze', { concurrency: 6 }, () => {
  for (const { loss, frozenMs, scheme } of rows) {
    test(`${scheme} sockets lost by ${loss} in a freeze of ${frozenMs} ms cost no caller an error`, async (t) => {
      const networked = await start(t, scheme)
      const { extension, relay } = networked
      await Promise.all([extension.get(FRESH), extension.get(FRESH_PARAMETER)])
      await extension.lambda.freeze()
      assert.ok(relay.lose(loss) >= 2)
      await sleep(frozenMs)
      extension.lambda.thaw()
      await Promise.all([
        assertOneQuickRetry(networked, FRESH, NAME),
        assertOneQuickRetry(networked, FRESH_PARAMETER, PARAMETER_NAME),
      ])
      assert.equal(connectionsOf(extension), 4, 'one new connection to each service')
      assert.ok(!extension.logs().some((line) => line.includes('ERROR')))
    })
  }

  test('every socket of the pool may be lost at once, under many callers', async (t) => {
    const networked = await start(t, 'http')
    const { extension, relay } = networked
    const names = Array.from({ length: 12 }, (_, i) => `pool-${i}`)
    for (const name of names) extension.aws.putSecret(name, `value of ${name}`)
    const all = () =>
      Promise.all(names.map((name) => extension.get(`/secretsmanager/get?secretId=${name}&refreshNow=true`)))
    for (const loss of ['FIN', 'RST'] as const) {
      await all()
      await extension.lambda.freeze()
      assert.ok(relay.lose(loss) >= 1)
      extension.lambda.thaw()
      for (const { status } of await all()) assert.equal(status, 200)
    }
  })

  for (const loss of ['FIN', 'RST'] as const) {
    test(`a request under way whose connection is lost by ${loss} in a freeze is asked once more`, async (t) => {
      const { extension, relay } = await start(t, 'http')
      const { until, release } = gate()
      extension.aws.fault({ name: NAME }, { until }, 1)
      const reply = extension.get(FRESH)
      await extension.aws.called(NAME)
      await extension.lambda.freeze()
      assert.equal(relay.lose(loss), 1)
      release()
      await sleep(100)
      extension.lambda.thaw()
      assert.equal((await reply).status, 200)
      assert.equal(extension.aws.calls(NAME), 2)
    })
  }

  test('sockets that idled through a long freeze are not trusted, even where they still live', async (t) => {
    const { extension } = await start(t, 'http')
    await extension.get(FRESH)
    await extension.lambda.freeze()
    await sleep(LONG_MS)
    extension.lambda.thaw()
    await extension.get(FRESH)
    assert.equal(connectionsOf(extension), 2)
    assert.equal(extension.aws.calls(NAME), 2)
  })
})
