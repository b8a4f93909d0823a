import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSocketServer, type AddressInfo, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createExtensionsClient, ExtensionsApiError, type ExtensionsClient } from './extensions-api.ts'

const NAME = 'AWSParametersAndSecretsLambdaExtension'
const REGISTER = '/2020-01-01/extension/register'
const NEXT = '/2020-01-01/extension/event/next'

interface Seen {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: string
  readonly socket: Socket
}

type Answer = (response: ServerResponse, seen: Seen) => void

/** An Extensions API that answers as the test says, and notes what it was asked. */
async function api(t: TestContext, answer: Answer): Promise<{ client: ExtensionsClient; seen: Seen[] }> {
  const seen: Seen[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
    request.on('end', () => {
      const { method, url, headers, socket } = request
      const one = { method, url, headers, socket, body }
      seen.push(one)
      answer(response, one)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => (server.closeAllConnections(), server.close()))
  return { client: createExtensionsClient(`127.0.0.1:${(server.address() as AddressInfo).port}`), seen }
}

/** A server that answers every connection with these bytes, once a request is there. */
async function raw(t: TestContext, answer: (socket: Socket) => unknown): Promise<ExtensionsClient> {
  const server = createSocketServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => answer(socket))
    t.after(() => socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return createExtensionsClient(`127.0.0.1:${(server.address() as AddressInfo).port}`)
}

const registered: Answer = (response) => {
  response.setHeader('Lambda-Extension-Identifier', 'id-1')
  response.end('{"functionName":"f","functionVersion":"$LATEST","handler":"h"}')
}

function fails(promise: Promise<unknown>, status: number, code: string | RegExp): Promise<void> {
  return assert.rejects(promise, (error) => {
    assert.ok(error instanceof ExtensionsApiError, String(error))
    assert.equal(error.status, status)
    if (typeof code === 'string') assert.equal(error.code, code)
    else assert.match(error.code, code)
    return true
  })
}

test('register sends name and events as the API wants them, and gives the identifier', async (t) => {
  const { client, seen } = await api(t, registered)
  assert.equal(await client.register(NAME, ['SHUTDOWN']), 'id-1')
  const [{ method, url, headers, body }] = seen as [Seen]
  assert.deepEqual([method, url], ['POST', REGISTER])
  assert.equal(headers['lambda-extension-name'], NAME)
  assert.equal(headers['content-type'], 'application/json')
  assert.equal(headers['transfer-encoding'], undefined)
  assert.deepEqual(JSON.parse(body), { events: ['SHUTDOWN'] })
})

test('no INVOKE is asked for by itself: the events are those given', async (t) => {
  const { client, seen } = await api(t, registered)
  await client.register(NAME, ['INVOKE', 'SHUTDOWN'])
  assert.deepEqual(JSON.parse(seen[0]!.body), { events: ['INVOKE', 'SHUTDOWN'] })
})

for (const head of [
  'HTTP/1.1 200 OK\r\nLambda-Extension-Identifier: id-1\r\nContent-Length: 2\r\n\r\n{}',
  'HTTP/1.1 200 OK\r\nlambda-extension-identifier:id-1\r\nContent-Length: 2\r\n\r\n{}',
  'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nLAMBDA-EXTENSION-IDENTIFIER:   id-1\r\n\r\n{}',
  'HTTP/1.0 200 OK\r\nLambda-Extension-Identifier: id-1\r\n\r\n{}',
]) {
  test(`the identifier is found in ${JSON.stringify(head.slice(0, 60))}…, in one piece or byte by byte`, async (t) => {
    const whole = await raw(t, (socket) => socket.end(head))
    assert.equal(await whole.register(NAME, []), 'id-1')
    const split = await raw(t, async (socket) => {
      socket.setNoDelay(true)
      for (const byte of head) {
        socket.write(byte)
        await sleep(0)
      }
    })
    assert.equal(await split.register(NAME, []), 'id-1')
  })
}

test('an identifier in the body is not one', async (t) => {
  const client = await raw(t, (socket) =>
    socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nlambda-extension-identifier: forged\r\n\r\n'),
  )
  await fails(client.register(NAME, []), 200, 'MissingIdentifier')
})

for (const [status, errorType] of [
  [400, 'Extension.InvalidEventType'],
  [403, 'Extension.AlreadyRegistered'],
  [403, 'Forbidden'],
  [500, 'Container'],
] as const) {
  test(`a refusal with ${status} ${errorType} says so, for register and for next`, async (t) => {
    const { client } = await api(t, (response) => {
      response.statusCode = status
      response.end(JSON.stringify({ errorMessage: 'a text', errorType }))
    })
    await fails(client.register(NAME, ['SHUTDOWN']), status, errorType)
    await fails(client.next('id-1'), status, errorType)
  })
}

test('a refusal whose body says nothing is an unexpected status', async (t) => {
  for (const body of ['', 'Service Unavailable', '[]', 'null', '{"errorType":5}', '<html>']) {
    const { client } = await api(t, (response) => {
      response.statusCode = 503
      response.end(body)
    })
    await fails(client.register(NAME, []), 503, 'UnexpectedStatus')
    await fails(client.next('id-1'), 503, 'UnexpectedStatus')
  }
})

test('next sends the identifier, and every next after it uses the same connection', async (t) => {
  const { client, seen } = await api(t, (response) => response.end('{"eventType":"INVOKE"}'))
  for (let i = 0; i < 3; i++) assert.deepEqual(await client.next('id-7'), { type: 'INVOKE' })
  for (const { method, url, headers } of seen) {
    assert.deepEqual([method, url, headers['lambda-extension-identifier']], ['GET', NEXT, 'id-7'])
  }
  assert.equal(new Set(seen.map(({ socket }) => socket)).size, 1)
})

test('SHUTDOWN is read whatever its content type, and its reason is returned in any spelling', async (t) => {
  for (const shutdownReason of [
    'spindown',
    'SPINDOWN',
    'timeout',
    'failure',
    'Failure',
    'something new',
    '',
  ]) {
    const { client } = await api(t, (response) => {
      response.setHeader('Content-Type', 'text/plain; charset=utf-8')
      response.end(JSON.stringify({ eventType: 'SHUTDOWN', shutdownReason, deadlineMs: 1_676_000_000_000 }))
    })
    assert.deepEqual(await client.next('id-1'), {
      type: 'SHUTDOWN',
      reason: shutdownReason,
      deadlineAt: 1_676_000_000_000,
    })
  }
})

test('SHUTDOWN without reason or deadline is one all the same, at once', async (t) => {
  for (const rest of [
    '',
    ',"shutdownReason":5,"deadlineMs":"soon"',
    ',"shutdownReason":null,"deadlineMs":null',
  ]) {
    const { client } = await api(t, (response) => response.end(`{"eventType":"SHUTDOWN"${rest}}`))
    const before = Date.now()
    const event = await client.next('id-1')
    assert.ok(event.type === 'SHUTDOWN' && event.reason === 'unknown')
    assert.ok(event.deadlineAt >= before && event.deadlineAt <= Date.now())
  }
})

test('a body that is no event is an unknown one', async (t) => {
  for (const body of [
    '',
    'garbage',
    '{',
    'null',
    '[]',
    '"SHUTDOWN"',
    '5',
    '{}',
    '{"eventType":"shutdown"}',
    '{"eventType":["SHUTDOWN"]}',
  ]) {
    const { client } = await api(t, (response) => response.end(body))
    await fails(client.next('id-1'), 200, 'UnknownEvent')
  }
})

test('an event of any length is read to its end', async (t) => {
  const { client } = await api(t, (response) => {
    response.end(JSON.stringify({ eventType: 'INVOKE', tracing: { value: '秘'.repeat(10_000) } }))
  })
  assert.deepEqual(await client.next('id-1'), { type: 'INVOKE' })
})

test('a refused connection, a reset and an early end are status 0 with a code', async (t) => {
  const reset = await raw(t, (socket) => socket.resetAndDestroy())
  await fails(reset.register(NAME, []), 0, /^E/)
  await fails(reset.next('id-1'), 0, 'ECONNRESET')
  const mute = await raw(t, (socket) => socket.end())
  await fails(mute.register(NAME, []), 0, 'ECONNRESET')
  await fails(mute.next('id-1'), 0, 'ECONNRESET')
  const half = await raw(t, (socket) =>
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"eventType":"SHUT'),
  )
  await fails(half.next('id-1'), 0, 'ECONNRESET')
  const server = createSocketServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  const gone = createExtensionsClient(`127.0.0.1:${port}`)
  await fails(gone.register(NAME, []), 0, 'ECONNREFUSED')
  await fails(gone.next('id-1'), 0, 'ECONNREFUSED')
})

test('an answer that is not HTTP is a failure, not a wait', async (t) => {
  const client = await raw(t, (socket) => socket.end('hello\r\n\r\n'))
  await fails(client.register(NAME, []), 0, /^\w+$/)
  await fails(client.next('id-1'), 0, /^\w+$/)
})

test('a next that is dropped while it waits fails, and the one after it is served', async (t) => {
  let n = 0
  const { client } = await api(t, (response, { socket }) => {
    if (++n === 1) setTimeout(() => socket.destroy(), 30)
    else response.end('{"eventType":"INVOKE"}')
  })
  await fails(client.next('id-1'), 0, 'ECONNRESET')
  assert.deepEqual(await client.next('id-1'), { type: 'INVOKE' })
})

test('an error names status and code, so that a log line can', () => {
  const error = new ExtensionsApiError(403, 'Forbidden')
  assert.deepEqual(
    [error.name, error.message, error.status, error.code],
    ['ExtensionsApiError', '403 Forbidden', 403, 'Forbidden'],
  )
})

test('the account is asked for only where it is wanted, and reported where the API names it', async (t) => {
  const { client, seen } = await api(t, (response, { headers }) => {
    response.setHeader('Lambda-Extension-Identifier', 'id-1')
    response.end(
      headers['lambda-extension-accept-feature'] === 'accountId' ? '{"accountId":"123456789012"}' : '{}',
    )
  })
  const accounts: string[] = []
  assert.equal(await client.register(NAME, [], (id) => accounts.push(id)), 'id-1')
  assert.deepEqual(accounts, ['123456789012'])
  await client.register(NAME, [])
  assert.equal(seen[1]?.headers['lambda-extension-accept-feature'], undefined)
})

test('an answer that tells no account registers all the same', async (t) => {
  for (const body of ['{}', '{"accountId":1}', 'no JSON', '']) {
    const { client } = await api(t, (response) => {
      response.setHeader('Lambda-Extension-Identifier', 'id-1')
      response.end(body)
    })
    assert.equal(await client.register(NAME, [], () => assert.fail('no account was named')), 'id-1')
  }
})
