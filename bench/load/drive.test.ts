import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import test, { type TestContext } from 'node:test'
import { targetOf } from '../measuring/catalogue.ts'
import { drive, type Job } from './drive.ts'

interface Lie {
  status?: number
  body?: string
}

/** Answers right, but for the requests that `lie` picks. */
async function serverOf(
  t: TestContext,
  lie: (turn: number) => Lie | undefined = () => undefined,
): Promise<number> {
  let turn = 0
  const server: Server = createServer((request, response) => {
    const right = targetOf(request.url ?? '')?.body ?? ''
    const { status = 200, body = right } = lie(++turn) ?? {}
    response.writeHead(status, { 'Content-Length': Buffer.byteLength(body) })
    response.end(body)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

function jobOf(port: number, changes: Partial<Job> = {}): Job {
  const load = { size: '100B', keys: 3, connections: 2, mode: 'keep', warmup: 20, measureMs: 100 } as const
  return { port, serverPid: process.pid, isExact: true, ...load, ...changes }
}

for (const mode of ['keep', 'reconnect', 'each', 'burst'] as const) {
  test(`${mode}: every answer is counted, with its latency and the CPU of both sides`, async (t) => {
    const outcome = await drive(jobOf(await serverOf(t), { mode, keys: 20, warmup: 5 }))
    const counted = outcome.latency.reduce((sum, [, count]) => sum + count, 0)
    assert.equal(counted, outcome.responses)
    if (mode === 'each' || mode === 'burst') assert.equal(outcome.responses, 20)
    assert.ok(outcome.responses > 0 && outcome.elapsedMs > 0)
    assert.ok(outcome.serverCpuMs > 0 && outcome.driverCpuMs > 0)
  })

  test(`${mode}: one answer that is no 200 fails the run`, async (t) => {
    const port = await serverOf(t, (turn) => (turn === 15 ? { status: 400 } : undefined))
    await assert.rejects(
      drive(jobOf(port, { mode, keys: mode === 'keep' ? 1 : 20 })),
      /expected 200, got 400/,
    )
  })

  test(`${mode}: one wrong byte fails the run, and says where it is`, async (t) => {
    const right = targetOf('/secretsmanager/get?secretId=bench%2F100B%2F0')!.body
    const wrong = `${right.slice(0, 30)}#${right.slice(31)}`
    const port = await serverOf(t, (turn) => (turn === 15 ? { body: wrong } : undefined))
    await assert.rejects(
      drive(jobOf(port, { mode, keys: mode === 'keep' ? 1 : 20 })),
      /they differ from byte \d+/,
    )
  })
}

test('a server that is not there fails the run', async () => {
  await assert.rejects(drive(jobOf(1)), /ECONNREFUSED/)
})

test('a peer may word its body differently, but not from one answer to the next', async (t) => {
  const value = JSON.parse(targetOf('/secretsmanager/get?secretId=bench%2F100B%2F0')!.body) as {
    SecretString: string
  }
  const peer = JSON.stringify({ SecretString: value.SecretString })
  const steady = await serverOf(t, () => ({ body: peer }))
  assert.ok((await drive(jobOf(steady, { keys: 1, isExact: false }))).responses > 0)
  const fickle = await serverOf(t, (turn) => ({ body: turn > 10 ? `${peer} ` : peer }))
  await assert.rejects(drive(jobOf(fickle, { keys: 1, isExact: false })), /they differ from byte/)
})
