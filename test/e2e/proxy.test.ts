import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { testTls } from '../../local/emulators/aws/tls.ts'
import { startExtension } from '../artefact.ts'
import { freePort } from '../../tools/free-port.ts'
import { startConnectProxy } from '../connect-proxy.ts'
import { header } from '../../tools/wire.ts'

// A function whose only way out is a proxy, and one whose image trusts an issuer of its own. `localhost.` with a dot
// is a name that the test certificate holds, and no address that is always reached directly.

const NAME = 'dummy-string-secret'
const SECRET = `/secretsmanager/get?secretId=${NAME}`
const PASSWORD = 'MARKER-the-password'

/** A proxy in front of an address that is known before anybody listens there. */
async function proxied(t: TestContext, env: Record<string, string> = {}, authorization?: string) {
  const port = await freePort()
  const proxy = await startConnectProxy(port, authorization)
  t.after(() => proxy.close())
  const extension = await startExtension(t, {
    aws: { tls: testTls(), port },
    env: {
      AWS_ENDPOINT_URL: `https://localhost.:${port}`,
      AWS_CA_BUNDLE: testTls().caPath,
      HTTPS_PROXY: `http://user:${PASSWORD}@127.0.0.1:${proxy.port}`,
      ...env,
    },
  })
  return { extension, proxy }
}

test('what HTTPS_PROXY names is asked for a tunnel, and its password is nowhere', async (t) => {
  const authorization = `Basic ${Buffer.from(`user:${PASSWORD}`).toString('base64')}`
  const { extension, proxy } = await proxied(
    t,
    { PARAMETERS_SECRETS_EXTENSION_LOG_LEVEL: 'DEBUG' },
    authorization,
  )
  assert.equal((await extension.get(SECRET)).status, 200)
  assert.equal((await extension.get(SECRET + '&refreshNow=true')).status, 200)
  assert.equal(proxy.targets.length, 1)
  assert.doesNotMatch(extension.logs().join('\n'), /MARKER/)
})

test('a proxy that refuses us is named in the answer and in the log, and its password is in neither', async (t) => {
  const { extension } = await proxied(t, {}, 'Basic another')
  const reply = await extension.get(SECRET)
  assert.deepEqual([reply.status, header(reply, 'x-amzn-errortype')], [400, 'ConnectionError'])
  assert.match(
    header(reply, 'x-amzn-errormessage') ?? '',
    /the proxy refused the connection \(PROXY_REFUSED_407\)/,
  )
  assert.doesNotMatch(extension.logs().join('\n') + reply.body.toString(), /MARKER/)
})

test('a proxy that dies in mid-answer costs an attempt, and one that is back is used again', async (t) => {
  const { extension, proxy } = await proxied(t)
  extension.aws.fault({ name: NAME }, { kind: 'delay', delayMs: 300 }, 1)
  const pending = extension.get(SECRET)
  await extension.aws.called(NAME, 1)
  proxy.cut()
  assert.equal((await pending).status, 200)
})

test('a tunnel that idled through a freeze costs no error', async (t) => {
  const { extension, proxy } = await proxied(t)
  await extension.lambda.invoke(async () => void (await extension.get(SECRET)))
  await extension.lambda.freeze()
  await sleep(5_000)
  proxy.cut()
  await extension.lambda.invoke(async () => {
    assert.equal((await extension.get(SECRET + '&refreshNow=true')).status, 200)
  })
  assert.equal(proxy.targets.length, 2)
})

test('PARAMETERS_SECRETS_EXTENSION_USE_PROXY=FALSE and NO_PROXY turn it off', async (t) => {
  for (const env of [{ PARAMETERS_SECRETS_EXTENSION_USE_PROXY: 'FALSE' }, { NO_PROXY: 'localhost.' }]) {
    const { extension, proxy } = await proxied(t, { ...env, AWS_MAX_ATTEMPTS: '1' })
    await extension.get(SECRET)
    assert.deepEqual(proxy.targets, [])
  }
})

