import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { createLog } from '../log.ts'
import { say } from '../public.ts'
import { createPhases } from './phases.ts'

function scripted() {
  const lines: string[] = []
  const clock = { ms: 0 }
  const log = createLog('debug', 'text', { write: (line) => void lines.push(line.slice(66).trimEnd()) })
  return { lines, clock, phases: createPhases(log, () => clock.ms) }
}

test('each phase has its own milliseconds, and those since the process began', () => {
  const { lines, clock, phases } = scripted()
  clock.ms = 20.04
  phases.ended(say`runtime`)
  clock.ms = 22
  phases.ended(say`listen`)
  phases.tell()
  phases.tell()
  assert.deepEqual(lines, [
    'DEBUG Start, ms of each phase (and since the process began): runtime 20 (20), listen 2 (22)',
  ])
})

test('the first read that is answered with 200 ends the line, and nothing else does', async (t) => {
  const { lines, clock, phases } = scripted()
  clock.ms = 10
  phases.ended(say`next`)
  const server = createServer(
    phases.watching((request, response) => {
      clock.ms += 5
      response.writeHead(request.url === '/refused' ? 400 : 200).end()
    }),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => (server.closeAllConnections(), server.close()))
  const ask = async (path: string) => {
    await (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`)).text()
  }
  for (const path of ['/ping', '/refused']) await ask(path)
  assert.deepEqual(lines, [])
  for (const path of ['/read', '/read']) await ask(path)
  while (lines.length === 0) await new Promise(setImmediate)
  assert.deepEqual(lines, [
    'DEBUG Start, ms of each phase (and since the process began): next 10 (10), first read 5 (25)',
  ])
  phases.ended(say`later`)
  assert.equal(lines.length, 1)
})
