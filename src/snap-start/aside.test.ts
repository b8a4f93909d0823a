import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { connect, exchange } from '../workshop/testing/wire.ts'

// A program as main.ts is one: a server that has its requests answered by another process of itself.
const PROGRAM = `
  import { createServer } from 'node:http'
  import { answerFromStdin, createAside, leaveUnanswered } from ${JSON.stringify(new URL('aside.ts', import.meta.url).href)}
  import { isAside } from ${JSON.stringify(new URL('is-aside.ts', import.meta.url).href)}
  const bytes = (body) => 'HTTP/1.1 200 OK\\r\\nContent-Length: ' + body.length + '\\r\\nConnection: close\\r\\n\\r\\n' + body
  async function reply(question) {
    if (question === '/fail') throw new Error('no answer')
    if (question === '/die') process.kill(process.pid, 'SIGKILL')
    if (question === '/die-writing') setTimeout(() => process.kill(process.pid, 'SIGKILL'), 300)
    if (question === '/large' || question === '/die-writing') return bytes('x'.repeat(8_000_000))
    if (question === '/wait') await new Promise((resolve) => setTimeout(resolve, 100))
    return bytes(question + ' answered by ' + process.ppid)
  }
  if (isAside) answerFromStdin(reply).catch(leaveUnanswered)
  else {
    const aside = createAside()
    const server = createServer({ keepAliveTimeout: 0 }, async (request, response) => {
      const isAnswered = await aside.answer(request.socket, request.url)
      if (isAnswered) request.socket.destroy()
      else response.end('answered here')
    })
    server.listen(0, process.env.HOST, () => console.log(server.address().port))
  }
`

async function start(t: TestContext, host = '127.0.0.1') {
  const folder = mkdtempSync(join(tmpdir(), 'aside-'))
  writeFileSync(`${folder}/program.mjs`, PROGRAM)
  const child = spawn(process.execPath, [`${folder}/program.mjs`], {
    env: { HOST: host },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => {
    child.kill()
    rmSync(folder, { recursive: true })
  })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const port = Number(line)
  const get = async (target: string): Promise<string> => {
    const [reply] = await exchange(port, `GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`, { host })
    return reply!.body.toString()
  }
  return { port, pid: child.pid, get }
}

const addresses = Object.values(networkInterfaces()).flatMap((all) => all?.map(({ address }) => address))

for (const host of ['127.0.0.1', '::1'].filter((one) => addresses.includes(one))) {
  test(`a caller at ${host} is answered by another process, whole and once`, async (t) => {
    const { get, pid } = await start(t, host)
    assert.equal(await get('/question'), `/question answered by ${pid}`)
  })
}

test('more callers than places are all answered, each its own question', async (t) => {
  const { get, pid } = await start(t)
  const targets = Array.from({ length: 7 }, (_, i) => `/${i}`)
  const bodies = await Promise.all(targets.map(get))
  assert.deepEqual(
    bodies,
    targets.map((target) => `${target} answered by ${pid}`),
  )
})

test('an answer larger than any socket buffer arrives whole at a caller who reads', async (t) => {
  const { get } = await start(t)
  assert.equal((await get('/large')).length, 8_000_000)
})

test('where the other process has no answer, the question comes back', async (t) => {
  const { get } = await start(t)
  assert.equal(await get('/fail'), 'answered here')
  assert.match(await get('/next'), /^\/next answered by/)
})

test('where the other process is killed before it wrote, the question comes back', async (t) => {
  const { get } = await start(t)
  assert.equal(await get('/die'), 'answered here')
  assert.match(await get('/next'), /^\/next answered by/)
})

test('a process that is killed while it writes leaves a closed connection, and the next caller is served', async (t) => {
  const { get, port } = await start(t)
  const caller = await connect(port)
  await caller.send('GET /die-writing HTTP/1.1\r\nHost: x\r\n\r\n')
  assert.ok(!(await caller.closed()).includes('answered here'))
  assert.match(await get('/next'), /^\/next answered by/)
})

for (const count of [2, 5]) {
  test(`of ${count} questions pipelined on one connection the first is answered, the rest are left to be retried`, async (t) => {
    const { get, port, pid } = await start(t)
    const caller = await connect(port)
    const targets = Array.from({ length: count }, (_, i) => `/${i}`)
    await caller.send(targets.map((target) => `GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''))
    const bytes = (await caller.closed()).toString()
    assert.deepEqual(bytes.match(/HTTP\/1.1 200/g)?.length, 1)
    assert.ok(bytes.endsWith(`\r\n\r\n/0 answered by ${pid}`), bytes)
    assert.match(await get('/next'), /^\/next answered by/)
  })
}

test('behind a question that comes back the others are answered here, in order', async (t) => {
  const { port } = await start(t)
  const caller = await connect(port)
  await caller.send(
    'GET /fail HTTP/1.1\r\nHost: x\r\n\r\nGET /wait HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  )
  assert.equal((await caller.closed()).toString().match(/answered here/g)?.length, 2)
})

test('a caller who is gone before its turn, or before its answer, disturbs nobody', async (t) => {
  const { get, port, pid } = await start(t)
  for (let i = 0; i < 4; i++) {
    const caller = await connect(port)
    await caller.send('GET /wait HTTP/1.1\r\nHost: x\r\n\r\n')
    caller.destroy()
  }
  assert.equal(await get('/question'), `/question answered by ${pid}`)
})
