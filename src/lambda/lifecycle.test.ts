import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { createLog } from '../log.ts'
import { createExtensionsClient, ExtensionsApiError, type ExtensionsClient } from './extensions-api.ts'
import { live, type Shutdown } from './lifecycle.ts'

const DEADLINE = 1_800_000_000_000
const SHUTDOWN = JSON.stringify({ eventType: 'SHUTDOWN', shutdownReason: 'spindown', deadlineMs: DEADLINE })

type Step = (response: ServerResponse) => void

const registered: Step = (response) => {
  response.setHeader('Lambda-Extension-Identifier', 'id-1')
  response.end('{}')
}
const says =
  (body: string, type = 'application/json'): Step =>
  (response) => {
    response.setHeader('Content-Type', type)
    response.end(body)
  }
const refuses =
  (status: number, errorType: string): Step =>
  (response) => {
    response.statusCode = status
    response.end(JSON.stringify({ errorType, errorMessage: 'x' }))
  }
const drops: Step = (response) => void setTimeout(() => response.socket?.destroy(), 20)
const stopsHalfway: Step = (response) => {
  response.writeHead(200, { 'Content-Length': '100' })
  response.write('{"eventType":')
  setTimeout(() => response.socket?.destroy(), 20)
}

interface Lived {
  readonly shutdown: Shutdown
  readonly lines: string[]
  /** What happened, in order: each request by its verb, and `ready` and `invoke`. */
  readonly happened: string[]
  readonly at: number[]
}

function scripted(steps: Step[], happened: string[], at: number[]): Server {
  return createServer((request, response) => {
    happened.push(request.url!.split('/').at(-1)!)
    at.push(performance.now())
    request.resume()
    const step = steps.shift()
    // A script that is over waits, as the real API does while the environment is idle.
    step?.(response)
  })
}

/** Lives against an API that follows the script, until SHUTDOWN. */
async function lifeOf(t: TestContext, ...steps: Step[]): Promise<Lived> {
  const happened: string[] = []
  const at: number[] = []
  const server = scripted(steps, happened, at).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => (server.closeAllConnections(), server.close()))
  const client = createExtensionsClient(`127.0.0.1:${(server.address() as AddressInfo).port}`)
  return { ...(await run(client, happened)), happened, at }
}

async function run(client: ExtensionsClient, happened: string[]) {
  const lines: string[] = []
  const shutdown = await live({
    client,
    name: 'the-extension',
    events: ['SHUTDOWN'],
    log: createLog('debug', 'text', { write: (line) => void lines.push(line.slice(66).trimEnd()) }),
    onReady: () => void happened.push('ready'),
    onRegistered: () => undefined,
    onInvoke() {
      happened.push('invoke')
      return undefined
    },
  })
  return { shutdown, lines }
}

test('register, ready, next, and SHUTDOWN ends it, in silence', async (t) => {
  const { shutdown, happened, lines } = await lifeOf(t, registered, says(SHUTDOWN, 'text/plain'))
  assert.deepEqual(shutdown, { reason: 'spindown', deadlineAt: DEADLINE })
  assert.deepEqual(new Set(happened), new Set(['register', 'ready', 'next']))
  assert.equal(happened[0], 'register')
  assert.deepEqual(lines, [])
})

test('ready is called once, when the first next is out, so that nothing in it delays the start', async () => {
  const order: string[] = []
  const client: ExtensionsClient = {
    register: () => Promise.resolve('id-1'),
    next: async (identifier, onAsked) => {
      const isFirst = !order.includes('ready')
      order.push('next ' + identifier)
      await Promise.resolve()
      order.push('out')
      onAsked?.()
      return isFirst ? { type: 'INVOKE' } : { type: 'SHUTDOWN', reason: 'x', deadlineAt: 0 }
    },
  }
  await run(client, order)
  assert.deepEqual(order, ['next id-1', 'out', 'ready', 'invoke', 'next id-1', 'out'])
})

test('when ready is called, the API has the question', async (t) => {
  const { happened } = await lifeOf(t, registered, (response) => {
    // Whatever holds up `ready` from here on holds up nobody.
    setTimeout(() => says(SHUTDOWN)(response), 50)
  })
  assert.deepEqual(happened.slice(0, 1), ['register'])
  assert.deepEqual(happened.slice(1).toSorted(), ['next', 'ready'])
})

test('a register that is refused is asked again until it is accepted', async (t) => {
  const { happened, lines } = await lifeOf(
    t,
    refuses(403, 'Forbidden'),
    refuses(500, 'Container'),
    registered,
    says(SHUTDOWN),
  )
  assert.equal(happened.filter((one) => one === 'register').length, 3)
  assert.equal(happened.filter((one) => one === 'ready').length, 1)
  assert.deepEqual(lines, [
    'ERROR Extensions API: register failed: 403 Forbidden. Trying again.',
    'ERROR Extensions API: register failed: 500 Container. Trying again.',
    'INFO Extensions API: register succeeded at attempt 3',
  ])
})

