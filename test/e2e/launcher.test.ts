// The wrapper in the launcher of another extension, which starts beside ours, or before it.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { startExtension } from '../artefact.ts'
import { LOCAL_CREDENTIALS } from '../../local/emulators/aws/server.ts'
import { freePort } from '../../tools/free-port.ts'
import { run, wrapper } from '../wrapper.ts'

const P = 'PARAMETERS_SECRETS_EXTENSION_'
const SEED = { secrets: { plain: 'the plain secret of the test' } }
const REFERENCE = { PASSWORD: 'resolve:secretsmanager:plain' }

/** An extension that says how long its password is when it begins, registers, and waits for SHUTDOWN. */
const OTHER = `
  const api = 'http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2020-01-01/extension/'
  process.stdout.write('other began with ' + process.env.PASSWORD.length + ' characters\\n')
  const registered = await fetch(api + 'register', {
    method: 'POST',
    headers: { 'Lambda-Extension-Name': 'other' },
    body: '{"events":["SHUTDOWN"]}',
  })
  const headers = { 'Lambda-Extension-Identifier': registered.headers.get('Lambda-Extension-Identifier') }
  await (await fetch(api + 'event/next', { headers })).json()
  process.exit(0)
`

function other(t: TestContext): { name: string; command: string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'launcher-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const program = join(folder, 'other.mjs')
  writeFileSync(program, OTHER)
  return { name: 'other', command: [wrapper(), process.execPath, program] }
}

test('an extension that starts at the same time gets its secrets, and the function starts', async (t) => {
  const extension = await startExtension(t, {
    seed: SEED,
    env: REFERENCE,
    lambda: { extensions: [other(t)] },
  })
  await extension.logged(/other began with 28 characters/)
  await extension.lambda.invoke()
  // What is the runtime's is not run before another extension.
  const wrapped = { ...REFERENCE, [P + 'EXEC_WRAPPER']: '/nope' }
  const second = await startExtension(t, { seed: SEED, env: wrapped, lambda: { extensions: [other(t)] } })
  await second.logged(/other began with 28 characters/)
})

test('an extension that starts before ours waits for it', async (t) => {
  const port = await freePort()
  const env = {
    PATH: '/usr/bin:/bin',
    ...REFERENCE,
    AWS_SESSION_TOKEN: LOCAL_CREDENTIALS.sessionToken!,
    [P + 'HTTP_PORT']: String(port),
    // Neither ends the wait, nor makes it a busy one.
    TMOUT: '1',
  }
  const ran = run(env, ['/bin/cat', '/proc/self/environ'])
  await startExtension(t, { seed: SEED, env: REFERENCE, port })
  const { code, stdout, stderr } = await ran
  assert.deepEqual([code, stderr], [0, ''])
  assert.ok(stdout.toString().split('\0').includes('PASSWORD=the plain secret of the test'))
})

test('where ours never comes, the wait ends with one line', async () => {
  const port = String(await freePort())
  const env = { PATH: '/usr/bin:/bin', AWS_SESSION_TOKEN: 'any', [P + 'HTTP_PORT']: port }
  const { code, stdout, stderr } = await run(env, ['/bin/echo', 'started'])
  assert.deepEqual([code, stdout.toString()], [1, ''])
  assert.match(stderr, new RegExp(`^[^\\n]+ no answer from the extension at port ${port}\\n$`))
})
