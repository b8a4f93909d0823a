// Requests at and beyond every limit, and every way to show a token that is none: one answer in the 4xx each, and the
// next request good. The contract documents (contract/token.md, guards.md, protocol.md) hold the exact bytes of the
// usual ones; here are those that only an attacker, or a very confused proxy, sends.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { artefactName, startExtension } from '../artefact.ts'
import { connect } from '../../tools/wire.ts'

const TARGET = '/secretsmanager/get?secretId=held'
const TOKEN = 'X-Aws-Parameters-Secrets-Token'
// Bun reads 198 headers and refuses more.
const MANY = 'X-Many: 1\r\n'.repeat(180)
/** More than Bun reads, and more than Node 20 would by default: none may read the first ones and serve. */
const TOO_MANY = 'X-Many: 1\r\n'.repeat(2_500)
const KB = 1024

type Case = readonly [
  name: string,
  status: number | '4xx',
  target: string,
  headers: (token: string) => string,
]

const good = (token: string): string => `${TOKEN}: ${token}\r\n`

const CASES: readonly Case[] = [
  // Size.
  ['60 KB of headers are read', 200, TARGET, (token) => `${good(token)}X-Long: ${'a'.repeat(60 * KB)}\r\n`],
  [
    'one header beyond 64 KB is too large',
    431,
    TARGET,
    (token) => `${good(token)}X-Long: ${'a'.repeat(64 * KB)}\r\n`,
  ],
  ['many headers beyond 64 KB are too large', 431, TARGET, (token) => good(token) + TOO_MANY.repeat(8)],
  ['a token of 64 KB is too large', 431, TARGET, () => good('t'.repeat(64 * KB))],
  ['a token of 60 KB is wrong', 401, TARGET, () => good('t'.repeat(60 * KB))],
  ['a target beyond 64 KB is too large', 431, `${TARGET}&x=${'a'.repeat(65 * KB)}`, good],
  ['a long query of parameters that mean nothing is read', 200, TARGET + '&x=1'.repeat(10_000), good],
  [
    'a secretId of 60 KB is asked, and AWS refuses it',
    400,
    `/secretsmanager/get?secretId=${'a'.repeat(60 * KB)}`,
    good,
  ],
  [
    'a name of 60 KB is asked, and AWS refuses it',
    400,
    `/systemsmanager/parameters/get?name=${'a'.repeat(60 * KB)}`,
    good,
  ],
  ['20,000 escapes are decoded', 400, `/secretsmanager/get?secretId=${'%41'.repeat(20_000)}`, good],
  ['the token counts behind 180 other headers', 200, TARGET, (token) => MANY + good(token)],

  // Tokens.
  ['a comma-joined list of good tokens', 401, TARGET, (token) => good(`${token}, ${token}`)],
  ['a JSON array of the token', 401, TARGET, (token) => good(`["${token}"]`)],
  ['a quoted token', 401, TARGET, (token) => good(`"${token}"`)],
  ['a token with a byte of 0x80 at its end', 401, TARGET, (token) => good(`${token}\u0080`)],
  ['a token cut by one character', 401, TARGET, (token) => good(token.slice(0, -1))],
  ['a token in another letter case', 401, TARGET, (token) => good(token.toUpperCase())],
  ['nothing but blanks as a token', 401, TARGET, () => `${TOKEN}:  \t \r\n`],
  ['the literal undefined', 401, TARGET, () => good('undefined')],
  ['a good token and an empty one', 401, TARGET, (token) => `${good(token)}${TOKEN}:\r\n`],
  ['an empty token and a good one', 401, TARGET, (token) => `${TOKEN}:\r\n${good(token)}`],
  ['two good tokens with 180 headers between them', 401, TARGET, (token) => good(token) + MANY + good(token)],
  ['a token in a header with an underscore', 401, TARGET, (token) => good(token).replaceAll('-', '_')],
  ['a token with a blank before the colon', 400, TARGET, (token) => good(token).replace(':', ' :')],
  ['a token with U+0000 in it', 400, TARGET, (token) => good(`${token}\u0000`)],

  // Where the request says it comes from, and whom it believes to have reached.
  [
    'X-Forwarded-For behind 180 headers',
    400,
    TARGET,
    (token) => `${good(token)}${MANY}X-Forwarded-For: ::1\r\n`,
  ],
  ['an empty X-Forwarded-For', 400, TARGET, (token) => `${good(token)}X-Forwarded-For:\r\n`],
  [
    'a foreign Host before 180 headers',
    403,
    TARGET,
    (token) => `Host: evil.example\r\n${MANY}${good(token)}`,
  ],
  [
    'a foreign Host behind 180 headers',
    403,
    TARGET,
    (token) => `${good(token)}${MANY}Host: evil.example\r\n`,
  ],
  [
    'a foreign Host and then a good one',
    403,
    TARGET,
    (token) => `Host: evil.example\r\nHost: localhost\r\n${good(token)}`,
  ],
  [
    'a good Host and then a foreign one',
    403,
    TARGET,
    (token) => `Host: localhost\r\nHost: evil.example\r\n${good(token)}`,
  ],
  [
    'a Host that only begins like ours',
    403,
    TARGET,
    (token) => `Host: localhost.evil.example\r\n${good(token)}`,
  ],
  ['a Host with a user in it', 403, TARGET, (token) => `Host: localhost@evil.example\r\n${good(token)}`],
  ['the address of every interface as Host', 403, TARGET, (token) => `Host: 0.0.0.0:2773\r\n${good(token)}`],
  ['two equal Hosts', 403, TARGET, (token) => `Host: localhost\r\nHost: localhost\r\n${good(token)}`],
  [
    'X-Forwarded-For behind 2,500 headers',
    '4xx',
    TARGET,
    (token) => `${good(token)}${TOO_MANY}X-Forwarded-For: ::1\r\n`,
  ],
  [
    'a foreign Host behind 2,500 headers',
    '4xx',
    TARGET,
    (token) => `${good(token)}${TOO_MANY}Host: evil.example\r\n`,
  ],
  [
    'two tokens with more headers between them than are read',
    '4xx',
    TARGET,
    (token) => good(token) + TOO_MANY + good(token),
  ],
  ['a foreign absolute target', 403, `http://evil.example${TARGET}`, good],
]

test(`limits, tokens and guards hold (${artefactName()})`, async (t) => {
  const extension = await startExtension(t, { seed: { secrets: { held: 'what nobody else may have' } } })
  for (const [name, status, target, headers] of CASES) {
    await t.test(`${name}: ${status}`, async () => {
      const wire = await connect(extension.port)
      await wire.send(`GET ${target} HTTP/1.1\r\n${headers(extension.token)}\r\n`)
      const reply = await wire.receive()
      wire.destroy()
      if (status === '4xx') assert.match(String(reply.status), /^4\d\d$/)
      else assert.equal(reply.status, status, reply.body.toString())
      assert.equal(reply.body.includes('what nobody else may have'), status === 200)
      assert.equal((await extension.get(TARGET)).status, 200, 'the next request')
    })
  }
})
