import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { hasHungUp, portsOfCallers } from './callers.ts'

test('the kernel tells who is there, and who has closed', async (t) => {
  const server = createServer({ allowHalfOpen: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const call = async (): Promise<[Socket, number]> => {
    const accepted = once(server, 'connection') as Promise<[Socket]>
    const socket = connect(port, '127.0.0.1')
    const [ours] = await accepted
    t.after(() => (socket.destroy(), ours.destroy()))
    return [socket, ours.remotePort ?? 0]
  }
  t.after(() => server.close())
  const [, there] = await call()
  const [leaving, gone] = await call()
  assert.deepEqual(portsOfCallers(port), new Set([there, gone]))
  assert.deepEqual([hasHungUp(port, there), hasHungUp(port, gone)], [false, false])
  leaving.destroy()
  for (;;) {
    if (portsOfCallers(port)?.has(gone) !== true) break
    await sleep(5)
  }
  assert.deepEqual(portsOfCallers(port), new Set([there]))
  assert.deepEqual([hasHungUp(port, there), hasHungUp(port, gone)], [false, true])
})

test('who has closed the sending half and still listens has not hung up', async (t) => {
  const server = createServer({ allowHalfOpen: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  const [ours] = await accepted
  t.after(() => (socket.destroy(), ours.destroy(), server.close()))
  socket.end()
  ours.resume()
  await once(ours, 'end')
  assert.equal(hasHungUp(port, ours.remotePort ?? 0), false)
})
