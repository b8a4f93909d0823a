import assert from 'node:assert/strict'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { createServer } from 'node:net'
import { test, type TestContext } from 'node:test'
import { takeInherited } from './inherited.ts'

const VARIABLE = 'PARAMETERS_SECRETS_EXTENSION_INHERITED_SOCKETS'
const NONE = { v4: undefined, v6: undefined, api: undefined }

/** The descriptor of a socket of this process. */
async function socketOf(t: TestContext): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return (server as unknown as { _handle: { fd: number } })._handle.fd
}

test('nothing is inherited without the variable', () => {
  assert.deepEqual(takeInherited({ HOME: '/' }), NONE)
})

test('three sockets are inherited, or the first alone, and the variable is taken away', async (t) => {
  const [v4, v6, api] = [await socketOf(t), await socketOf(t), await socketOf(t)]
  for (const [text, wanted] of [
    [`${v4},${v6},${api}`, { v4, v6, api }],
    [`${v4},-,${api}`, { v4, v6: undefined, api }],
    [`${v4},${v6},-`, { v4, v6, api: undefined }],
    [`${v4},-,-`, { v4, v6: undefined, api: undefined }],
  ] as const) {
    const env = { HOME: '/', [VARIABLE]: text }
    assert.deepEqual(takeInherited(env), wanted)
    assert.deepEqual(env, { HOME: '/' })
  }
})

test('what is no list of different sockets names none, and the variable is taken away', async (t) => {
  const socket = await socketOf(t)
  const other = await socketOf(t)
  const file = openSync('/dev/null', 'r')
  const texts = [
    '',
    '-',
    ',,',
    '-,-,-',
    `${socket}`,
    `${socket},-`,
    `${socket},-,-,-`,
    `${socket},-,-\n`,
    ` ${socket},-,-`,
    `+${socket},-,-`,
    `-${socket},-,-`,
    `${socket}.0,-,-`,
    `0x3,-,-`,
    'NaN,-,-',
    '0,-,-',
    '1,2,0',
    '998,-,-',
    '1000,-,-',
    '99999999999,-,-',
    `${file},-,-`,
    `-,${socket},-`,
    `${socket},${socket},-`,
    `${socket},-,${socket}`,
    `${socket},${other},${other}`,
    '3,'.repeat(10_000),
  ]
  for (const text of texts) {
    const env = { [VARIABLE]: text }
    assert.deepEqual(takeInherited(env), NONE, JSON.stringify(text.slice(0, 40)))
    assert.deepEqual(env, {})
  }
})
