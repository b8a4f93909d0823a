import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { hasHungUp } from './callers.ts'

/** A server, and connections to it: the caller's end and ours. */
async function serve(t: TestContext) {
  const server = createServer({ allowHalfOpen: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  const call = async (): Promise<{ caller: Socket; ours: Socket }> => {
    const accepted = once(server, 'connection') as Promise<[Socket]>
    const caller = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    const [ours] = await accepted
    ours.resume()
    t.after(() => (caller.destroy(), ours.destroy()))
    return { caller, ours }
  }
  return { call }
}

async function until(isTrue: () => boolean): Promise<void> {
  for (;;) {
    if (isTrue()) return
    await sleep(10)
  }
}

test('who has destroyed the connection has hung up', async (t) => {
  const { call } = await serve(t)
  const { caller, ours } = await call()
  assert.equal(hasHungUp(ours), false)
  caller.destroy()
  await until(() => hasHungUp(ours))
})

test('who has closed the sending half and still listens has not hung up', async (t) => {
  const { call } = await serve(t)
  const { caller, ours } = await call()
  caller.end()
  await once(ours, 'end')
  await sleep(150)
  assert.equal(hasHungUp(ours), false)
})
