// What happens when a process may open no further file. Lambda gives 1,024 descriptors to the function and its
// extensions together; here there are fewer, so that the test's own do not run out.

import assert from 'node:assert/strict'
import { connect as connectSocket, type Socket } from 'node:net'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { artefactName } from '../artefact.ts'
import { header, type Reply, type Wire } from '../../tools/wire.ts'
import { startTarget } from './target.ts'
import { descriptorsOf } from '../../tools/proc.ts'
import { limitDescriptors } from './limit-descriptors.ts'

const LIMIT = 128
const MORE_THAN_ENOUGH = 300

const name = artefactName()
limitDescriptors(LIMIT)

test(`with every descriptor taken a kept connection is served, and all is well when some are free (${name})`, async (t) => {
  const { extension, rules, assertUnharmed } = await startTarget(t)
  const [pid = 0] = extension.lambda.pids
  const before = descriptorsOf(pid)
  const kept = await extension.wire()
  const held = await ask(kept, rules.token, '/secretsmanager/get?secretId=held')
  assert.equal(held.body.toString(), rules.answers[0])

  const idle: Socket[] = []
  t.after(() => idle.forEach((socket) => socket.destroy()))
  for (let i = 0; i < MORE_THAN_ENOUGH; i++) {
    idle.push(connectSocket(extension.port, '127.0.0.1').on('error', () => {}))
  }
  while (descriptorsOf(pid) < LIMIT) await sleep(10)

  for (let i = 0; i < 50; i++) {
    const reply = await ask(kept, rules.token, '/secretsmanager/get?secretId=held')
    assert.equal(reply.body.toString(), rules.answers[0], 'a hit needs no descriptor')
  }
  // No socket to AWS is open for this region, and none can be opened.
  const away = 'arn%3Aaws%3Assm%3Aeu-west-1%3A123456789012%3Aparameter%2Faway'
  const refused = await ask(kept, rules.token, `/systemsmanager/parameters/get?name=${away}`)
  assert.deepEqual([refused.status, header(refused, 'X-Amzn-ErrorType')], [400, 'ConnectionError'])

  for (const socket of idle) socket.destroy()
  while (descriptorsOf(pid) > before + 8) await sleep(10)
  const fresh = await extension.get('/systemsmanager/parameters/get?name=/held/parameter&refreshNow=true')
  assert.equal(fresh.status, 200, 'a new connection and a fetch')
  assertUnharmed()
})

async function ask(wire: Wire, token: string, target: string): Promise<Reply> {
  await wire.send(
    `GET ${target} HTTP/1.1\r\nHost: localhost\r\nX-Aws-Parameters-Secrets-Token: ${token}\r\n\r\n`,
  )
  return wire.receive()
}
