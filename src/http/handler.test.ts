import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { PLAIN } from '../cache/freshness.ts'
import { ReadThrough } from '../cache/read-through.ts'
import { UpstreamError } from '../errors.ts'
import { createLog, type Level } from '../log.ts'
import type { Lookup } from '../lookup.ts'
import { say } from '../public.ts'
import { gate } from '../../test/gate.ts'
import { exchange, header, type Reply } from '../../tools/wire.ts'
import { bytesOf, createAnswer, type Answer } from '../answer/answer.ts'
import { createHandler } from './handler.ts'
import { rejects } from './rejects.ts'
import { createTokenCheck } from '../token.ts'

const TOKEN = 'the-session-token'
const VALUE = 'hunter2-the-value'
const SECRET = '/secretsmanager/get?secretId=MySecret'

interface Fixture {
  readonly fetch?: (lookup: Lookup) => Promise<Answer>
  readonly ttlMs?: number
  readonly level?: Level
  readonly isCurrentToken?: (presented: string) => Promise<boolean>
}

interface Request {
  readonly method?: string
  /** Undefined sends none. */
  readonly token?: string | undefined
  readonly host?: string | undefined
  readonly extra?: string
}

const respond = (lookup: Lookup): Promise<Answer> =>
  Promise.resolve(createAnswer(JSON.stringify({ key: lookup.key, value: VALUE })))

/** The handler behind a real server, with a fetch of the test's own. */
async function start(t: TestContext, fixture: Fixture = {}) {
  const lines: string[] = []
  const fetched: Lookup[] = []
  const escaped: unknown[] = []
  const reported: string[] = []
  const fetch = fixture.fetch ?? respond
  const cache = new ReadThrough<Lookup, Answer>({
    capacity: 10,
    maxBytes: 1_000_000,
    bytesOf,
    mostBytes: () => Infinity,
    aliasesOf: () => [],
    substituteMs: () => undefined,
    subjectsOf: ({ key }) => [key],
    overlap: (one, other) => one === other,
    wokeAt: () => 0,
    after: () => () => undefined,
    rules: PLAIN,
    negativeTtlMs: 0,
    kindOf: () => 'other',
    asStale: (answer) => answer,
    random: Math.random,
    ttlMs: () => fixture.ttlMs ?? 60_000,
    now: Date.now,
    fetch: (lookup) => {
      fetched.push(lookup)
      return fetch(lookup)
    },
  })
  const handler = createHandler({
    cache,
    log: createLog(fixture.level ?? 'debug', 'text', { write: (line) => void lines.push(line) }),
    isKnownToken: createTokenCheck([TOKEN]),
    isCurrentToken: fixture.isCurrentToken,
    readMany: () => Promise.reject(new Error('many are not expected')),
    sdk: {
      cache,
      region: 'us-east-1',
      isTransient: () => true,
      passThrough: () => Promise.reject(new Error('no call of an SDK is expected')),
    },
    environment: undefined,
    admitRole: () => undefined,
    metrics: undefined,
    engine: {
      onHit() {
        const { hits } = cache.stats()
        reported.push(`hit ${hits}`)
        return hits === 1 ? 3 : 0
      },
      onMiss: () => void reported.push('miss'),
      onAnswer: (bytes) => void reported.push(`${bytes} bytes`),
    },
  })
  const server = createServer({ requireHostHeader: false, keepAliveTimeout: 0 }, handler)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => (server.closeAllConnections(), server.close()))
  const note = (error: unknown): void => void escaped.push(error)
  process.on('uncaughtException', note).on('unhandledRejection', note)
  t.after(() => {
    process.off('uncaughtException', note).off('unhandledRejection', note)
    assert.deepEqual(escaped, [], 'nothing escaped')
  })
  const { port } = server.address() as AddressInfo
  const ask = async (target: string, request: Request = {}): Promise<Reply> => {
    const { method = 'GET', token = TOKEN, host = 'localhost:2773', extra = '' } = { ...request }
    const head = [
      `${method} ${target} HTTP/1.1`,
      ...('host' in request && request.host === undefined ? [] : [`Host: ${host}`]),
      ...('token' in request && request.token === undefined
        ? []
        : [`X-Aws-Parameters-Secrets-Token: ${token}`]),
    ]
    const [reply] = await exchange(port, `${head.join('\r\n')}\r\n${extra}\r\n`, {
      bodiless: method === 'HEAD',
    })
    return reply!
  }
  return { port, ask, lines, fetched, cache, reported }
}

