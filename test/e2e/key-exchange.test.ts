// The hybrid of X25519 and ML-KEM-768, which a quantum computer cannot undo later. Node has it with OpenSSL 3.5 (22, 24
// and 26 as nodejs.org builds them), the executables with BoringSSL.

import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { testTls } from '../../local/emulators/aws/tls.ts'
import { type Extension, startExtension } from '../artefact.ts'
import { GROUPS, startHelloListener } from '../client-hello.ts'
import { startConnectProxy } from '../connect-proxy.ts'
import { freePort } from '../../tools/free-port.ts'

const SECRET = '/secretsmanager/get?secretId=dummy-string-secret'
const ONLY = 'X25519MLKEM768'

/** AWS accepts no other key exchange, and is behind a listener; with `proxied` that is behind a proxy. */
async function setUp(t: TestContext, proxied: boolean, env: Record<string, string> = {}) {
  const awsPort = await freePort()
  const listener = await startHelloListener(awsPort)
  t.after(() => listener.close())
  const proxy = await startConnectProxy(listener.port)
  t.after(() => proxy.close())
  const extension = await startExtension(t, {
    aws: { tls: { ...testTls(), ecdhCurve: ONLY }, port: awsPort },
    env: {
      // With a dot it is a name that the certificate holds, and none that is always reached directly.
      AWS_ENDPOINT_URL: `https://localhost${proxied ? '.' : ''}:${listener.port}`,
      AWS_CA_BUNDLE: testTls().caPath,
      ...(proxied && { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` }),
      ...env,
    },
  })
  return { extension, proxy, listener }
}

for (const [way, proxied] of [
  ['directly', false],
  ['through a CONNECT proxy', true],
] as const) {
  test(`${way}, ML-KEM is offered first with its key, and a server that accepts nothing else is reached at once`, async (t) => {
    const { extension, proxy, listener } = await setUp(t, proxied)
    assert.equal((await extension.get(SECRET)).status, 200)
    assert.equal(proxy.targets.length, proxied ? 1 : 0)
    assert.equal(listener.hellos.length, 1)
    const [hello] = listener.hellos
    assert.equal(hello?.groups[0], GROUPS.x25519MlKem768)
    // The key of the older group is sent too: a server without ML-KEM costs no round trip more.
    assert.deepEqual(hello.keyShares, [GROUPS.x25519MlKem768, GROUPS.x25519])
  })

  test(`${way}, the first TLS connection has a line at DEBUG, and no later one has`, async (t) => {
    const { extension } = await setUp(t, proxied, { PARAMETERS_SECRETS_EXTENSION_LOG_LEVEL: 'DEBUG' })
    await extension.get(SECRET)
    extension.aws.dropConnections()
    await extension.get(`${SECRET}&refreshNow=true`)
    const lines = linesOf(extension)
    assert.equal(lines.length, 1)
    assert.match(
      lines[0]!,
      / DEBUG TLS to AWS: TLSv1\.3 by (BoringSSL|OpenSSL \d+\.\d+\.\d+)(, key exchange X25519MLKEM768)?$/,
    )
  })
}

test('at INFO there is no such line', async (t) => {
  const { extension } = await setUp(t, false)
  await extension.get(SECRET)
  assert.deepEqual(linesOf(extension), [])
})

function linesOf(extension: Extension): readonly string[] {
  return extension.logs().filter((line) => line.includes('TLS to AWS'))
}
