import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { test, type TestContext } from 'node:test'
import {
  BatchGetSecretValueCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager'
import {
  DeleteParameterCommand,
  GetParameterCommand,
  GetParametersByPathCommand,
  GetParametersCommand,
  PutParameterCommand,
  SSMClient,
} from '@aws-sdk/client-ssm'
import { LOCAL_CREDENTIALS } from '../../local/emulators/aws/server.ts'
import type { Fault } from '../../local/emulators/aws/fault.ts'
import { gate } from '../gate.ts'
import { freePort } from '../../tools/free-port.ts'
import { header } from '../../tools/wire.ts'
import { type Extension, type ExtensionOptions, startExtension } from '../artefact.ts'
import { bySdk } from '../sdk-call.ts'

interface ServiceException extends Error {
  readonly $metadata: { readonly httpStatusCode?: number; readonly attempts?: number }
}

// A function whose AWS SDK has this extension for its endpoint, and whose code is as it was.

async function start(t: TestContext, options: ExtensionOptions = {}) {
  const extension = await startExtension(t, {
    seed: {
      secrets: {
        db: { value: '{"user":"ann"}', previous: 'the older one' },
        blob: { binary: 'AP/+AP/+AP/+AP/+' },
      },
      parameters: {
        '/app/url': 'https://example.com',
        '/app/key': { value: 'the key itself', type: 'SecureString' },
      },
    },
    ...options,
  })
  const config = {
    endpoint: `http://localhost:${extension.port}`,
    region: 'us-east-1',
    credentials: LOCAL_CREDENTIALS,
  }
  const secrets = new SecretsManagerClient(config)
  const parameters = new SSMClient(config)
  t.after(() => (secrets.destroy(), parameters.destroy()))
  return { extension, secrets, parameters, config }
}

test('a secret is read from AWS once, and what the SDK gives is what AWS says', async (t) => {
  const { extension, secrets } = await start(t)
  const read = () => secrets.send(new GetSecretValueCommand({ SecretId: 'db' }))
  const { $metadata, ...first } = await read()
  const direct = new SecretsManagerClient({
    endpoint: extension.aws.url,
    region: 'us-east-1',
    credentials: LOCAL_CREDENTIALS,
  })
  t.after(() => direct.destroy())
  const { $metadata: _, ...wanted } = await direct.send(new GetSecretValueCommand({ SecretId: 'db' }))
  assert.deepEqual(first, wanted)
  assert.equal($metadata.httpStatusCode, 200)
  assert.match($metadata.requestId ?? '', /^[0-9a-f-]{36}$/)
  extension.aws.resetCounts()
  const { $metadata: __, ...second } = await read()
  assert.deepEqual(second, wanted)
  assert.equal(extension.aws.calls(), 0)
})

test('a stage, a version and a binary secret come as they are', async (t) => {
  const { secrets } = await start(t)
  const previous = await secrets.send(
    new GetSecretValueCommand({ SecretId: 'db', VersionStage: 'AWSPREVIOUS' }),
  )
  assert.equal(previous.SecretString, 'the older one')
  const byId = await secrets.send(
    new GetSecretValueCommand({ SecretId: previous.ARN, VersionId: previous.VersionId }),
  )
  assert.equal(byId.SecretString, 'the older one')
  const blob = await secrets.send(new GetSecretValueCommand({ SecretId: 'blob' }))
  assert.deepEqual(
    [blob.SecretString, Buffer.from(blob.SecretBinary!)],
    [undefined, Buffer.from('AP/+AP/+AP/+AP/+', 'base64')],
  )
})

test('a parameter is read from AWS once, with and without decryption', async (t) => {
  const { extension, parameters } = await start(t)
  const read = (Name: string, WithDecryption?: boolean) =>
    parameters.send(new GetParameterCommand({ Name, WithDecryption }))
  for (let i = 0; i < 2; i++) {
    assert.equal((await read('/app/url')).Parameter?.Value, 'https://example.com')
    assert.equal((await read('/app/key', true)).Parameter?.Value, 'the key itself')
    const encrypted = (await read('/app/key', false)).Parameter
    assert.notEqual(encrypted?.Value, 'the key itself')
    assert.ok(encrypted?.LastModifiedDate instanceof Date)
  }
  assert.equal(extension.aws.calls(), 3)
})

test('GET and the SDK share one answer', async (t) => {
  const { extension, secrets } = await start(t)
  await extension.get('/secretsmanager/get?secretId=db')
  await secrets.send(new GetSecretValueCommand({ SecretId: 'db' }))
  assert.equal(extension.aws.calls('db'), 1)
})

test('a hundred SDK calls at once for one secret make one call to AWS', async (t) => {
  const { extension, secrets } = await start(t)
  extension.aws.fault({}, { kind: 'delay', delayMs: 200 })
  const all = await Promise.all(
    Array.from({ length: 100 }, () => secrets.send(new GetSecretValueCommand({ SecretId: 'db' }))),
  )
  assert.ok(all.every(({ SecretString }) => SecretString === '{"user":"ann"}'))
  assert.equal(extension.aws.calls('db'), 1)
})

test("AWS's errors are the SDK's own, by name, status and message", async (t) => {
  const { extension, secrets, parameters } = await start(t)
  await assert.rejects(secrets.send(new GetSecretValueCommand({ SecretId: 'none' })), {
    name: 'ResourceNotFoundException',
    message: "Secrets Manager can't find the specified secret.",
  })
  await assert.rejects(parameters.send(new GetParameterCommand({ Name: '/none' })), {
    name: 'ParameterNotFound',
  })
  extension.aws.deny('db')
  await assert.rejects(secrets.send(new GetSecretValueCommand({ SecretId: 'db' })), {
    name: 'AccessDeniedException',
    message: /is not authorized to perform: secretsmanager:GetSecretValue/,
  })
  await assert.rejects(secrets.send(new GetSecretValueCommand({ SecretId: 'a secret?' })), {
    name: 'ValidationException',
  })
})

test("the SDK's further attempts of a call that was tried three times cost AWS nothing, and the next call works", async (t) => {
  const { extension, secrets, parameters } = await start(t)
  for (const { read, calls } of [
    { read: () => secrets.send(new GetSecretValueCommand({ SecretId: 'db' })), calls: 3 },
    { read: () => parameters.send(new GetParametersCommand({ Names: ['/app/url'] })), calls: 3 },
    { read: () => parameters.send(new GetParametersByPathCommand({ Path: '/app' })), calls: 3 },
  ]) {
    extension.aws.resetCounts()
    extension.aws.fault({}, { kind: 'unavailable' }, 100)
    await assert.rejects(read(), (error: Error) => {
      assert.equal((error as { $metadata?: { attempts?: number } }).$metadata?.attempts, 3)
      return true
    })
    assert.equal(extension.aws.calls(), calls)
    extension.aws.clearFaults()
    assert.equal((await read()).$metadata.httpStatusCode, 200)
  }
})

// Where we have not done the attempts of an SDK, it does them itself.
const NOT_TRIED_THRICE: readonly { why: string; env: Record<string, string>; fault: Fault; times: number }[] =
  [
    {
      why: 'AWS_MAX_ATTEMPTS is 1',
      env: { AWS_MAX_ATTEMPTS: '1' },
      fault: { kind: 'unavailable' },
      times: 2,
    },
    {
      why: 'AWS_MAX_ATTEMPTS is 2',
      env: { AWS_MAX_ATTEMPTS: '2' },
      fault: { kind: 'unavailable' },
      times: 4,
    },
    {
      why: 'our own timeout ended the call',
      env: { SECRETS_MANAGER_TIMEOUT_MILLIS: '300', SSM_PARAMETER_STORE_TIMEOUT_MILLIS: '300' },
      fault: { kind: 'hang' },
      times: 2,
    },
    {
      why: 'AWS cut the connection and AWS_MAX_ATTEMPTS is 1',
      env: { AWS_MAX_ATTEMPTS: '1' },
      fault: { kind: 'reset' },
      times: 2,
    },
  ]

for (const { why, env, fault, times } of NOT_TRIED_THRICE) {
  test(`the SDK's further attempts ask AWS where ${why}`, async (t) => {
    const { extension, secrets, parameters } = await start(t, { env })
    for (const read of [
      () => secrets.send(new GetSecretValueCommand({ SecretId: 'db' })),
      () => parameters.send(new GetParameterCommand({ Name: '/app/url' })),
      () => parameters.send(new GetParametersByPathCommand({ Path: '/app' })),
    ]) {
      extension.aws.fault({}, fault, times)
      assert.equal((await read()).$metadata.httpStatusCode, 200)
      extension.aws.clearFaults()
    }
  })
}

/** Lets two attempts of a call fail, and resolves with what makes another one. */
async function failedTwice(extension: Extension) {
  const read = (attempt: number) =>
    bySdk(extension, 'secretsmanager.GetSecretValue', { SecretId: 'db' }, { invocation: 'one call', attempt })
  extension.aws.fault({ name: 'db' }, { kind: 'unavailable' }, 3)
  assert.equal((await read(1)).status, 503)
  assert.equal((await read(2)).status, 503)
  assert.equal(extension.aws.calls('db'), 3)
  return read
}

for (const { what, act } of [
  {
    what: 'a success',
    act: (extension: Extension) => extension.get('/systemsmanager/parameters/get?name=/app/url'),
  },
  {
    what: 'a success for many',
    act: (extension: Extension) => extension.get('/secretsmanager/getMultiple?secretId=blob'),
  },
  {
    what: 'a write',
    act: (extension: Extension) =>
      bySdk(
        extension,
        'AmazonSSM.PutParameter',
        { Name: '/x', Value: 'x', Type: 'String' },
        { invocation: 'another call' },
      ),
  },
]) {
  test(`after ${what} a further attempt of a failed call asks AWS`, async (t) => {
    const { extension } = await start(t)
    const read = await failedTwice(extension)
    assert.equal((await act(extension)).status, 200)
    assert.equal((await read(3)).status, 200)
  })
}

/** What nobody waits for, or not by that endpoint. `begin` resolves with what makes AWS answer it. */
const ANSWERS: readonly {
  what: string
  env: Record<string, string>
  begin: (extension: Extension) => Promise<() => Promise<unknown>>
}[] = [
  ...[
    { what: 'a prefetch', list: '/app/url', operation: 'GetParameters' },
    { what: 'a page of a prefetch', list: '/app/', operation: 'GetParametersByPath' },
  ].map(({ what, list, operation }) => ({
    what,
    env: { PARAMETERS_SECRETS_EXTENSION_PREFETCH_PARAMETERS: list },
    begin: async ({ aws, lambda }: Extension) => {
      const { until, release } = gate()
      aws.fault({ operation }, { until })
      await aws.called(undefined, 1)
      return () => (release(), lambda.initialized())
    },
  })),
  {
    what: 'a read of the variables',
    env: { URL: 'resolve:ssm:/app/url' },
    begin: async (extension) => {
      extension.aws.fault({ operation: 'GetParameters' }, { kind: 'error', code: 'ThrottlingException' })
      await extension.lambda.initialized()
      return () => extension.get('/environment')
    },
  },
  {
    what: 'a refresh ahead',
    env: { PARAMETERS_SECRETS_EXTENSION_REFRESH_AHEAD_PERCENT: '90', SSM_PARAMETER_STORE_TTL: '10' },
    begin: async (extension) => {
      const target = '/systemsmanager/parameters/get?name=/app/url'
      await extension.lambda.initialized()
      const first = await extension.get(target)
      extension.aws.putParameter('/app/url', 'the next one')
      return async () => {
        while ((await extension.get(target)).body.equals(first.body)) await sleep(50)
      }
    },
  },
]

for (const { what, env, begin } of ANSWERS) {
  test(`after ${what} a further attempt of a failed call asks AWS`, async (t) => {
    const wait = { PARAMETERS_SECRETS_EXTENSION_PREFETCH_WAIT_MILLIS: '5000' }
    const { extension } = await start(t, { until: 'launched', env: { ...wait, ...env } })
    const answer = await begin(extension)
    const read = await failedTwice(extension)
    await answer()
    assert.equal((await read(3)).status, 200)
  })
}

test('a failure is not given to another question of the same call', async (t) => {
  const { extension } = await start(t)
  extension.aws.fault({ name: 'db' }, { kind: 'unavailable' }, 3)
  const read = (SecretId: string, attempt: number) =>
    bySdk(extension, 'secretsmanager.GetSecretValue', { SecretId }, { invocation: 'one call', attempt })
  assert.equal((await read('db', 1)).status, 503)
  assert.equal((await read('blob', 2)).status, 200)
})

test('where AWS cannot be reached the SDK sees a service that is unavailable', async (t) => {
  const { secrets } = await start(t, {
    env: { AWS_ENDPOINT_URL: 'http://127.0.0.1:9', AWS_MAX_ATTEMPTS: '1' },
  })
  await assert.rejects(secrets.send(new GetSecretValueCommand({ SecretId: 'db' })), {
    name: 'ServiceUnavailable',
    message: /Secrets Manager could not be read: the connection was refused/,
  })
})

test('another call is passed through, signed anew, and so is its answer', async (t) => {
  const { extension, secrets } = await start(t)
  for (let i = 0; i < 2; i++) {
    const { Name, VersionIdsToStages } = await secrets.send(new DescribeSecretCommand({ SecretId: 'db' }))
    assert.equal(Name, 'db')
    assert.equal(Object.keys(VersionIdsToStages ?? {}).length, 2)
  }
  assert.equal(extension.aws.calls('db'), 2)
  await assert.rejects(secrets.send(new DescribeSecretCommand({ SecretId: 'none' })), {
    name: 'ResourceNotFoundException',
  })
})

test('what is written is read back at once, under every spelling', async (t) => {
  const { extension, secrets, parameters } = await start(t)
  const read = async (SecretId: string | undefined) =>
    (await secrets.send(new GetSecretValueCommand({ SecretId }))).SecretString
  const { ARN } = await secrets.send(new GetSecretValueCommand({ SecretId: 'db' }))
  await read(ARN)
  await secrets.send(new PutSecretValueCommand({ SecretId: 'db', SecretString: 'new value' }))
  assert.deepEqual(await Promise.all([read('db'), read(ARN), read(ARN?.slice(0, -7))]), [
    'new value',
    'new value',
    'new value',
  ])
  await secrets.send(new PutSecretValueCommand({ SecretId: ARN, SecretString: 'newer value' }))
  assert.equal(await read('db'), 'newer value')
  assert.match(
    (await extension.get('/secretsmanager/get?secretId=db')).body.toString(),
    /"SecretString":"newer value"/,
  )

  const value = async () =>
    (await parameters.send(new GetParameterCommand({ Name: '/app/url' }))).Parameter?.Value
  await value()
  await parameters.send(new PutParameterCommand({ Name: '/app/url', Value: 'changed', Overwrite: true }))
  assert.equal(await value(), 'changed')
  await parameters.send(new DeleteParameterCommand({ Name: '/app/url' }))
  await assert.rejects(value(), { name: 'ParameterNotFound' })
})

test('a secret that is created while its absence is remembered is found', async (t) => {
  const { secrets, parameters } = await start(t, {
    env: { PARAMETERS_SECRETS_EXTENSION_NEGATIVE_TTL_SECONDS: '60' },
  })
  const read = () => parameters.send(new GetParameterCommand({ Name: '/new' }))
  await assert.rejects(read(), { name: 'ParameterNotFound' })
  await parameters.send(new PutParameterCommand({ Name: '/new', Value: 'there', Type: 'String' }))
  assert.equal((await read()).Parameter?.Value, 'there')
  await assert.rejects(secrets.send(new GetSecretValueCommand({ SecretId: 'none' })))
})

test('many at once come as AWS gives them', async (t) => {
  const { secrets, parameters } = await start(t)
  const batch = await secrets.send(new BatchGetSecretValueCommand({ SecretIdList: ['db', 'none'] }))
  assert.deepEqual(
    batch.SecretValues?.map(({ Name }) => Name),
    ['db'],
  )
  assert.deepEqual(
    batch.Errors?.map(({ SecretId, ErrorCode }) => [SecretId, ErrorCode]),
    [['none', 'ResourceNotFoundException']],
  )
  const some = await parameters.send(
    new GetParametersCommand({ Names: ['/app/key', '/app/url', '/none'], WithDecryption: true }),
  )
  assert.deepEqual(
    some.Parameters?.map(({ Value }) => Value),
    ['the key itself', 'https://example.com'],
  )
  assert.deepEqual(some.InvalidParameters, ['/none'])
  const below = await parameters.send(new GetParametersByPathCommand({ Path: '/app', WithDecryption: true }))
  assert.deepEqual(
    below.Parameters?.map(({ Name }) => Name),
    ['/app/key', '/app/url'],
  )
})

test('a client of another region gets that region, and never what is held of ours', async (t) => {
  const { extension, config, secrets } = await start(t, { aws: { regions: ['eu-west-1'] } })
  await secrets.send(new GetSecretValueCommand({ SecretId: 'db' }))
  const abroad = new SecretsManagerClient({ ...config, region: 'eu-west-1' })
  const nowhere = new SecretsManagerClient({ ...config, region: 'evil-zone-1' })
  t.after(() => (abroad.destroy(), nowhere.destroy()))
  const { ARN } = await abroad.send(new GetSecretValueCommand({ SecretId: 'db' }))
  assert.match(ARN ?? '', /^arn:aws:secretsmanager:eu-west-1:/)
  assert.equal(extension.aws.requests.at(-1)?.region, 'eu-west-1')
  const before = extension.aws.calls()
  await assert.rejects(nowhere.send(new GetSecretValueCommand({ SecretId: 'db' })), (error: Error) => {
    assert.equal(error.name, 'RegionError')
    const { httpStatusCode, attempts } = (error as ServiceException).$metadata
    assert.deepEqual([httpStatusCode, attempts], [400, 1])
    return true
  })
  assert.equal(extension.aws.calls(), before)
})

test('a caller with other credentials is refused as AWS refuses an unknown token', async (t) => {
  const { extension, config } = await start(t)
  for (const sessionToken of ['another', undefined]) {
    const { accessKeyId, secretAccessKey } = LOCAL_CREDENTIALS
    const credentials = { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) }
    const client = new SecretsManagerClient({ ...config, credentials })
    t.after(() => client.destroy())
    await assert.rejects(client.send(new GetSecretValueCommand({ SecretId: 'db' })), {
      name: 'UnrecognizedClientException',
    })
  }
  assert.equal(extension.aws.calls(), 0)
})