function isRefusal(reply: Reply, why: keyof typeof rejects): void {
  assert.deepEqual([reply.status, reply.body.toString()], [rejects[why].status, rejects[why].body])
}

test('the first request is a miss, the second a hit with the same bytes and no further fetch', async (t) => {
  const { ask, fetched } = await start(t)
  const miss = await ask(SECRET)
  const hit = await ask(SECRET)
  assert.deepEqual([miss.status, header(miss, 'X-Cache')], [200, 'MISS'])
  assert.deepEqual([hit.status, header(hit, 'X-Cache')], [200, 'HIT'])
  assert.deepEqual(hit.body, miss.body)
  assert.equal(fetched.length, 1)
})

test('the engine learns of the first hit, of the hits that it asks for, and of each miss with its bytes', async (t) => {
  const { ask, reported } = await start(t)
  const [first] = [await ask(SECRET), await ask(`${SECRET}&refreshNow=true`)]
  for (let hit = 1; hit <= 9; hit++) assert.equal((await ask(SECRET)).status, 200)
  const missed = ['miss', `${first.body.length} bytes`]
  assert.deepEqual(reported, [...missed, ...missed, 'hit 1', 'hit 4'])
})

test('a failed miss counts as well, and a refused request does not', async (t) => {
  const failed = new UpstreamError({
    code: say`ResourceNotFoundException`,
    reason: say`not found`,
    report: say`the report`,
  })
  const { ask, reported } = await start(t, { fetch: () => Promise.reject(failed) })
  for (let i = 0; i < 9; i++) assert.equal((await ask(SECRET, { token: 'wrong' })).status, 401)
  assert.equal((await ask(SECRET)).status, 400)
  assert.deepEqual(reported, ['miss'])
})

test('different spellings of a question are one entry', async (t) => {
  const { ask, fetched } = await start(t)
  await ask('/systemsmanager/parameters/get?name=/a/b&withDecryption=true')
  const other = await ask('/systemsmanager/parameters/get/?withDecryption=1&name=%2fa%2Fb&x=y')
  assert.equal(header(other, 'X-Cache'), 'HIT')
  assert.equal(fetched.length, 1)
})

test('a hundred at once for one cold key make one fetch and get equal bodies', async (t) => {
  const { until, release } = gate()
  const { ask, fetched } = await start(t, { fetch: (lookup) => until.then(() => respond(lookup)) })
  const asking = Array.from({ length: 100 }, () => ask(SECRET))
  setTimeout(release, 100)
  const replies = await Promise.all(asking)
  assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([200]))
  assert.equal(new Set(replies.map(({ body }) => body.toString())).size, 1)
  assert.equal(fetched.length, 1)
})

test('refreshNow asks anew, and what it brings is what the next hit gets', async (t) => {
  let n = 0
  const { ask, fetched } = await start(t, { fetch: () => Promise.resolve(createAnswer(`answer ${++n}`)) })
  await ask(SECRET)
  const refreshed = await ask(SECRET + '&refreshNow=true')
  assert.deepEqual([header(refreshed, 'X-Cache'), refreshed.body.toString()], ['MISS', 'answer 2'])
  const next = await ask(SECRET)
  assert.deepEqual([header(next, 'X-Cache'), next.body.toString()], ['HIT', 'answer 2'])
  assert.equal(fetched.length, 2)
})

// Each row breaks one rule more than the row below it: the first that is broken is the one that is answered.
test('the order of the checks is token, forwarded, Host, method, path, parameters', async (t) => {
  const { ask, fetched } = await start(t)
  const forwarded = 'X-Forwarded-For: 1.2.3.4\r\n'
  isRefusal(
    await ask('/no?x', { method: 'PUT', host: 'evil.com', extra: forwarded, token: 'wrong' }),
    'badToken',
  )
  isRefusal(await ask('/no?x', { method: 'PUT', host: 'evil.com', extra: forwarded }), 'forwarded')
  isRefusal(await ask('/no?x', { method: 'PUT', host: 'evil.com' }), 'foreignHost')
  isRefusal(await ask('/no?x', { method: 'PUT' }), 'method')
  isRefusal(await ask('/no?x'), 'unknownPath')
  isRefusal(await ask('/secretsmanager/get?x'), 'missingSecretId')
  assert.deepEqual(fetched, [])
})

