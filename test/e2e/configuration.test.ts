import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { type Extension, startExtension } from '../artefact.ts'
import { header } from '../../tools/wire.ts'

const SECRET = '/secretsmanager/get?secretId=dummy-string-secret'
const PREFIX = '\\[AWS Parameters and Secrets Lambda Extension\\] \\d{4}/\\d\\d/\\d\\d \\d\\d:\\d\\d:\\d\\d '

async function startWith(t: TestContext, env: Record<string, string>): Promise<Extension> {
  const extension = await startExtension(t, { env })
  assert.equal((await extension.get(SECRET)).status, 200, 'it serves, whatever was configured')
  return extension
}

/** Log text without prefix and time. */
const messages = ({ logs }: Extension): string[] =>
  logs().map((line) => line.replace(new RegExp('^' + PREFIX), ''))

test('a file of certificates that is a pipe stops nothing', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'configuration-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const pipe = join(folder, 'pipe')
  execFileSync('/usr/bin/mkfifo', [pipe])
  const env = { AWS_CA_BUNDLE: pipe, AWS_ENDPOINT_URL: 'https://127.0.0.1:1' }
  const extension = await startExtension(t, { env })
  const reply = await extension.get(SECRET)
  assert.deepEqual([reply.status, header(reply, 'x-amzn-errortype')], [400, 'TlsError'])
  assert.equal((await extension.get('/ping')).status, 200)
})

test('every line has the prefix, the time and a level, as in the original; the very first has no level', async (t) => {
  const extension = await startWith(t, {})
  await extension.get('/secretsmanager/get?secretId=nothing')
  const [first, ...rest] = extension.logs()
  const name = 'PARAMETERS_SECRETS_EXTENSION_LOG_LEVEL'
  assert.match(first ?? '', new RegExp(`^${PREFIX}${name} is not present\\. Log level set to info\\.$`))
  for (const line of rest) assert.match(line, new RegExp(`^${PREFIX}(DEBUG|INFO|WARN|ERROR) \\S`))
})

test('at INFO it says its version, its port and that it is ready', async (t) => {
  const extension = await startWith(t, {})
  const lines = messages(extension)
  assert.match(
    lines[1] ?? '',
    /^INFO Systems Manager Parameter Store and Secrets Manager Lambda Extension \d+\.\d+\.\d+/,
  )
  assert.deepEqual(lines.slice(2), [`INFO Serving on port ${extension.port}`, 'INFO ready to serve traffic'])
})

test('at DEBUG it says what every variable came to, in the words and the order of the original', async (t) => {
  const extension = await startWith(t, { PARAMETERS_SECRETS_EXTENSION_LOG_LEVEL: 'DEBUG' })
  // awslabs/aws-sdk-rust#905 shows these lines.
  assert.deepEqual(messages(extension).slice(0, 6), [
    'PARAMETERS_SECRETS_EXTENSION_LOG_LEVEL is debug. Log level set to debug.',
    'DEBUG PARAMETERS_SECRETS_EXTENSION_CACHE_ENABLED is not present. Cache is enabled by default.',
    'DEBUG PARAMETERS_SECRETS_EXTENSION_CACHE_SIZE is not present. Using default cache size: 1000 objects.',
    'DEBUG SECRETS_MANAGER_TTL is not present. Setting default time-to-live: 5m0s.',
    'DEBUG SSM_PARAMETER_STORE_TTL is not present. Setting default time-to-live: 5m0s.',
    'DEBUG SECRETS_MANAGER_TIMEOUT_MILLIS is not present. Setting default timeout: 0s.',
  ])
})

test('a time-to-live beyond the maximum is clamped, in the words of the original', async (t) => {
  const extension = await startWith(t, { SECRETS_MANAGER_TTL: '2700' })
  // aws-samples/aws-lambda-extensions#104, "Manger" included.
  const line = 'WARN SECRETS_MANAGER_TTL exceeds max limit. Setting Secrets Manger TTL to 5m0s.'
  assert.ok(messages(extension).includes(line))
})

test('bad values of every variable at once are warned about, and the defaults hold', async (t) => {
  const bad = {
    PARAMETERS_SECRETS_EXTENSION_CACHE_ENABLED: 'yes',
    PARAMETERS_SECRETS_EXTENSION_CACHE_SIZE: '-1',
    PARAMETERS_SECRETS_EXTENSION_LOG_LEVEL: 'verbose',
    PARAMETERS_SECRETS_EXTENSION_MAX_CONNECTIONS: '0',
    SECRETS_MANAGER_TIMEOUT_MILLIS: '1s',
    SSM_PARAMETER_STORE_TIMEOUT_MILLIS: '-5',
    SECRETS_MANAGER_TTL: '5m',
    SSM_PARAMETER_STORE_TTL: 'NaN',
  }
  const extension = await startWith(t, bad)
  for (const [name, value] of Object.entries(bad)) {
    const warned = messages(extension).find((line) => line.startsWith(`WARN ${name} must be `))
    assert.ok(warned?.includes(`got "${value}"`), name)
  }
  assert.equal(header(await extension.get(SECRET), 'x-cache'), 'HIT', 'the cache is on')
})