test('an endpoint that is this extension is not asked by itself', async (t) => {
  const port = await freePort()
  const { extension, secrets } = await start(t, {
    port,
    env: {
      AWS_ENDPOINT_URL_SECRETS_MANAGER: `http://localhost:${port}`,
      AWS_ENDPOINT_URL_SSM: `http://127.0.0.1:${port}/`,
    },
  })
  assert.equal(
    (await secrets.send(new GetSecretValueCommand({ SecretId: 'db' }))).SecretString,
    '{"user":"ann"}',
  )
  assert.ok(
    extension
      .logs()
      .some((line) => line.endsWith('INFO AWS_ENDPOINT_URL_SSM is this extension, which itself asks AWS.')),
  )
})

test('a call signed for no region of the own partition is permanent, and the next call works', async (t) => {
  const { extension, config, secrets } = await start(t)
  for (const region of ['cn-north-1', 'us-gov-west-1', 'us-iso-east-1', 'evil-zone-1', 'us-east-99999']) {
    const client = new SSMClient({ ...config, region })
    t.after(() => client.destroy())
    for (const command of [
      new GetParameterCommand({ Name: '/app/url' }),
      new GetParametersCommand({ Names: ['/app/url'] }),
      new PutParameterCommand({ Name: '/app/url', Value: 'x' }),
    ]) {
      const sent = (client.send as (command: unknown) => Promise<unknown>)(command)
      await assert.rejects(sent, (error: Error) => {
        const { httpStatusCode, attempts } = (error as ServiceException).$metadata
        assert.deepEqual([error.name, httpStatusCode, attempts], ['RegionError', 400, 1], region)
        assert.match(error.message, /region of another partition/)
        return true
      })
    }
  }
  assert.equal(extension.aws.calls(), 0)
  assert.equal(
    (await secrets.send(new GetSecretValueCommand({ SecretId: 'db' }))).SecretString,
    '{"user":"ann"}',
  )
})