test('a missing, empty, wrong, repeated or nearly right token is refused, and nothing is fetched', async (t) => {
  const { ask, fetched } = await start(t)
  for (const token of [
    undefined,
    '',
    'wrong',
    TOKEN + 'x',
    TOKEN.slice(1),
    TOKEN.toUpperCase(),
    `${TOKEN}, ${TOKEN}`,
  ]) {
    isRefusal(await ask(SECRET, { token }), 'badToken')
  }
  isRefusal(await ask(SECRET, { extra: `x-aws-parameters-secrets-token: ${TOKEN}\r\n` }), 'badToken')
  isRefusal(await ask(SECRET, { token: undefined, extra: `Authorization: ${TOKEN}\r\n` }), 'badToken')
  assert.deepEqual(fetched, [])
})

test('a token is refused although the answer is held', async (t) => {
  const { ask } = await start(t)
  await ask(SECRET)
  const refused = await ask(SECRET, { token: 'wrong' })
  isRefusal(refused, 'badToken')
  assert.ok(!refused.bytes.includes(VALUE))
})

test('the token header counts in any letter case', async (t) => {
  const { ask } = await start(t)
  for (const name of ['x-aws-parameters-secrets-token', 'X-AWS-PARAMETERS-SECRETS-TOKEN']) {
    assert.equal((await ask(SECRET, { token: undefined, extra: `${name}: ${TOKEN}\r\n` })).status, 200)
  }
})

test('loopback names and no Host at all are served, every other Host is not', async (t) => {
  const { ask } = await start(t)
  for (const host of ['localhost', '127.0.0.1:2773', '[::1]:2773', 'LOCALHOST:1', undefined]) {
    assert.equal((await ask(SECRET, { host })).status, 200, host)
  }
  for (const host of ['evil.com', 'localhost.evil.com', '0.0.0.0:2773', ''])
    isRefusal(await ask(SECRET, { host }), 'foreignHost')
  assert.equal((await ask(SECRET)).status, 200, 'and the ones after it are served')
})

test('every method but GET and HEAD is refused, and says which are served', async (t) => {
  const { ask } = await start(t)
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND']) {
    const reply = await ask(SECRET, { method })
    assert.equal(reply.status, 405, method)
    assert.equal(header(reply, 'Allow'), 'GET, HEAD')
    assert.equal(header(reply, 'Connection'), 'close', 'a body that follows is never read')
    assert.equal((await ask(SECRET, { method, token: 'wrong' })).status, 401)
  }
})

test('a HEAD is answered as a GET, with the length of its body and without it', async (t) => {
  const { ask } = await start(t)
  await ask(SECRET)
  for (const [target, request] of [
    ['/ping', { token: undefined }],
    [SECRET, {}],
    ['/secretsmanager/get?secretId=new', {}],
    [SECRET, { token: 'wrong' }],
    [SECRET, { host: 'evil.org' }],
    [SECRET, { extra: 'X-Forwarded-For: ::1\r\n' }],
    ['/nowhere', {}],
    ['/metrics', {}],
    ['/environment', {}],
  ] as const) {
    const head = await ask(target, { ...request, method: 'HEAD' })
    const get = await ask(target, request)
    assert.equal(head.body.length, 0)
    assert.equal(header(head, 'content-length'), String(get.body.length), target)
    const withoutCache = ({ headers }: Reply) =>
      headers.filter(([name]) => name !== 'X-Cache' && name !== 'Date')
    assert.deepEqual([head.status, withoutCache(head)], [get.status, withoutCache(get)])
  }
})

test('ping needs no token, but a Host of ours and GET', async (t) => {
  const { ask } = await start(t)
  for (const token of [undefined, 'wrong', TOKEN]) {
    const reply = await ask('/ping', { token })
    assert.deepEqual([reply.status, reply.body.toString()], [200, 'healthy'])
    isRefusal(await ask('/ping', { token, host: 'evil.com' }), 'foreignHost')
  }
  isRefusal(await ask('/ping', { token: undefined, method: 'POST' }), 'badToken')
})

