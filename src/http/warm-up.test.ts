import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createTcpServer, type AddressInfo, type Server as NetServer } from 'node:net'
import { test, type TestContext } from 'node:test'
import { warmUpRequests } from './warm-up.ts'

async function listening(t: TestContext, server: NetServer): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

test('it asks twice on one connection with the token, and is over when both are answered', async (t) => {
  const requests: (readonly [string | undefined, string | string[] | undefined])[] = []
  const server = createServer((request, response) => {
    requests.push([request.url, request.headers['x-aws-parameters-secrets-token']])
    response.end('an answer')
  })
  let connections = 0
  server.on('connection', () => connections++)
  const port = await listening(t, server)
  await warmUpRequests(port, 'a token')
  assert.deepEqual(requests, [
    ['/ping', 'a token'],
    ['/secretsmanager/get?secretId=warm-up%2Fof&refreshNow=neither', 'a token'],
  ])
  assert.equal(connections, 1)
})

test('a port where nobody listens is no error', async (t) => {
  const server = createTcpServer()
  const port = await listening(t, server)
  server.close()
  await warmUpRequests(port, 'a token')
})

test('an answer that never comes is waited for a second, and a reset ends it at once', async (t) => {
  const server = createTcpServer((socket) => socket.resume())
  const port = await listening(t, server)
  await warmUpRequests(port, 'a token')
  server.on('connection', (socket) => socket.resetAndDestroy())
  await warmUpRequests(port, 'a token')
})