test('an API that is not there yet is waited for', async (t) => {
  const happened: string[] = []
  const holder = createServer().listen(0, '127.0.0.1')
  await once(holder, 'listening')
  const { port } = holder.address() as AddressInfo
  await new Promise((resolve) => holder.close(resolve))
  const living = run(createExtensionsClient(`127.0.0.1:${port}`), happened)
  const server = scripted([registered, says(SHUTDOWN)], happened, [])
  setTimeout(() => server.listen(port, '127.0.0.1'), 120)
  t.after(() => (server.closeAllConnections(), server.close()))
  const { lines } = await living
  assert.equal(lines[0], 'ERROR Extensions API: register failed: 0 ECONNREFUSED. Trying again.')
  assert.match(lines[1]!, /^INFO Extensions API: register succeeded at attempt \d+$/)
  assert.equal(lines.length, 2, 'the first of a row of equal problems is logged')
})

test('a next that is dropped while it waits is asked again, with the same identifier', async (t) => {
  // The first on the connection that registered, which is made anew without a word; the second on one of its own.
  const { happened, lines } = await lifeOf(t, registered, drops, drops, says(SHUTDOWN))
  assert.equal(happened.filter((one) => one === 'register').length, 1)
  assert.equal(happened.filter((one) => one === 'next').length, 3)
  assert.deepEqual(lines, [
    'ERROR Extensions API: next failed: 0 ECONNRESET. Trying again.',
    'INFO Extensions API: next succeeded at attempt 2',
  ])
})

test('half an event, garbage and a refusal are each survived', async (t) => {
  const { shutdown, lines } = await lifeOf(
    t,
    registered,
    stopsHalfway,
    says('not an event'),
    refuses(403, 'Extension.UnknownExtensionIdentifier'),
    says(SHUTDOWN),
  )
  assert.equal(shutdown.reason, 'spindown')
  assert.deepEqual(lines, [
    'ERROR Extensions API: next failed: 0 ECONNRESET. Trying again.',
    'ERROR Extensions API: next failed: 200 UnknownEvent. Trying again.',
    'ERROR Extensions API: next failed: 403 Extension.UnknownExtensionIdentifier. Trying again.',
    'INFO Extensions API: next succeeded at attempt 4',
  ])
})

test('an INVOKE is reported, and is no end', async (t) => {
  const invoke = says('{"eventType":"INVOKE","deadlineMs":1}')
  const { happened, lines } = await lifeOf(t, registered, invoke, invoke, says(SHUTDOWN))
  assert.equal(happened.filter((one) => one === 'invoke').length, 2)
  assert.equal(happened.filter((one) => one === 'next').length, 3)
  assert.deepEqual(lines, [])
})

// The gaps are lower bounds: a timer may be late, and is never early by more than its own rounding.
test('each failure is followed by a pause twice as long: no hot loop', async (t) => {
  const busy = refuses(500, 'Container')
  const { at } = await lifeOf(t, busy, busy, busy, busy, registered, says(SHUTDOWN))
  const gaps = at.slice(1, 5).map((one, i) => one - at[i]!)
  for (const [i, atLeastMs] of [50, 100, 200, 400].entries()) {
    assert.ok(gaps[i]! >= atLeastMs - 5, `pause ${i + 1} was ${gaps[i]} ms`)
  }
})

test('after a success the pauses begin anew, and so does the log', async (t) => {
  const invoke = says('{"eventType":"INVOKE"}')
  const { lines } = await lifeOf(t, registered, stopsHalfway, invoke, stopsHalfway, says(SHUTDOWN))
  assert.deepEqual(lines, [
    'ERROR Extensions API: next failed: 0 ECONNRESET. Trying again.',
    'INFO Extensions API: next succeeded at attempt 2',
    'ERROR Extensions API: next failed: 0 ECONNRESET. Trying again.',
    'INFO Extensions API: next succeeded at attempt 2',
  ])
})

test('a reason that would forge a log line is made harmless', async (t) => {
  const event = JSON.stringify({ eventType: 'SHUTDOWN', shutdownReason: 'x\nERROR forged', deadlineMs: 1 })
  const { shutdown } = await lifeOf(t, registered, says(event))
  assert.equal(shutdown.reason, 'x ERROR forged')
})

test('a bug in the client is named without its text, and tried again', async () => {
  let n = 0
  const client: ExtensionsClient = {
    register: () => {
      if (++n === 1) throw new TypeError('with hunter2 in it')
      return n === 2 ? Promise.reject(new ExtensionsApiError(0, 'X\nY')) : Promise.resolve('id-1')
    },
    next: () => Promise.resolve({ type: 'SHUTDOWN', reason: 'x', deadlineAt: 0 }),
  }
  const { lines } = await run(client, [])
  assert.deepEqual(lines, [
    'ERROR Extensions API: register failed: internal error. Trying again.',
    'ERROR Extensions API: register failed: 0 X Y. Trying again.',
    'INFO Extensions API: register succeeded at attempt 3',
  ])
})
