import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { bundle } from '../contenders/artefacts.ts'
import { secretName, target } from './catalogue.ts'
import { type Contender, extensionOf, peerOf } from '../contenders/contenders.ts'
import { launch, type LaunchOptions } from './launch.ts'
import { cpuMs } from '../../tools/proc.ts'
import { checkReply, fetchReply } from './request.ts'
import { startUpstream } from '../upstream/upstream.ts'

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const address = server.address()
  await new Promise((closed) => server.close(closed))
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function started(
  t: TestContext,
  contender: Contender,
  aws: Pick<LaunchOptions, 'endpoint' | 'caBundle'> = { endpoint: 'http://127.0.0.1:1' },
) {
  const port = await freePort()
  const running = await launch(contender, { port, ...aws })
  t.after(() => running.stop())
  return { port, running }
}

test('the floor of a start registers, listens, answers, and its CPU and memory can be read', async (t) => {
  const { path } = await bundle('bench/start/bare.ts')
  const bare: Contender = {
    name: 'bare',
    command: [process.execPath, path],
    ready: 'registered',
    isExact: false,
  }
  const { port, running } = await started(t, bare)
  assert.deepEqual(await fetchReply(port, '/'), { status: 200, body: 'ok' })
  assert.ok(cpuMs(running.pid) > 1)
  const { rssMb, anonMb, peakRssMb } = running.memory()
  assert.ok(anonMb > 1 && rssMb > anonMb && peakRssMb >= rssMb)
})

test('the floor of a first secret signs its request to AWS and answers with what AWS sent', async (t) => {
  const upstream = await startUpstream({ kind: 'aws', tls: true, secrets: [{ size: '1KB', keys: 1 }] })
  t.after(() => upstream.stop())
  const { path } = await bundle('bench/start/bare.ts')
  const https: Contender = {
    name: 'bare https',
    command: [process.execPath, path],
    ready: 'registered',
    isExact: false,
    env: { BENCH_FLOOR: 'https' },
  }
  const { port } = await started(t, https, upstream)
  const wanted = target(secretName('1KB', 0))
  checkReply(await fetchReply(port, wanted.path), wanted, https.isExact)
  assert.equal(await upstream.calls(), 1)
})

for (const floor of ['net', 'http']) {
  test(`the ${floor} floor of a hit sends the original's bytes`, async (t) => {
    const { path } = await bundle('bench/load/floor.ts')
    const command = [process.execPath, path]
    const contender: Contender = {
      name: floor,
      command,
      ready: 'listening',
      isExact: true,
      env: { BENCH_FLOOR: floor },
    }
    const { port } = await started(t, contender)
    const { status, body } = await fetchReply(port, '/secretsmanager/get?secretId=bench%2F4KB%2F7')
    assert.equal(status, 200)
    assert.equal((JSON.parse(body) as { SecretString: string }).SecretString.length, 4_000)
  })
}

test('a peer is a shell command that finds its port in its environment', async (t) => {
  const script = `require('http').createServer((q, s) => s.end('ok')).listen(process.env.PORT, '127.0.0.1')`
  const { port } = await started(t, peerOf(`mine='${process.execPath}' -e "${script}"`, ['mine=/ping']))
  assert.equal((await fetchReply(port, '/')).body, 'ok')
})

test('a contender that ends fails with what it wrote', async () => {
  const port = await freePort()
  const peer = peerOf('broken=/bin/sh -c "echo no such luck; exit 3"', [])
  await assert.rejects(launch(peer, { port, endpoint: '' }), /^Error: broken: [\s\S]*no such luck/)
})

test('a port that is taken is no contender', async (t) => {
  const squatter = createServer()
  await new Promise<void>((listening) => squatter.listen(0, '127.0.0.1', listening))
  t.after(() => squatter.close())
  const address = squatter.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  await assert.rejects(launch(peerOf('any=true', []), { port, endpoint: '' }), /is taken by another process/)
})

/** As the original: it listens at once, and serves when the first INVOKE has reached it. */
const FOREIGN = `
const http = require('node:http')
const api = 'http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2020-01-01/extension/'
let invoked = false
http.createServer((_, response) => {
  response.writeHead(invoked ? 200 : 400)
  response.end(invoked ? 'served' : 'not ready to serve traffic, please wait')
}).listen(Number(process.env.PORT), '127.0.0.1', async () => {
  const registered = await fetch(api + 'register', {
    method: 'POST',
    headers: { 'Lambda-Extension-Name': 'somebody' },
    body: JSON.stringify({ events: ['INVOKE', 'SHUTDOWN'] }),
  })
  const headers = { 'Lambda-Extension-Identifier': registered.headers.get('Lambda-Extension-Identifier') }
  for (;;) {
    const event = await (await fetch(api + 'event/next', { headers })).json()
    if (event.eventType === 'SHUTDOWN') process.exit(0)
    setTimeout(() => (invoked = true), 20)
  }
})
`

test('a third-party extension gets its first request when it serves, in the first invocation', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-foreign-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'somebody')
  writeFileSync(`${file}.cjs`, FOREIGN)
  writeFileSync(file, `#!/bin/sh\nexec '${process.execPath}' '${file}.cjs'\n`)
  chmodSync(file, 0o755)
  const port = await freePort()
  const replies: unknown[] = []
  const running = await launch(extensionOf(`somebody=${file}`), {
    port,
    endpoint: 'http://127.0.0.1:1',
    onRegistered: async () => void replies.push(await fetchReply(port, '/')),
  })
  t.after(() => running.stop())
  assert.deepEqual(replies, [{ status: 200, body: 'served' }])
})
