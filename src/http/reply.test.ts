import assert from 'node:assert/strict'
import { createServer, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { UpstreamError } from '../errors.ts'
import { say, shown } from '../public.ts'
import { exchange, header, parseReply, type Reply } from '../../tools/wire.ts'

import { createAnswer } from '../answer/answer.ts'
import { rejects } from './rejects.ts'
import * as reply from './reply.ts'

const OPAQUE = 'an unexpected error occurred while executing request'

/** What a client receives when a request is answered so. */
async function sent(t: TestContext, answer: (response: ServerResponse) => void): Promise<Reply> {
  const server = createServer({ keepAliveTimeout: 0 }, (_, response) => answer(response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  const [first] = await exchange(port, 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  return first!
}

const names = ({ headers }: Reply): string[] => headers.map(([name]) => name)

test('a hit and a miss are the same bytes with another X-Cache', async (t) => {
  const answer = createAnswer('{"Name":"a"}')
  for (const [how, word] of [
    [reply.hit, 'HIT'],
    [reply.miss, 'MISS'],
  ] as const) {
    const got = await sent(t, (response) => how(response, answer))
    assert.equal(got.status, 200)
    assert.equal(got.body.toString(), '{"Name":"a"}')
    assert.deepEqual(names(got), ['Content-Type', 'Content-Length', 'X-Cache', 'Date', 'Connection'])
    assert.equal(header(got, 'Content-Type'), 'text/plain')
    assert.equal(header(got, 'Content-Length'), '12')
    assert.equal(header(got, 'X-Cache'), word)
  }
})

test('the body is UTF-8, and its length is counted in bytes', async (t) => {
  for (const body of [
    '',
    'é',
    '秘密🔑',
    '\u0000\u007f\u0080\u00ff',
    '{"SecretString":"ünïcode ✓"}',
    'x'.repeat(70_000),
  ]) {
    const answer = createAnswer(body)
    const got = await sent(t, (response) => reply.hit(response, answer))
    assert.equal(got.body.toString('utf8'), body)
    assert.equal(header(got, 'Content-Length'), String(Buffer.byteLength(body)))
  }
})

test('an answer holds one character for each byte', () => {
  assert.equal(createAnswer('é').bytes, '\u00c3\u00a9')
  assert.equal(createAnswer('').bytes, '')
  assert.equal(createAnswer('\ud800').bytes, '\u00ef\u00bf\u00bd', 'half a pair is the replacement character')
})

// Recorded in awslabs/aws-sdk-rust#905.
test('the refusal of a token is the one of the original', async (t) => {
  const got = await sent(t, (response) => reply.refuse(response, rejects.badToken))
  assert.equal(got.status, 401)
  assert.equal(got.body.toString(), 'bad session token or header key')
  assert.equal(header(got, 'Content-Length'), '31')
  assert.equal(header(got, 'Content-Type'), 'text/plain')
  assert.equal(header(got, 'X-Amzn-ErrorType'), 'AccessDeniedException')
})

test('every refusal is sent the same over HTTP and as bytes for a raw socket', async (t) => {
  for (const [name, reject] of Object.entries(rejects)) {
    const got = await sent(t, (response) => reply.refuse(response, reject))
    const raw = parseReply(Buffer.from(reply.refusalBytes(reject, false), 'latin1'), true, false)!
    for (const one of [got, raw]) {
      assert.equal(one.status, reject.status, name)
      assert.equal(one.body.toString(), reject.body)
      assert.equal(header(one, 'X-Amzn-ErrorType'), reject.errorType)
      const type = reject.status === 401 ? 'text/plain' : 'text/plain; charset=utf-8'
      assert.equal(header(one, 'Content-Type'), type)
      assert.equal(header(one, 'Allow'), reject.status === 405 ? 'GET, HEAD' : undefined)
      assert.match(header(one, 'Date')!, /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/)
    }
    assert.equal(got.reason, raw.reason)
    assert.equal(header(raw, 'Connection'), 'close')
  }
})

test('a refusal of what may be a HEAD has its sentence in a header, and no body', () => {
  for (const reject of Object.values(rejects)) {
    const bytes = Buffer.from(reply.refusalBytes(reject, true), 'latin1')
    const raw = parseReply(bytes, true, false)!
    assert.deepEqual([raw.status, raw.body.length], [reject.status, 0])
    assert.equal(header(raw, 'X-Amzn-ErrorType'), reject.errorType)
    assert.equal(header(raw, 'X-Amzn-ErrorMessage'), reject.body)
    assert.equal(header(raw, 'Connection'), 'close')
    assert.equal(header(raw, 'Content-Length'), undefined)
  }
})

test('every refusal is one line of ASCII with a status in range, made once', () => {
  for (const reject of Object.values(rejects)) {
    assert.equal(reject.kind, 'reject')
    assert.match(reject.body, /^[\x20-\x7e]+$/)
    assert.match(reject.errorType, /^[A-Z]\w+$/)
    assert.ok(reject.status >= 400 && reject.status < 600)
  }
})

test('an upstream failure is the opaque 400 of the original, with the reason in two more headers', async (t) => {
  const error = new UpstreamError({
    code: say`ResourceNotFoundException`,
    reason: say`Secrets Manager can't find the secret.`,
    report: say`x`,
  })
  const got = await sent(t, (response) => reply.fail(response, error))
  assert.equal(got.status, 400)
  assert.equal(got.reason, 'Bad Request')
  assert.equal(got.body.toString(), OPAQUE)
  assert.equal(header(got, 'Content-Type'), 'text/plain')
  assert.equal(header(got, 'X-Amzn-ErrorType'), 'ResourceNotFoundException')
  assert.equal(header(got, 'X-Amzn-ErrorMessage'), "Secrets Manager can't find the secret.")
  assert.equal(header(got, 'X-Cache'), undefined)
})

test('a reason can end no header and hold no byte that a client cannot read', async (t) => {
  const hostile = 'a\r\nSet-Cookie: x\u0000é秘🔑\u2028 b '
  const error = new UpstreamError({ code: shown(hostile), reason: shown(hostile), report: shown(hostile) })
  const got = await sent(t, (response) => reply.fail(response, error))
  assert.equal(got.status, 400)
  assert.equal(header(got, 'Set-Cookie'), undefined)
  for (const name of ['X-Amzn-ErrorType', 'X-Amzn-ErrorMessage']) {
    assert.match(header(got, name)!, /^a Set-Cookie: x \?.* b$/)
    assert.match(header(got, name)!, /^[\x20-\x7e]*$/)
  }
})

test('ping answers healthy', async (t) => {
  const got = await sent(t, (response) => reply.pong(response))
  assert.deepEqual([got.status, got.body.toString()], [200, 'healthy'])
})

test('nothing throws, and nothing is sent twice, where an answer is out or the client is gone', async (t) => {
  const error = new UpstreamError({ code: say`X`, reason: say`y`, report: say`z` })
  const all = (response: ServerResponse): void => {
    reply.miss(response, createAnswer('second'))
    reply.pong(response)
    reply.refuse(response, rejects.internal)
    reply.fail(response, error)
  }
  const got = await sent(t, (response) => {
    reply.hit(response, createAnswer('first'))
    all(response)
  })
  assert.equal(got.body.toString(), 'first')
  await assert.rejects(
    sent(t, (response) => {
      response.destroy()
      all(response)
    }),
  )
})
