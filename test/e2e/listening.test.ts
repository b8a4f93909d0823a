import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectSocket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { test } from 'node:test'
import { startExtension } from '../artefact.ts'
import { exchange, header } from '../../tools/wire.ts'

const SECRET = '/secretsmanager/get?secretId=dummy-string-secret'

const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? [])
const loopback = ['127.0.0.1', ...addresses.map(({ address }) => address).filter((one) => one === '::1')]

test('localhost is served on every loopback address of the machine', async (t) => {
  const extension = await startExtension(t)
  for (const host of loopback) {
    const [reply] = await exchange(extension.port, extension.request(SECRET), { host })
    assert.equal(reply?.status, 200, host)
  }
})

test('no other address of the machine is listened on', async (t) => {
  const { port } = await startExtension(t)
  for (const { address, internal, scopeid } of addresses) {
    if (internal) continue
    const host = scopeid ? `${address}%${scopeid}` : address
    const [error] = (await once(connectSocket({ port, host }), 'error')) as [NodeJS.ErrnoException]
    assert.match(error.code ?? '', /ECONNREFUSED|EADDRNOTAVAIL|ENETUNREACH|EINVAL/)
  }
})

test('a request that comes byte by byte is a request', async (t) => {
  const extension = await startExtension(t)
  const [reply] = await exchange(extension.port, extension.request(SECRET), { splitAt: 'every' })
  assert.equal(reply?.status, 200)
})

test('a request cut in two at any place is a request', async (t) => {
  const extension = await startExtension(t)
  const bytes = extension.request(SECRET)
  for (let cut = 1; cut < bytes.length; cut += 7) {
    const [reply] = await exchange(extension.port, bytes, { splitAt: [cut] })
    assert.equal(reply?.status, 200, `cut at ${cut}`)
  }
})

test('a client that has sent FIN still gets its answer, fetched or cached', async (t) => {
  const extension = await startExtension(t)
  for (const expected of ['MISS', 'HIT']) {
    const [reply] = await exchange(extension.port, extension.request(SECRET), { halfClose: true })
    assert.equal(header(reply!, 'x-cache'), expected)
  }
})

test('a hundred pipelined requests are answered in order', async (t) => {
  const extension = await startExtension(t)
  const targets = Array.from({ length: 100 }, (_, i) =>
    i % 3 === 0 ? SECRET : i % 3 === 1 ? '/ping' : `/nowhere-${i}`,
  )
  const bytes = targets.map((target) => extension.request(target)).join('')
  const replies = await exchange(extension.port, bytes, { replies: targets.length })
  assert.deepEqual(
    replies.map(({ status }) => status),
    targets.map((target) => (target.startsWith('/nowhere') ? 404 : 200)),
  )
})

test('a token of 32 KB is compared like any other', async (t) => {
  const sessionToken = 'long-session-token/'.repeat(1700)
  const credentials = {
    accessKeyId: 'ASIALONGTOKENTOKEN01',
    secretAccessKey: 'local-secret-key',
    sessionToken,
  }
  const extension = await startExtension(t, { aws: { credentials }, lambda: { credentials } })
  assert.equal((await extension.get(SECRET)).status, 200)
  const wrong = sessionToken.slice(0, -1) + '!'
  assert.equal((await extension.get(SECRET, { 'X-Aws-Parameters-Secrets-Token': wrong })).status, 401)
})

test('clients that reset, leave halfway or send nothing leave the server serving', async (t) => {
  const extension = await startExtension(t)
  for (const bytes of [
    '',
    'GET',
    extension.request(SECRET).slice(0, -2),
    extension.request(SECRET),
    '\x16\x03\x01',
  ]) {
    for (const leave of ['resetAndDestroy', 'end', 'destroy'] as const) {
      const socket = connectSocket(extension.port, '127.0.0.1')
      await once(socket, 'connect')
      socket.on('error', () => {})
      if (bytes !== '') await new Promise((resolve) => socket.write(bytes, resolve))
      socket[leave]()
      socket.resume()
    }
  }
  assert.equal((await extension.get(SECRET)).status, 200)
  await extension.lambda.invoke()
})
