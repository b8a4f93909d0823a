import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { directoryOf, lambda, nodeExtension } from './testing.ts'
import type { LambdaHost } from './host.ts'
import type { LambdaHostOptions } from './options.ts'

const telling = nodeExtension(`
  await register([])
  print(process.env)
  await next()
`)

async function environmentIn(
  t: TestContext,
  options: LambdaHostOptions,
): Promise<{ host: LambdaHost; env: Record<string, string> }> {
  const host = await lambda(t, { ...options, extensionsDir: directoryOf(t, { 'x.mjs': telling }) })
  await host.initialized()
  // Its output comes on another pipe than its requests, and may be read after them.
  while (host.logs.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  return { host, env: JSON.parse(host.logs[0]!) }
}

test('an extension has exactly what Lambda gives and what the function sets', async (t) => {
  const { host, env } = await environmentIn(t, {
    credentials: { accessKeyId: 'AK', secretAccessKey: 'SK', sessionToken: 'ST' },
    region: 'eu-west-1',
    functionName: 'f',
    functionVersion: '7',
    memorySizeMb: 512,
    functionEnvironment: { STAGE: 'prod' },
  })
  assert.deepEqual(env, {
    AWS_ACCESS_KEY_ID: 'AK',
    AWS_SECRET_ACCESS_KEY: 'SK',
    AWS_SESSION_TOKEN: 'ST',
    AWS_REGION: 'eu-west-1',
    AWS_DEFAULT_REGION: 'eu-west-1',
    AWS_LAMBDA_FUNCTION_NAME: 'f',
    AWS_LAMBDA_FUNCTION_VERSION: '7',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_RUNTIME_API: host.runtimeApi,
    TZ: ':UTC',
    LANG: 'en_US.UTF-8',
    PATH: '/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin',
    LD_LIBRARY_PATH:
      '/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib',
    STAGE: 'prod',
  })
  assert.deepEqual(env, host.environment)
})

test('the variables of the function come raw, dangerous ones too', async (t) => {
  const functionEnvironment = {
    NODE_OPTIONS: '--no-warnings',
    LD_PRELOAD: '',
    PATH: '/opt/only',
    TZ: 'Europe/Oslo',
  }
  const { env } = await environmentIn(t, { functionEnvironment })
  for (const [name, value] of Object.entries(functionEnvironment)) assert.equal(env[name], value, name)
})

test('what belongs to the runtime alone never reaches an extension', async (t) => {
  const absent = [
    '_HANDLER',
    '_X_AMZN_TRACE_ID',
    '_AWS_XRAY_DAEMON_PORT',
    'AWS_EXECUTION_ENV',
    'AWS_LAMBDA_LOG_GROUP_NAME',
    'AWS_LAMBDA_LOG_STREAM_NAME',
    'AWS_LAMBDA_MAX_CONCURRENCY',
    'AWS_XRAY_CONTEXT_MISSING',
    'AWS_XRAY_DAEMON_ADDRESS',
    'LAMBDA_RUNTIME_DIR',
    'LAMBDA_TASK_ROOT',
  ]
  const functionEnvironment = Object.fromEntries(absent.map((name) => [name, 'set']))
  const { env } = await environmentIn(t, { functionEnvironment })
  assert.deepEqual(
    absent.filter((name) => name in env),
    [],
  )
})

test('the function cannot change what Lambda reserves', async (t) => {
  const { host, env } = await environmentIn(t, {
    functionEnvironment: {
      AWS_REGION: 'mars-1',
      AWS_LAMBDA_RUNTIME_API: 'elsewhere:1',
      AWS_SESSION_TOKEN: 'forged',
    },
  })
  assert.equal(env.AWS_REGION, 'us-east-1')
  assert.equal(env.AWS_LAMBDA_RUNTIME_API, host.runtimeApi)
  assert.equal(env.AWS_SESSION_TOKEN, host.environment.AWS_SESSION_TOKEN)
})

test('what the host machine needs wins over everything', async (t) => {
  const { env } = await environmentIn(t, {
    functionEnvironment: { PATH: '/opt/only' },
    hostEnvironment: { PATH: '/usr/bin', AWS_ENDPOINT_URL: 'http://127.0.0.1:1' },
  })
  assert.deepEqual([env.PATH, env.AWS_ENDPOINT_URL], ['/usr/bin', 'http://127.0.0.1:1'])
})