test("an operation is sent to the service that it names, and never answered from the other's answers", async (t) => {
  const { extension } = await start(t)
  await extension.get('/secretsmanager/get?secretId=db')
  await extension.get('/systemsmanager/parameters/get?name=/app/url')
  for (const [target, input] of [
    ['AmazonSSM.GetSecretValue', { SecretId: 'db' }],
    ['AmazonSSM.BatchGetSecretValue', { SecretIdList: ['db'] }],
    ['secretsmanager.GetParameter', { Name: '/app/url' }],
    ['secretsmanager.GetParameters', { Names: ['/app/url'] }],
    ['secretsmanager.GetParametersByPath', { Path: '/app' }],
  ] as const) {
    const { status, body } = await bySdk(extension, target, input)
    assert.equal(status, 400, target)
    assert.match(body.toString(), /UnknownOperationException/)
    assert.doesNotMatch(body.toString(), /are served/, 'AWS said so')
  }
  assert.equal((await bySdk(extension, 'secretsmanager.GetSecretValue', { SecretId: 'db' })).status, 200)
})

test('a body is passed through up to 1 MiB, and a longer one is refused', async (t) => {
  const { extension, parameters } = await start(t)
  const call = (length: number) => {
    const input = { Name: '/app/url', Value: '' }
    const Value = 'x'.repeat(length - JSON.stringify(input).length)
    return bySdk(extension, 'AmazonSSM.PutParameter', { ...input, Value })
  }
  const before = extension.aws.requests.length
  for (const length of [256 * 1024, 256 * 1024 + 1, 1024 * 1024]) {
    const { status, body } = await call(length)
    assert.equal(status, 400, `${length}`)
    assert.match(
      body.toString(),
      /"__type":"(ValidationException|ParameterAlreadyExists)"/,
      'AWS has judged it',
    )
  }
  assert.equal(extension.aws.requests.length, before + 3)
  const { status, body } = await call(1024 * 1024 + 1)
  assert.deepEqual(
    [status, body.toString()],
    [413, '{"__type":"RequestEntityTooLargeException","message":"the request body is longer than 1 MiB"}'],
  )
  assert.equal(extension.aws.requests.length, before + 3)
  assert.equal(
    (await parameters.send(new GetParameterCommand({ Name: '/app/url' }))).Parameter?.Value,
    'https://example.com',
  )
})