test('a bad port warns, and the default port is meant', async (t) => {
  // 2773 may be taken on this machine; that it is tried shows in either line.
  const extension = await startExtension(t, { env: { PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: '65536' } })
  const warned = await extension.logged(/WARN PARAMETERS_SECRETS_EXTENSION_HTTP_PORT must be /)
  assert.match(warned, /from 1 to 65535, got "65536"\. .*2773/)
  await extension.logged(/INFO Serving on port 2773|ERROR cannot listen on port 2773/)
})

for (const [spelling, level] of [
  ['ERROR', 'error'],
  ['Warn', 'warn'],
  ['none', 'none'],
] as const) {
  test(`a log level of ${spelling} silences what is below it`, async (t) => {
    const extension = await startWith(t, { PARAMETERS_SECRETS_EXTENSION_LOG_LEVEL: spelling })
    await extension.get('/secretsmanager/get?secretId=nothing')
    await extension.stop()
    const lines = messages(extension)
    assert.ok(!lines.some((line) => /^(DEBUG|INFO) /.test(line)))
    assert.equal(
      lines.some((line) => line.startsWith('ERROR GetSecretValue')),
      level !== 'none',
    )
    if (level === 'none') assert.deepEqual(lines, [])
  })
}

test('an upstream failure is logged in the words of the original, and the line ends in what was requested', async (t) => {
  const extension = await startWith(t, {})
  await extension.get('/secretsmanager/get?secretId=nothing')
  const line = await extension.logged(/ERROR GetSecretValue/)
  assert.match(
    line,
    new RegExp(
      `^${PREFIX}ERROR GetSecretValue request encountered an error: operation error Secrets Manager: ` +
        'GetSecretValue, https response error StatusCode: 400, RequestID: [0-9a-f-]{36}, api error ' +
        "ResourceNotFoundException: Secrets Manager can't find the specified secret\\. \\(secretId=nothing\\)$",
    ),
  )
  await extension.get('/systemsmanager/parameters/get?name=%2Fno%2Fsuch&version=3')
  assert.match(
    await extension.logged(/ERROR GetParameter/),
    / api error ParameterNotFound: .*\. \(name=\/no\/such:3\)$/,
  )
})

test('of many failures at once each has its own name in the log', async (t) => {
  const extension = await startWith(t, {})
  const names = Array.from({ length: 10 }, (_, i) => `nothing-${i}`)
  await Promise.all(names.map((name) => extension.get(`/secretsmanager/get?secretId=${name}`)))
  await extension.stop()
  const named = messages(extension).flatMap((line) => /\(secretId=(.*)\)$/.exec(line)?.[1] ?? [])
  assert.deepEqual(named.sort(), names)
})

test('a name cannot end a line of the log and begin another', async (t) => {
  const extension = await startWith(t, {})
  await extension.get('/secretsmanager/get?secretId=a%0D%0AERROR%20forged%E2%80%A8b')
  assert.match(await extension.logged(/ERROR GetSecretValue/), / \(secretId=a ERROR forged b\)$/)
  assert.equal((await extension.get(SECRET)).status, 200)
})

test('where the function logs JSON, so does the extension', async (t) => {
  const extension = await startWith(t, {
    AWS_LAMBDA_LOG_FORMAT: 'JSON',
    PARAMETERS_SECRETS_EXTENSION_LOG_LEVEL: 'debug',
  })
  await extension.get('/secretsmanager/get?secretId=nothing')
  await extension.logged(/GetSecretValue request encountered/)
  for (const line of extension.logs()) {
    const { timestamp, level, message, ...rest } = JSON.parse(line) as Record<string, string>
    assert.equal(new Date(timestamp ?? '').toISOString(), timestamp)
    assert.match(level ?? '', /^(DEBUG|INFO|WARN|ERROR)$/)
    assert.ok(message)
    assert.deepEqual(rest, { extension: 'AWSParametersAndSecretsLambdaExtension' })
  }
})

test('variables that exist nowhere change nothing', async (t) => {
  // CDK once wrote the second spelling (aws/aws-cdk#26011).
  const extension = await startWith(t, {
    PARAMETERS_SECRETS_EXTENSION_CACHE_EXPIRATION: '0',
    PARAMETERS_AND_SECRETS_EXTENSION_CACHE_ENABLED: 'FALSE',
  })
  assert.equal(header(await extension.get(SECRET), 'x-cache'), 'HIT')
})

test('the working directory is never read', async (t) => {
  const extension = await startExtension(t, { cwd: import.meta.dirname })
  assert.equal((await extension.get(SECRET)).status, 200)
})
