// The nodejs layer's starter hands over its sockets by a variable, which a function could set as well. Whatever a
// function says by it, and whatever the process has open, the extension opens its own sockets and registers by itself.

import assert from 'node:assert/strict'
import { spawn, type StdioOptions } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import { connect, createServer as createSocketServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { freePort } from '../../tools/free-port.ts'
import { exchange } from '../../tools/wire.ts'
import { artefactCommand, artefactName } from '../artefact.ts'

const VARIABLE = 'PARAMETERS_SECRETS_EXTENSION_INHERITED_SOCKETS'
const isOnNode = artefactName().startsWith('dist/')
const PING = 'GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n'

/** A descriptor of this process for a child, which has it as 3 or higher, and the end of our own. */
interface Opened {
  readonly fd: number
  close(): unknown
}

function descriptorOf(holder: object): number {
  return (holder as { _handle: { fd: number } })._handle.fd
}

async function listening(where: { port: number; host: string } | { path: string }): Promise<Opened> {
  const server = createSocketServer().listen(where)
  await once(server, 'listening')
  return { fd: descriptorOf(server), close: () => server.close() }
}

/** A connection that nobody reads from here. */
async function connected(port: number): Promise<Opened> {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.pause().on('error', () => {})
  await once(socket, 'connect')
  return { fd: descriptorOf(socket), close: () => socket.destroy() }
}

async function datagrams(): Promise<Opened> {
  const socket = createSocket('udp4')
  await new Promise<void>((bound) => socket.bind(0, '127.0.0.1', bound))
  return { fd: descriptorOf(socket), close: () => socket.close() }
}

/** A server of another process, which must get no request. */
async function otherServer(t: TestContext): Promise<number> {
  const open = new Set<Socket>()
  const server = createSocketServer((socket) => {
    open.add(socket.on('error', () => {}))
    socket.on('data', () => assert.fail('another process got a request'))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => (open.forEach((socket) => socket.destroy()), server.close()))
  return (server.address() as AddressInfo).port
}

interface ExtensionsApi {
  readonly port: number
  readonly registers: number
  /** Resolves when the extension waits for its next event. */
  readonly ready: Promise<void>
  shutDown(): void
}

async function extensionsApi(t: TestContext): Promise<ExtensionsApi> {
  let registers = 0
  let waiting: ServerResponse | undefined
  let isReady = (): void => {}
  const ready = new Promise<void>((resolve) => (isReady = resolve))
  const server = createServer((request, response) => {
    request.resume()
    if (request.url?.endsWith('/register') === true) {
      registers++
      response.setHeader('Lambda-Extension-Identifier', 'c8a3cd47-8f1c-4bbb-8ad9-000000000001')
      response.end('{}')
    } else {
      waiting = response
      isReady()
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => (server.closeAllConnections(), server.close()))
  return {
    port: (server.address() as AddressInfo).port,
    get registers() {
      return registers
    },
    ready,
    shutDown: () => waiting?.end(`{"eventType":"SHUTDOWN","deadlineMs":${Date.now() + 10_000}}`),
  }
}

type Row = readonly [
  what: string,
  text: string,
  open: (t: TestContext, port: number, api: number) => readonly Promise<Opened>[],
]

const v4 = (port: number) => listening({ port, host: '127.0.0.1' })
const pathOf = (port: number) => join(tmpdir(), `inherited-${process.pid}-${port}`)

const ROWS: readonly Row[] = [
  ['nonsense', 'three', () => []],
  ['no numbers', ',,', () => []],
  ['descriptors that are not open', '900,901,902', () => []],
  ['standard streams', '0,1,2', () => []],
  ['the same standard stream thrice', '1,1,1', () => []],
  ['whatever the runtime has opened for itself', '3,4,5', () => []],
  ['more of the same', '10,11,12', () => []],
  ['a file', '3,-,-', () => [Promise.resolve(fileOf('/dev/null'))]],
  ['a socket for datagrams', '3,3,3', () => [datagrams()]],
  ['a socket for datagrams as each', '3,4,5', () => [datagrams(), datagrams(), datagrams()]],
  ['a socket that listens in the file system', '3,-,-', (_, port) => [listening({ path: pathOf(port) })]],
  ['a socket that listens on another port', '3,-,-', () => [v4(0)]],
  ['the same for both addresses', '3,4,-', () => [v4(0), listening({ port: 0, host: '127.0.0.1' })]],
  ['a socket of another address', '3,-,-', (_, port) => [listening({ port, host: '127.0.0.2' })]],
  ['a connection in place of a socket that listens', '3,-,-', (_t, _port, api) => [connected(api)]],
  [
    'connections to another process',
    '3,4,5',
    (t) => Array.from({ length: 3 }, async () => connected(await otherServer(t))),
  ],
]

// Another artefact opens its own sockets whatever is said, and would find its port taken by what is open here.
const RIGHT_SOCKETS: readonly Row[] = [
  [
    'a right socket, and a connection to another process as the Extensions API',
    '3,-,4',
    (t, port) => [v4(port), otherServer(t).then(connected)],
  ],
  ['a right socket, and one that listens as the Extensions API', '3,-,4', (_, port) => [v4(port), v4(0)]],
]

function fileOf(path: string): Opened {
  const fd = openSync(path, 'r')
  return { fd, close: () => closeSync(fd) }
}

for (const [what, text, open] of isOnNode ? [...ROWS, ...RIGHT_SOCKETS] : ROWS) {
  test(`a function's own variable that names ${what} changes nothing`, async (t) => {
    const api = await extensionsApi(t)
    const port = await freePort()
    const opened = await Promise.all(open(t, port, api.port))
    const [file, ...args] = artefactCommand()
    const stdio: StdioOptions = ['ignore', 'pipe', 'pipe', ...opened.map(({ fd }) => fd)]
    const env = {
      [VARIABLE]: text,
      AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${api.port}`,
      AWS_SESSION_TOKEN: 'token',
      PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: String(port),
    }
    const child = spawn(file, args, { cwd: '/', env, stdio })
    t.after(() => child.kill('SIGKILL'))
    for (const one of opened) one.close()
    let logs = ''
    child.stdout!.setEncoding('utf8').on('data', (chunk: string) => (logs += chunk))
    child.stderr!.setEncoding('utf8').on('data', (chunk: string) => (logs += chunk))
    const exited = once(child, 'exit')

    await Promise.race([api.ready, exited])
    assert.equal(child.exitCode, null, logs)
    while (!logs.includes('ready to serve traffic')) await once(child.stdout!, 'data')
    const [reply] = await exchange(port, PING)
    assert.equal(reply?.status, 200)
    assert.equal(api.registers, 1)
    api.shutDown()
    assert.deepEqual(await exited, [0, null], logs)
    assert.doesNotMatch(logs, /ERROR|WARN|INHERITED/)
  })
}