test('an upstream failure is the opaque 400 for all who waited, and is not kept', async (t) => {
  const { until, release } = gate()
  const failure = new UpstreamError({
    code: say`AccessDeniedException`,
    reason: say`not authorized`,
    report: say`the report`,
  })
  const { ask, fetched } = await start(t, { fetch: () => until.then(() => Promise.reject(failure)) })
  const asking = Array.from({ length: 5 }, () => ask(SECRET))
  setTimeout(release, 100)
  for (const reply of await Promise.all(asking)) {
    assert.equal(reply.status, 400)
    assert.equal(reply.body.toString(), 'an unexpected error occurred while executing request')
    assert.equal(header(reply, 'X-Amzn-ErrorType'), 'AccessDeniedException')
    assert.equal(header(reply, 'X-Amzn-ErrorMessage'), 'not authorized')
  }
  await ask(SECRET)
  assert.equal(fetched.length, 2)
})

// Ways for a bug of ours to show, each with text that must never be seen by anyone.
const BUGS: Readonly<Record<string, () => Promise<Answer>>> = {
  'rejects with a TypeError': () => Promise.reject(new TypeError(`cannot read ${VALUE}`)),
  'throws before it has a promise': () => {
    throw new RangeError(`out of range: ${VALUE}`)
  },
  'rejects with a code': () => Promise.reject(Object.assign(new Error(VALUE), { code: 'ERR_SOMETHING' })),
  'rejects with a string': () => Promise.reject(VALUE),
  'rejects with undefined': () => Promise.reject(undefined),
  'resolves with no answer': () => Promise.resolve(undefined as unknown as Answer),
  'resolves with an answer whose headers cannot be sent': () =>
    Promise.resolve({ ...createAnswer(VALUE), hitHeaders: { '\n': 'x' }, missHeaders: { '\n': 'x' } }),
}

for (const [what, bug] of Object.entries(BUGS)) {
  test(`a fetch that ${what} is a 500 without detail, and the next request is good`, async (t) => {
    const fetches = [bug, () => respond({ key: 'good' } as Lookup)]
    const { ask, lines } = await start(t, { fetch: () => fetches.shift()!() })
    const reply = await ask(SECRET)
    isRefusal(reply, 'internal')
    assert.equal(header(reply, 'X-Amzn-ErrorType'), 'InternalFailure')
    assert.ok(!reply.bytes.includes(VALUE))
    assert.equal((await ask('/systemsmanager/parameters/get?name=other')).status, 200)
    assert.ok(lines.some((line) => line.includes(' ERROR internal error while answering a request: ')))
    assert.ok(!lines.join('').includes(VALUE), lines.join(''))
  })
}

test('the log line of a bug names its class and code', async (t) => {
  const { ask, lines } = await start(t, { level: 'error', fetch: BUGS['rejects with a code']! })
  await ask(SECRET)
  assert.match(lines.join(''), / ERROR internal error while answering a request: Error ERR_SOMETHING\n$/)
})

test('debug lines name the question and how it was answered, and never hold value or token', async (t) => {
  const { ask, lines } = await start(t)
  await ask(SECRET)
  await ask(SECRET)
  await ask(SECRET + '&refreshNow=1')
  await ask('/systemsmanager/parameters/get?name=/a/b&version=3')
  await ask(SECRET, { token: 'a-wrong-token' })
  assert.deepEqual(
    lines.map((line) => line.slice(66)).filter((line) => line.startsWith('DEBUG')),
    [
      'DEBUG GetSecretValue MySecret: miss\n',
      'DEBUG GetSecretValue MySecret: hit\n',
      'DEBUG GetSecretValue MySecret: refreshed\n',
      'DEBUG GetParameter /a/b:3: miss\n',
    ],
  )
  for (const secret of [VALUE, TOKEN, 'a-wrong-token']) assert.ok(!lines.join('').includes(secret))
})

test('at info nothing is written for a request that went well', async (t) => {
  const { ask, lines } = await start(t, { level: 'info' })
  await ask(SECRET)
  await ask(SECRET)
  assert.deepEqual(lines, [])
})

