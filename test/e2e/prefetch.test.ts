import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Extension, type ExtensionOptions, startExtension } from '../artefact.ts'
import { LOCAL_CREDENTIALS } from '../../local/emulators/aws/server.ts'
import { gate } from '../gate.ts'
import { heldInMemory } from '../platform/process.ts'
import { connect, header, type Reply } from '../../tools/wire.ts'

const P = 'PARAMETERS_SECRETS_EXTENSION_PREFETCH_'
const ACCOUNT = '123456789012'
const RECORDED_SECRET = 'dummy-string-secret'

const secretUrl = (id: string): string => `/secretsmanager/get?secretId=${encodeURIComponent(id)}`
const parameterUrl = (name: string, more = ''): string =>
  `/systemsmanager/parameters/get?name=${encodeURIComponent(name)}${more}`
const cacheOf = (reply: Reply): string | undefined => header(reply, 'x-cache')
const callsTo = ({ aws }: Extension, operation: string): number =>
  aws.requests.filter((request) => request.operation === operation).length
const warnings = (extension: Extension): string[] =>
  extension.logs().filter((line) => line.includes('prefetch failed'))

function namesOf(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}-${String(i).padStart(3, '0')}`)
}

const valuesOf = (names: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, `value of ${name}`]))

async function assertHits(extension: Extension, targets: readonly string[]): Promise<void> {
  const before = extension.aws.calls()
  for (const target of targets) {
    const reply = await extension.get(target)
    assert.deepEqual([target, reply.status, cacheOf(reply)], [target, 200, 'HIT'])
  }
  assert.equal(extension.aws.calls(), before)
}

/** Long enough that only what is settled ends the wait. */
const PATIENT = { [P + 'WAIT_MILLIS']: '5000' }

function start(t: TestContext, options: ExtensionOptions): Promise<Extension> {
  return startExtension(t, { ...options, env: { ...PATIENT, ...options.env } })
}

for (const count of [1, 10, 11, 21, 100]) {
  const secrets = namesOf('secret', count)
  const parameters = namesOf('/app/parameter', count)
  const seed = { secrets: valuesOf(secrets), parameters: valuesOf(parameters) }
  const env = { [P + 'SECRETS']: secrets.join(','), [P + 'PARAMETERS']: parameters.join(' ') }
  const targets = [
    ...secrets.map(secretUrl),
    ...parameters.flatMap((name) => [parameterUrl(name), parameterUrl(name, '&withDecryption=true')]),
  ]

  test(`${count} secrets and ${count} parameters are there before the first invoke`, async (t) => {
    const extension = await start(t, { seed, env })
    assert.equal(callsTo(extension, 'GetSecretValue'), count)
    assert.equal(callsTo(extension, 'GetParameters'), Math.ceil(count / 10))
    assert.ok(extension.aws.peakConnections() <= 6)
    await assertHits(extension, targets)
    await extension.stop()
    assert.match(await extension.logged(/shutting down/), new RegExp(`, ${2 * count} prefetched`))
  })

  test(`${count} secrets are requested in batches of 20 where that is set`, async (t) => {
    const extension = await start(t, { seed, env: { ...env, [P + 'BATCH']: 'TRUE' } })
    assert.equal(callsTo(extension, 'BatchGetSecretValue'), Math.ceil(count / 20))
    assert.equal(callsTo(extension, 'GetSecretValue'), 0)
    await assertHits(extension, targets)
  })
}

test('what was prefetched has the bytes of what is fetched when it is requested', async (t) => {
  const name = '/lambda-ext-test-param/dummy-string'
  const targets = [secretUrl(RECORDED_SECRET), parameterUrl(name)]
  const plain = await startExtension(t)
  const env = { [P + 'SECRETS']: RECORDED_SECRET, [P + 'PARAMETERS']: name }
  for (const more of [{}, { [P + 'BATCH']: 'true' }]) {
    const extension = await start(t, { env: { ...env, ...more } })
    for (const target of targets) {
      const [prefetched, fetched] = [await extension.get(target), await plain.get(target)]
      assert.equal(cacheOf(prefetched), 'HIT')
      assert.equal(prefetched.body.toString(), fetched.body.toString())
    }
  }
})

test('with nothing named nothing is asked, and the life of the process is as before', async (t) => {
  const extension = await startExtension(t)
  await extension.lambda.invoke()
  assert.equal(extension.aws.calls(), 0)
  await extension.stop()
  assert.doesNotMatch(await extension.logged(/shutting down/), /prefetched/)
})

test('a name that is listed several times, in the variable and in the file, is requested once', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'prefetch-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'names.json')
  writeFileSync(file, JSON.stringify({ secrets: ['twice', 'of-file'], parameters: ['/a/twice', '/of/file'] }))
  const extension = await start(t, {
    seed: {
      secrets: valuesOf(['twice', 'of-file']),
      parameters: valuesOf(['/a/twice', '/of/file']),
    },
    env: { [P + 'SECRETS']: 'twice, twice', [P + 'PARAMETERS']: '/a/twice /a/twice', [P + 'FILE']: file },
  })
  assert.equal(extension.aws.calls('twice'), 1)
  assert.equal(extension.aws.calls('/a/twice'), 1)
  await assertHits(extension, [secretUrl('of-file'), parameterUrl('/of/file')])
})

for (const [what, text] of [
  ['is no JSON', '{"secrets": ["hush-hush"'],
  ['lists no names', '{"secrets": [{"hush-hush": 1}]}'],
  ['is a list itself', '["hush-hush"]'],
  ['is not there', undefined],
] as const) {
  test(`a prefetch file that ${what} is warned of without its text, and the rest is fetched`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'prefetch-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'names.json')
    if (text !== undefined) writeFileSync(file, text)
    const extension = await start(t, { env: { [P + 'SECRETS']: RECORDED_SECRET, [P + 'FILE']: file } })
    assert.match(await extension.logged(/PREFETCH_FILE/), /WARN .* Ignoring it\.$/)
    assert.doesNotMatch(extension.logs().join('\n'), /hush-hush/)
    await assertHits(extension, [secretUrl(RECORDED_SECRET)])
  })
}

for (const [what, make] of [
  ['a pipe without a writer', (path: string) => execFileSync('/usr/bin/mkfifo', [path])],
  ['a link to a device without an end', (path: string) => symlinkSync('/dev/zero', path)],
  ['a folder', (path: string) => mkdirSync(path)],
  ['a file of 5 MB', (path: string) => writeFileSync(path, '{"secrets": [' + ' '.repeat(5_000_000) + ']}')],
] as const) {
  test(`${what} as the prefetch file is warned of, and stops nothing`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'prefetch-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'names.json')
    make(file)
    const extension = await start(t, { env: { [P + 'SECRETS']: RECORDED_SECRET, [P + 'FILE']: file } })
    assert.match(await extension.logged(/PREFETCH_FILE/), /WARN .* Ignoring it\.$/)
    await assertHits(extension, [secretUrl(RECORDED_SECRET)])
  })
}

test('a prefetch file may begin with a byte order mark', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'prefetch-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'names.json')
  writeFileSync(file, '\ufeff' + JSON.stringify({ secrets: [RECORDED_SECRET] }))
  const extension = await start(t, { env: { [P + 'FILE']: file } })
  await assertHits(extension, [secretUrl(RECORDED_SECRET)])
})

test('a path without a parameter is warned of', async (t) => {
  const extension = await start(t, { env: { [P + 'PARAMETERS']: '/nowhere/' } })
  await extension.logged(/WARN prefetch: there is no parameter below path=\/nowhere\/$/)
})

test('what only looks like a path is one warning, is not taken for the root, and the rest is fetched', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'prefetch-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'names.json')
  writeFileSync(file, JSON.stringify({ parameters: ['/ /', '/app//', 'app/'] }))
  const extension = await startExtension(t, {
    seed: { parameters: valuesOf(['/other', '/app/url']) },
    env: { ...PATIENT, [P + 'PARAMETERS']: '//,///,/app/', [P + 'FILE']: file },
  })
  const lines = extension.logs().flatMap((line) => /WARN (.*)$/.exec(line)?.[1] ?? [])
  const why = 'is no path: one is like /app/, and / is all there is'
  assert.deepEqual(
    lines.sort(),
    ['/ /', '//', '///', '/app//', 'app/'].map((path) => `prefetch: ${path} ${why}`).sort(),
  )
  assert.equal(extension.aws.calls(), 1)
  await assertHits(extension, [parameterUrl('/app/url')])
})

for (const batch of ['FALSE', 'TRUE']) {
  test(`of ten, one that is denied is one warning, and the others are there (batch ${batch})`, async (t) => {
    const secrets = namesOf('secret', 10)
    const parameters = namesOf('/app/parameter', 10)
    const extension = await startExtension(t, {
      seed: { secrets: valuesOf(secrets), parameters: valuesOf(parameters) },
      until: 'launched',
      env: {
        ...PATIENT,
        [P + 'SECRETS']: secrets.join(),
        [P + 'PARAMETERS']: parameters.join(),
        [P + 'BATCH']: batch,
      },
    })
    extension.aws.deny(secrets[4]!)
    extension.aws.deny(parameters[4]!)
    await extension.lambda.initialized()
    await extension.logged(/name=\/app\/parameter-004/)
    const lines = warnings(extension)
    assert.equal(lines.length, 2, lines.join('\n'))
    assert.ok(lines.every((line) => / WARN .*AccessDeniedException/.test(line)))
    assert.ok(lines.some((line) => line.includes('secretId=secret-004')))
    const others = (names: readonly string[]) => names.filter((_, i) => i !== 4)
    await assertHits(extension, [
      ...others(secrets).map(secretUrl),
      ...others(parameters).map((n) => parameterUrl(n)),
    ])
    assert.equal((await extension.get(secretUrl(secrets[4]!))).status, 400)
    extension.aws.allow(secrets[4]!)
    assert.equal((await extension.get(secretUrl(secrets[4]!))).status, 200)
  })
}

/** 21 secrets and 11 parameters to be fetched in two batches each, which fail so. */
async function startWithFailingBatches(t: TestContext, code: string, status: number) {
  const secrets = namesOf('secret', 21)
  const parameters = namesOf('/app/parameter', 11)
  const extension = await startExtension(t, {
    seed: { secrets: valuesOf(secrets), parameters: valuesOf(parameters) },
    until: 'launched',
    env: {
      ...PATIENT,
      AWS_MAX_ATTEMPTS: '1',
      [P + 'SECRETS']: secrets.join(),
      [P + 'PARAMETERS']: parameters.join(),
      [P + 'BATCH']: 'TRUE',
    },
  })
  for (const operation of ['BatchGetSecretValue', 'GetParameters']) {
    extension.aws.fault({ operation }, { kind: 'error', code, status })
  }
  await extension.lambda.initialized()
  return { extension, targets: [...secrets.map(secretUrl), ...parameters.map((name) => parameterUrl(name))] }
}

for (const [code, status] of [
  ['AccessDeniedException', 400],
  ['InternalFailure', 501],
] as const) {
  test(`a batch that is refused as a whole (${status} ${code}) is requested one by one`, async (t) => {
    const { extension, targets } = await startWithFailingBatches(t, code, status)
    assert.equal(callsTo(extension, 'GetSecretValue'), 21)
    assert.equal(callsTo(extension, 'GetParameter'), 11)
    await assertHits(extension, targets)
    assert.deepEqual(warnings(extension), [])
  })
}

for (const [code, status] of [
  ['ThrottlingException', 400],
  ['TooManyRequestsException', 429],
  ['InternalServiceError', 500],
  ['ServiceUnavailable', 503],
] as const) {
  test(`a batch that AWS cannot answer now (${status} ${code}) costs no call for each name`, async (t) => {
    const { extension, targets } = await startWithFailingBatches(t, code, status)
    assert.deepEqual(extension.aws.requests.map(({ operation }) => operation).sort(), [
      'BatchGetSecretValue',
      'BatchGetSecretValue',
      'GetParameters',
      'GetParameters',
    ])
    for (const target of targets) assert.equal((await extension.get(target)).status, 200, target)
  })
}

test('an AWS that cannot be reached fails no init, and the first read asks again', async (t) => {
  const extension = await startExtension(t, {
    until: 'launched',
    env: { ...PATIENT, AWS_MAX_ATTEMPTS: '1', [P + 'SECRETS']: RECORDED_SECRET, [P + 'BATCH']: 'TRUE' },
  })
  extension.aws.fault({}, { kind: 'reset' }, 1)
  await extension.lambda.initialized()
  assert.equal(warnings(extension).length, 1)
  const reply = await extension.get(secretUrl(RECORDED_SECRET))
  assert.deepEqual([reply.status, cacheOf(reply)], [200, 'MISS'])
})

test('a path of 35 is read to its end, past two empty pages', async (t) => {
  const names = namesOf('/tree/branch/leaf', 35)
  const extension = await startExtension(t, {
    seed: { parameters: valuesOf(names) },
    until: 'launched',
    env: { ...PATIENT, [P + 'PARAMETERS']: '/tree/' },
  })
  extension.aws.emptyPages(2)
  await extension.lambda.initialized()
  assert.equal(callsTo(extension, 'GetParametersByPath'), 6)
  await assertHits(
    extension,
    names.map((name) => parameterUrl(name)),
  )
  await assertHits(
    extension,
    names.map((name) => parameterUrl(name, '&withDecryption=true')),
  )
})

test('a path that is denied is one warning with the path', async (t) => {
  const extension = await startExtension(t, {
    seed: { parameters: valuesOf(['/tree/leaf']) },
    until: 'launched',
    env: { ...PATIENT, [P + 'PARAMETERS']: '/tree/' },
  })
  extension.aws.fault({ operation: 'GetParametersByPath' }, { kind: 'error', code: 'AccessDeniedException' })
  await extension.lambda.initialized()
  const [line, ...more] = warnings(extension)
  assert.match(line ?? '', /WARN .*AccessDeniedException.*\(path=\/tree\/\)$/)
  assert.deepEqual(more, [])
  assert.equal((await extension.get(parameterUrl('/tree/leaf'))).status, 200)
})

test('every spelling finds it, and a value that is encrypted only those who decrypt', async (t) => {
  const extension = await start(t, {
    seed: {
      secrets: { spelled: { value: 'spelled-value-one', arnSuffix: 'AbCdEf' } },
      parameters: {
        '/spelled/it': 'spelled-value-two',
        '/spelled/hidden': { value: 'spelled-value-three', type: 'SecureString' },
      },
    },
    env: { [P + 'SECRETS']: 'spelled', [P + 'PARAMETERS']: '/spelled/it /spelled/hidden' },
  })
  const arn = `arn:aws:secretsmanager:us-east-1:${ACCOUNT}:secret:spelled`
  const parameterArn = `arn:aws:ssm:us-east-1:${ACCOUNT}:parameter/spelled/it`
  await assertHits(extension, [
    secretUrl('spelled'),
    secretUrl(arn),
    secretUrl(`${arn}-AbCdEf`),
    secretUrl('spelled') + '&versionStage=AWSCURRENT',
    parameterUrl('/spelled/it'),
    parameterUrl(parameterArn),
    parameterUrl('/spelled/hidden', '&withDecryption=true'),
  ])
  const hidden = await extension.get(parameterUrl('/spelled/hidden'))
  assert.equal(cacheOf(hidden), 'MISS')
  assert.doesNotMatch(hidden.body.toString(), /spelled-value-three/)
})

test('selectors are listed as in a request', async (t) => {
  const extension = await start(t, {
    seed: {
      secrets: { rotated: { value: 'value-after', previous: 'value-before' } },
      parameters: { '/many/versions': { value: 'second-value', previous: ['first-value'] } },
    },
    env: {
      [P + 'SECRETS']: 'rotated?versionStage=AWSPREVIOUS',
      [P + 'PARAMETERS']: '/many/versions:1',
      [P + 'BATCH']: 'TRUE',
    },
  })
  const older = [
    secretUrl('rotated') + '&versionStage=AWSPREVIOUS',
    parameterUrl('/many/versions', '&version=1'),
  ]
  await assertHits(extension, older)
  assert.match((await extension.get(older[0]!)).body.toString(), /"value-before"/)
  assert.match((await extension.get(older[1]!)).body.toString(), /"first-value"/)
  assert.match((await extension.get(secretUrl('rotated'))).body.toString(), /"value-after"/)
  assert.match((await extension.get(parameterUrl('/many/versions'))).body.toString(), /"second-value"/)
})

test('an ARN of the own account and region answers to its name', async (t) => {
  const arn = `arn:aws:secretsmanager:us-east-1:${ACCOUNT}:secret:own`
  const extension = await start(t, {
    seed: { secrets: { own: 'value-of-own' }, parameters: { '/own/one': 'value-of-own-one' } },
    env: {
      [P + 'SECRETS']: arn,
      [P + 'PARAMETERS']: `arn:aws:ssm:us-east-1:${ACCOUNT}:parameter/own/one`,
    },
  })
  await assertHits(extension, [secretUrl('own'), secretUrl(arn), parameterUrl('/own/one')])
})

for (const [what, lambda, account] of [
  ['of another account', {}, '999999999999'],
  ['where the account is unknown', { accountId: '' }, ACCOUNT],
] as const) {
  test(`an ARN ${what} never answers to the plain name`, async (t) => {
    const arn = `arn:aws:secretsmanager:us-east-1:${account}:secret:shared-AbCdEf`
    const parameterArn = `arn:aws:ssm:us-east-1:${account}:parameter/shared/one`
    const extension = await start(t, {
      seed: {
        secrets: { shared: { value: 'value-of-theirs', arnSuffix: 'AbCdEf', account } },
        parameters: { '/shared/one': { value: 'value-of-theirs', account } },
      },
      lambda,
      env: { [P + 'SECRETS']: arn, [P + 'PARAMETERS']: parameterArn },
    })
    await assertHits(extension, [secretUrl(arn), parameterUrl(parameterArn)])
    for (const target of [secretUrl('shared'), parameterUrl('/shared/one')]) {
      assert.notEqual(cacheOf(await extension.get(target)), 'HIT')
    }
  })
}

test('an ARN of another region never answers to the plain name', async (t) => {
  const arn = `arn:aws:secretsmanager:eu-west-1:${ACCOUNT}:secret:far`
  const extension = await start(t, {
    seed: { secrets: { far: 'value-far-away' } },
    aws: { regions: ['eu-west-1'] },
    env: { [P + 'SECRETS']: arn },
  })
  await assertHits(extension, [secretUrl(arn)])
  const reply = await extension.get(secretUrl('far'))
  assert.equal(cacheOf(reply), 'MISS')
  assert.match(reply.body.toString(), /us-east-1/)
})

test('a thousand callers during a prefetch make no further call', async (t) => {
  const { until, release } = gate()
  const names = ['/busy/text', '/busy/hidden']
  const extension = await startExtension(t, {
    seed: {
      secrets: { busy: 'value-of-busy' },
      parameters: {
        '/busy/text': 'busy-text-value',
        '/busy/hidden': { value: 'busy-hidden-value', type: 'SecureString' },
      },
    },
    until: 'launched',
    env: { ...PATIENT, [P + 'SECRETS']: 'busy', [P + 'PARAMETERS']: names.join() },
  })
  extension.aws.fault({}, { until }, 2)
  await extension.aws.called(undefined, 2)
  const targets = [
    secretUrl('busy'),
    parameterUrl('/busy/text'),
    parameterUrl('/busy/text', '&withDecryption=true'),
    parameterUrl('/busy/hidden', '&withDecryption=true'),
  ]
  const wires = await Promise.all(Array.from({ length: 1000 }, () => connect(extension.port)))
  await Promise.all(wires.map((wire, i) => wire.send(extension.request(targets[i % targets.length]!))))
  await extension.get('/ping')
  release()
  const replies = await Promise.all(wires.map((wire) => wire.receive()))
  for (const wire of wires) wire.destroy()
  assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([200]))
  assert.equal(extension.aws.calls(), 2)
  await extension.lambda.initialized()
})

test('a read of what lies below a path under way waits for the path', async (t) => {
  const { until, release } = gate()
  const leaves = namesOf('/slow/leaf', 12)
  const extension = await startExtension(t, {
    seed: { parameters: valuesOf(leaves) },
    until: 'launched',
    env: { ...PATIENT, [P + 'PARAMETERS']: '/slow/' },
  })
  extension.aws.fault({ operation: 'GetParametersByPath' }, { until }, 1)
  await extension.aws.called(undefined, 1)
  const replies = leaves.map((name) => extension.get(parameterUrl(name)))
  const absent = extension.get(parameterUrl('/slow/absent'))
  await extension.get('/ping')
  release()
  for (const reply of await Promise.all(replies)) assert.equal(reply.status, 200)
  assert.equal((await absent).status, 400)
  assert.equal(callsTo(extension, 'GetParametersByPath'), 2)
  assert.equal(callsTo(extension, 'GetParameter'), 1)
  await extension.lambda.initialized()
  await assertHits(
    extension,
    leaves.map((name) => parameterUrl(name)),
  )
})

for (const [what, list, operation, target] of [
  ['lies below a path', { PARAMETERS: '/slow/' }, 'GetParametersByPath', parameterUrl('/slow/leaf')],
  ['a prefix chooses', { SECRETS: 'prefix:slow-' }, 'BatchGetSecretValue', secretUrl('slow-secret')],
  ['is named', { SECRETS: 'slow-secret', BATCH: 'TRUE' }, 'BatchGetSecretValue', secretUrl('slow-secret')],
  ['is named', { PARAMETERS: '/slow/leaf' }, 'GetParameters', parameterUrl('/slow/leaf')],
] as const) {
  test(`a read of what ${what} in a prefetch (${operation}) does not wait for an AWS that is silent for that`, async (t) => {
    const extension = await startExtension(t, {
      seed: { secrets: valuesOf(['slow-secret']), parameters: valuesOf(['/slow/leaf']) },
      until: 'launched',
      end: 'any',
      env: Object.fromEntries(Object.entries(list).map(([name, value]) => [P + name, value])),
    })
    extension.aws.fault({ operation }, { kind: 'hang' })
    await extension.aws.called(undefined, 1)
    const reply = await extension.get(target)
    assert.deepEqual([reply.status, cacheOf(reply)], [200, 'MISS'])
    assert.match(extension.aws.requests.at(-1)?.operation ?? '', /^Get(SecretValue|Parameter)$/)
    await assertHits(extension, [target])
  })
}

test('a prefetch of more lists and failures than the cache holds says so in a few lines', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'prefetch-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'names.json')
  const paths = namesOf('/path', 100).map((name) => `${name}/`)
  writeFileSync(file, JSON.stringify({ secrets: namesOf('prefix:app', 100), parameters: paths }))
  const extension = await start(t, {
    env: { PARAMETERS_SECRETS_EXTENSION_CACHE_SIZE: '30', [P + 'FILE']: file },
  })
  await extension.logged(/WARN prefetch: and 10 more warnings$/)
  assert.equal(extension.aws.calls(), 30)
  const lines = extension.logs().filter((line) => line.includes('WARN'))
  assert.equal(lines.length, 22, lines.join('\n'))
  assert.equal(lines.filter((line) => /more than the 30 that the cache holds/.test(line)).length, 1)
  assert.equal((await extension.get(secretUrl(RECORDED_SECRET))).status, 200)
})

test('a read with refreshNow during a prefetch is not given what was requested before it', async (t) => {
  const { until, release } = gate()
  const extension = await startExtension(t, {
    seed: { parameters: { '/fresh/one': 'value-before' } },
    until: 'launched',
    env: { ...PATIENT, [P + 'PARAMETERS']: '/fresh/one' },
  })
  extension.aws.fault({ operation: 'GetParameters' }, { until }, 1)
  await extension.aws.called(undefined, 1)
  extension.aws.putParameter('/fresh/one', 'value-after')
  const pending = extension.get(parameterUrl('/fresh/one', '&refreshNow=true'))
  await extension.get('/ping')
  release()
  const reply = await pending
  assert.match(reply.body.toString(), /"value-after"/)
  await extension.lambda.initialized()
})

test('an AWS that does not answer holds the init no longer than its bound', async (t) => {
  const { until, release } = gate()
  const extension = await startExtension(t, {
    until: 'launched',
    env: { [P + 'WAIT_MILLIS']: '50', [P + 'SECRETS']: RECORDED_SECRET },
  })
  extension.aws.fault({}, { until }, 1)
  await extension.lambda.initialized()
  const reply = extension.get(secretUrl(RECORDED_SECRET))
  release()
  assert.equal((await reply).status, 200)
  assert.equal(extension.aws.calls(), 1)
})

test('without a wait the init is not held at all, and the prefetch comes to its end', async (t) => {
  const extension = await startExtension(t, {
    env: { [P + 'WAIT_MILLIS']: '0', [P + 'SECRETS']: RECORDED_SECRET },
  })
  await extension.aws.called(RECORDED_SECRET, 1)
  const reply = await extension.get(secretUrl(RECORDED_SECRET))
  assert.equal(reply.status, 200)
  assert.equal(extension.aws.calls(), 1)
})

test('what expired before the first invoke is requested again', async (t) => {
  const extension = await start(t, {
    env: { [P + 'SECRETS']: RECORDED_SECRET, SECRETS_MANAGER_TTL: '1' },
  })
  await extension.lambda.freeze()
  await sleep(1_500)
  extension.lambda.thaw()
  const reply = await extension.get(secretUrl(RECORDED_SECRET))
  assert.deepEqual([reply.status, cacheOf(reply)], [200, 'MISS'])
})

for (const [stage, operation] of [
  ['its secrets', 'GetSecretValue'],
  ['its parameters', 'GetParameters'],
  ['its path', 'GetParametersByPath'],
] as const) {
  test(`a freeze while ${stage} are on their way breaks nothing`, async (t) => {
    const { until, release } = gate()
    const leaves = namesOf('/frozen/leaf', 12)
    const extension = await startExtension(t, {
      seed: { secrets: { frozen: 'value-of-frozen' }, parameters: valuesOf(['/cold', ...leaves]) },
      until: 'launched',
      env: {
        ...PATIENT,
        [P + 'WAIT_MILLIS']: '100',
        [P + 'SECRETS']: 'frozen',
        [P + 'PARAMETERS']: '/cold /frozen/',
      },
    })
    extension.aws.fault({ operation }, { until }, 1)
    await extension.lambda.initialized()
    await extension.lambda.freeze()
    release()
    extension.aws.dropConnections()
    await sleep(300)
    extension.lambda.thaw()
    for (const target of [
      secretUrl('frozen'),
      parameterUrl('/cold'),
      ...leaves.map((n) => parameterUrl(n)),
    ]) {
      assert.equal((await extension.get(target)).status, 200, target)
    }
    await extension.lambda.invoke()
  })
}

for (const [what, env] of [
  ['the cache is off', { PARAMETERS_SECRETS_EXTENSION_CACHE_ENABLED: 'FALSE' }],
  ['the cache holds none', { PARAMETERS_SECRETS_EXTENSION_CACHE_SIZE: '0' }],
  ['its time to live is 0', { SECRETS_MANAGER_TTL: '0' }],
] as const) {
  test(`nothing is prefetched where ${what}`, async (t) => {
    const extension = await start(t, { env: { ...env, [P + 'SECRETS']: RECORDED_SECRET } })
    await extension.logged(/WARN prefetch: nothing is kept/)
    assert.equal(extension.aws.calls(), 0)
  })
}

test('no more is requested than the cache holds', async (t) => {
  const secrets = namesOf('secret', 12)
  const extension = await start(t, {
    seed: { secrets: valuesOf(secrets) },
    env: { PARAMETERS_SECRETS_EXTENSION_CACHE_SIZE: '10', [P + 'SECRETS']: secrets.join() },
  })
  await extension.logged(/WARN prefetch: more than the 10/)
  assert.equal(extension.aws.calls(), 10)
  await assertHits(extension, secrets.slice(0, 10).map(secretUrl))
})

const HIDDEN = {
  'the secret': 'q7Zk2Vt9Lw4Xb8Nc3Rm6Yp1Hs5Dg0JfUa',
  'the parameter': 'Bw5Tj8Qe1Mk4Zx7Cv0Gn3Sd6Fh9Lr2PyXo',
}

test('under SnapStart nothing is fetched before the restore, and all at the first invoke after it', async (t) => {
  const extension = await start(t, {
    seed: {
      secrets: { snapped: HIDDEN['the secret'] },
      parameters: { '/snapped': { value: HIDDEN['the parameter'], type: 'SecureString' } },
    },
    lambda: { mode: 'snap-start' },
    env: { [P + 'SECRETS']: 'snapped', [P + 'PARAMETERS']: '/snapped' },
  })
  const [pid] = extension.lambda.pids
  await extension.lambda.freeze()
  assert.deepEqual([extension.aws.calls(), extension.lambda.credentialReads], [0, 0])
  assert.deepEqual(heldInMemory(pid!, HIDDEN), [])
  extension.lambda.restore({ ...LOCAL_CREDENTIALS, sessionToken: LOCAL_CREDENTIALS.sessionToken ?? '' })
  await extension.lambda.invoke()
  assert.equal(extension.aws.calls(), 2)
  await assertHits(extension, [secretUrl('snapped'), parameterUrl('/snapped', '&withDecryption=true')])
  await extension.lambda.invoke()
  assert.equal(extension.aws.calls(), 2)
  // The search would find it.
  assert.ok(heldInMemory(pid!, HIDDEN).includes('the secret'))
})