test('a write that AWS refuses forgets nothing, and one whose outcome is unknown forgets', async (t) => {
  const { extension } = await start(t)
  const read = () => extension.get('/systemsmanager/parameters/get?name=/app/url')
  const write = (target: string, input: unknown) => bySdk(extension, target, input, { invocation: 'a write' })
  await read()
  for (const [target, input] of [
    ['AmazonSSM.PutParameter', { Name: '/app/url', Value: 'x' }],
    ['AmazonSSM.DeleteParameters', { Names: ['/app/url', ...Array.from({ length: 10 }, (_, i) => `/${i}`)] }],
  ] as const) {
    assert.equal((await write(target, input)).status, 400)
    assert.equal(header(await read(), 'x-cache'), 'HIT')
  }
  extension.aws.fault({ name: '/app/url' }, { kind: 'internal-error' }, 1)
  assert.equal(
    (await write('AmazonSSM.PutParameter', { Name: '/app/url', Value: 'x', Overwrite: true })).status,
    500,
  )
  assert.equal(header(await read(), 'x-cache'), 'MISS')
  extension.aws.fault({ name: '/app/url' }, { kind: 'reset' }, 1)
  assert.equal(
    (await write('AmazonSSM.PutParameter', { Name: '/app/url', Value: 'x', Overwrite: true })).status,
    503,
  )
  assert.equal(header(await read(), 'x-cache'), 'MISS')
})

