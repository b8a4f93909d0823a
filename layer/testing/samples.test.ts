// The sample functions, as their runtimes call them, in front of the artefact that EXTENSION_UNDER_TEST names.

import assert from 'node:assert/strict'
import { execFile, spawn, spawnSync } from 'node:child_process'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startRuntimeApi } from '../../local/emulators/lambda/runtime-api.ts'
import { type Extension, startExtension } from '../../test/artefact.ts'
import { environmentOf, run } from '../../test/wrapper.ts'
import { calledHere, customRuntimesHere } from './samples.ts'

const SAMPLES = fileURLToPath(new URL('../samples/', import.meta.url))

const SECRET = 'the secret of the sample function'
const SEED = { secrets: { s: SECRET }, parameters: { '/a/b': 'a parameter of the sample' } }

const CALLERS: Record<string, readonly string[]> = {
  [process.execPath]: [
    '--input-type=module',
    '--eval',
    `import { handler } from '${SAMPLES}node/index.mjs'; process.stdout.write(JSON.stringify(await handler()))`,
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
  const program = `import { handler } from '${SAMPLES}node-environment/index.mjs'; process.stdout.write(JSON.stringify(await handler()))`
  const command = [process.execPath, '--input-type=module', '--eval', program]
  const { code, stdout, stderr } = await run(environmentOf(extension, {}), command)
  assert.deepEqual([code, stderr], [0, ''])
  assert.deepEqual(JSON.parse(stdout.toString()), { passwordLength: SECRET.length })
})

for (const { name, command, returns } of customRuntimesHere()) {
  test(`the sample for ${name} gets its secret and its parameter, asked through its own runtime`, async (t) => {
    const extension = await startExtension(t, { seed: SEED })
    const api = await startRuntimeApi()
    const function_ = spawn(command[0], command.slice(1), {
      env: {
        ...variablesOf(extension),
        AWS_LAMBDA_RUNTIME_API: api.address,
        AWS_LAMBDA_FUNCTION_NAME: 'sample',
        AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
        AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/sample',
        AWS_LAMBDA_LOG_STREAM_NAME: 'stream',
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    t.after(() => {
      function_.kill('SIGKILL')
      api.close()
    })
    function_.once('exit', (code) => api.fail(new Error(`it has ended with ${code}`)))
    const { isError, payload } = await api.run('00000000-0000-4000-8000-000000000000', '{}')
    assert.equal(isError, false, payload)
    assert.deepEqual(JSON.parse(payload), returns)
  })
}

for (const { name, command, env, returns } of calledHere()) {
  test(`the sample for ${name} gets its secret and its parameter`, async (t) => {
    const variables = variablesOf(await startExtension(t, { seed: SEED }))
    const [program, ...args] = command
    const { stdout } = await promisify(execFile)(program, args, { env: { ...variables, ...env } })
    assert.match(stdout.trim(), returns)
  })
}

async function asks(t: TestContext, program: string, args: readonly string[]): Promise<void> {
  const env = variablesOf(await startExtension(t, { seed: SEED }))
  const { stdout } = await promisify(execFile)(program, args, { env })
  assert.deepEqual(JSON.parse(stdout), { secretLength: SECRET.length, parameterVersion: 1 })
}

function variablesOf({ port, token }: Extension): NodeJS.ProcessEnv {
  return {
    ...process.env,
    SECRET_ID: 's',
    PARAMETER_NAME: '/a/b',
    AWS_SESSION_TOKEN: token,
    PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: String(port),
  }
}