test('a proxy that cannot be used is warned of without being quoted, and gone without', async (t) => {
  const extension = await startExtension(t, { env: { HTTPS_PROXY: `socks5://user:${PASSWORD}@127.0.0.1:1` } })
  assert.equal((await extension.get(SECRET)).status, 200)
  await extension.logged(/WARN HTTPS_PROXY must be the address of an HTTP proxy, .* Going without it\.$/)
  assert.doesNotMatch(extension.logs().join('\n'), /MARKER/)
})

test('credentials of the container endpoint and the Extensions API are reached without the proxy', async (t) => {
  const extension = await startExtension(t, {
    lambda: { mode: 'snap-start' },
    env: { HTTPS_PROXY: 'http://127.0.0.1:1', HTTP_PROXY: 'http://127.0.0.1:1' },
  })
  assert.equal((await extension.get(SECRET)).status, 200)
})

test('an issuer that only the system trusts is found there, without a setting of AWS', async (t) => {
  const { extension } = await proxied(t, {
    AWS_CA_BUNDLE: '',
    SSL_CERT_FILE: testTls().caPath,
    AWS_MAX_ATTEMPTS: '1',
  })
  assert.equal((await extension.get(SECRET)).status, 200)
})

test('an issuer in SSL_CERT_DIR is found too', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'certs-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'own.pem'), readFileSync(testTls().caPath))
  const { extension } = await proxied(t, { AWS_CA_BUNDLE: '', SSL_CERT_DIR: folder })
  assert.equal((await extension.get(SECRET)).status, 200)
})

test('a broken AWS_CA_BUNDLE is a TlsError, and no matter for an endpoint of plain HTTP', async (t) => {
  const file = join(mkdtempSync(join(tmpdir(), 'bundle-')), 'broken.pem')
  t.after(() => rmSync(join(file, '..'), { recursive: true }))
  writeFileSync(file, '-----BEGIN CERTIFICATE-----\nbroken\n-----END CERTIFICATE-----\n')
  const plain = await startExtension(t, { env: { AWS_CA_BUNDLE: file } })
  assert.equal((await plain.get(SECRET)).status, 200)
  const { extension } = await proxied(t, { AWS_CA_BUNDLE: file })
  const reply = await extension.get(SECRET)
  assert.deepEqual([reply.status, header(reply, 'x-amzn-errortype')], [400, 'TlsError'])
})

const TINYPROXY = '/usr/bin/tinyproxy'
if (!existsSync(TINYPROXY))
  process.stdout.write(`not run, there is no ${TINYPROXY}: through a proxy of Debian\n`)
else {
  test('through tinyproxy, as Debian has it', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'tinyproxy-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const port = await freePort()
    const { extension, proxy } = await proxied(t, {
      HTTPS_PROXY: `http://user:${PASSWORD}@127.0.0.1:${port}`,
    })
    // The names of the tests are in no DNS, so it hands the tunnels on.
    const settings = [`Port ${port}`, 'Listen 127.0.0.1', 'Timeout 60', `BasicAuth user ${PASSWORD}`]
    settings.push(`Upstream http 127.0.0.1:${proxy.port}`)
    writeFileSync(join(folder, 'tinyproxy.conf'), settings.join('\n') + '\n')
    const tinyproxy = spawn(TINYPROXY, ['-d', '-c', join(folder, 'tinyproxy.conf')], { stdio: 'ignore' })
    t.after(() => tinyproxy.kill())
    while (!(await isListening(port))) await sleep(20)
    assert.equal((await extension.get(SECRET)).status, 200)
    assert.equal((await extension.get(SECRET + '&refreshNow=true')).status, 200)
    assert.equal(proxy.targets.length, 1)
    assert.doesNotMatch(extension.logs().join('\n'), /MARKER/)
  })
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => (socket.destroy(), resolve(true)))
    socket.once('error', () => resolve(false))
  })
}