test('a name cannot forge a log line', async (t) => {
  const { ask, lines } = await start(t)
  await ask('/secretsmanager/get?secretId=a%0D%0A[AWS]%20ERROR%20forged')
  assert.equal(lines.length, 1)
  assert.match(lines[0]!, /DEBUG GetSecretValue a \[AWS\] ERROR forged: miss\n$/)
})

test('a client who leaves while it waits disturbs nobody, and its answer is kept', async (t) => {
  const { until, release } = gate()
  const { ask, port, fetched } = await start(t, { fetch: (lookup) => until.then(() => respond(lookup)) })
  const request = `GET ${SECRET} HTTP/1.1\r\nHost: localhost\r\nX-Aws-Parameters-Secrets-Token: ${TOKEN}\r\n\r\n`
  await assert.rejects(exchange(port, request, { patienceMs: 50 }))
  const patient = ask(SECRET)
  setTimeout(release, 50)
  assert.equal((await patient).status, 200)
  assert.equal(header(await ask(SECRET), 'X-Cache'), 'HIT')
  assert.equal(fetched.length, 1)
})

test('where container credentials are, their current token is good too, and everything else is not', async (t) => {
  const presented: string[] = []
  const isCurrentToken = async (token: string): Promise<boolean> => {
    presented.push(token)
    return token === 'newer'
  }
  const { ask } = await start(t, { isCurrentToken })
  assert.equal((await ask(SECRET, { token: 'newer' })).status, 200)
  assert.equal(header(await ask(SECRET, { token: 'newer' }), 'X-Cache'), 'HIT')
  isRefusal(await ask(SECRET, { token: 'older' }), 'badToken')
  isRefusal(await ask(SECRET, { token: '' }), 'badToken')
  assert.equal((await ask(SECRET)).status, 200)
  assert.deepEqual(presented, ['newer', 'newer', 'older'], 'an empty or a known one is not asked about')
  isRefusal(await ask(SECRET, { token: 'newer', host: 'evil.com' }), 'foreignHost')
  isRefusal(await ask(SECRET, { token: 'newer', extra: 'X-Forwarded-For: x\r\n' }), 'forwarded')
  isRefusal(await ask('/nowhere', { token: 'older' }), 'badToken')
})

test('the headers of one request are not mixed with those of another that waits for its token to be checked', async (t) => {
  const { until, release } = gate()
  const isCurrentToken = (token: string): Promise<boolean> => until.then(() => token === 'newer')
  const { ask } = await start(t, { isCurrentToken })
  const waiting = [
    ask(SECRET, { token: 'newer', host: 'evil.com' }),
    ask(SECRET, { token: 'newer' }),
  ] as const
  assert.equal((await ask('/ping')).status, 200)
  isRefusal(await ask(SECRET, { host: 'evil.org' }), 'foreignHost')
  release()
  isRefusal(await waiting[0], 'foreignHost')
  assert.equal((await waiting[1]).status, 200)
})

test('a token check that fails is a 500 without detail', async (t) => {
  const { ask, lines } = await start(t, { isCurrentToken: () => Promise.reject(new TypeError(VALUE)) })
  isRefusal(await ask(SECRET, { token: 'newer' }), 'internal')
  assert.equal((await ask(SECRET)).status, 200)
  assert.ok(!lines.join('').includes(VALUE))
})

test('401s are logged once a minute, as a count and without a token', async (t) => {
  const { ask, lines } = await start(t, { level: 'warn' })
  const now = Date.now()
  const clock = t.mock.method(Date, 'now', () => now)
  for (let i = 0; i < 5; i++) isRefusal(await ask(SECRET, { token: `wrong-token-${i}` }), 'badToken')
  clock.mock.mockImplementation(() => now + 60_000)
  isRefusal(await ask(SECRET, { token: undefined }), 'badToken')
  assert.equal((await ask(SECRET)).status, 200)
  const counts = lines.map((line) => /WARN (\d+) requests without a good \S+ were refused\n$/.exec(line)?.[1])
  assert.deepEqual(counts, ['1', '5'])
  assert.doesNotMatch(lines.join(''), /wrong-token/)
})