for (const most of [1, 3]) {
  test(`with ${most} places, calls that are passed through and slow delay no read, nor reads such a call`, async (t) => {
    const { extension } = await start(t, {
      env: { PARAMETERS_SECRETS_EXTENSION_MAX_CONNECTIONS: String(most) },
    })
    const describe = () => bySdk(extension, 'secretsmanager.DescribeSecret', { SecretId: 'db' })
    const { until, release } = gate()
    extension.aws.fault({ operation: 'DescribeSecret' }, { until })
    const passed = Array.from({ length: most + 2 }, describe)
    while (extension.aws.calls('db') < most) await sleep(5)
    for (const name of ['db', 'blob']) {
      assert.equal((await extension.get(`/secretsmanager/get?secretId=${name}`)).status, 200)
    }
    assert.equal(
      extension.aws.calls('db'),
      most + 1,
      'no further call is passed through before one has ended',
    )
    release()
    for (const reply of await Promise.all(passed)) assert.equal(reply.status, 200)

    const reads = gate()
    extension.aws.fault({ operation: 'GetSecretValue' }, { until: reads.until })
    const versions = ['AWSCURRENT', 'AWSPREVIOUS', 'ONE', 'TWO', 'THREE']
    const waiting = versions.map((stage) =>
      extension.get(`/secretsmanager/get?secretId=db&versionStage=${stage}&refreshNow=true`),
    )
    extension.aws.resetCounts()
    while (extension.aws.calls('db') < most) await sleep(5)
    assert.equal((await describe()).status, 200)
    reads.release()
    await Promise.all(waiting)
  })
}
