// The sample functions, as their runtimes call them, in front of the artefact that EXTENSION_UNDER_TEST names.

import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startExtension } from '../../src/workshop/testing/artefact.ts'
import { environmentOf, run } from '../../src/workshop/testing/wrapper.ts'

const SAMPLES = fileURLToPath(new URL('../samples/', import.meta.url))

const SECRET = 'the secret of the sample function'

const CALLERS: Record<string, readonly string[]> = {
  [process.execPath]: [
    '--input-type=module',
    '--eval',
    `import { handler } from '${SAMPLES}node/index.mjs'; console.log(JSON.stringify(await handler()))`,
  ],
  ruby: [
    '-rjson',
    '-e',
    `require '${SAMPLES}ruby/handler'; puts JSON.generate(handler(event: {}, context: nil))`,
  ],
  python3: [
    '-B',
    '-c',
    `import sys, json; sys.path.insert(0, '${SAMPLES}python'); import handler; print(json.dumps(handler.handler({}, None)))`,
  ],
}

for (const [program, args] of Object.entries(CALLERS)) {
  if (spawnSync(program, ['--version']).status !== 0) continue
  test(`the sample for ${program.split('/').at(-1)} gets its secret and its parameter`, (t) =>
    asks(t, program, args))
}

test('the sample with nothing but a variable gets its password through the wrapper', async (t) => {
  const extension = await startExtension(t, {
    seed: { secrets: { MySecret: { value: { user: 'admin', password: SECRET } } } },
    env: { DB_PASSWORD: 'resolve:secretsmanager:MySecret:password' },
  })
  const program = `import { handler } from '${SAMPLES}node-environment/index.mjs'; console.log(JSON.stringify(await handler()))`
  const command = [process.execPath, '--input-type=module', '--eval', program]
  const { code, stdout, stderr } = await run(environmentOf(extension, {}), command)
  assert.deepEqual([code, stderr], [0, ''])
  assert.deepEqual(JSON.parse(stdout.toString()), { passwordLength: SECRET.length })
})

async function asks(t: TestContext, program: string, args: readonly string[]): Promise<void> {
  const { port, token } = await startExtension(t, {
    seed: { secrets: { s: SECRET }, parameters: { '/a/b': 'a parameter of the sample' } },
  })
  const { stdout } = await promisify(execFile)(program, args, {
    env: {
      ...process.env,
      SECRET_ID: 's',
      PARAMETER_NAME: '/a/b',
      AWS_SESSION_TOKEN: token,
      PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: String(port),
    },
  })
  assert.deepEqual(JSON.parse(stdout), { secretLength: SECRET.length, parameterVersion: 1 })
}
