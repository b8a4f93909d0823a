import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { type Extension, type ExtensionOptions, startExtension } from '../artefact.ts'
import { isClockSettable, settableClock } from '../platform/clock.ts'
import { header, type Reply } from '../../tools/wire.ts'

const READER = 'arn:aws:iam::111122223333:role/reader'
const AUDITOR = 'arn:aws:iam::444455556666:role/path/auditor.of@all'
const UNLISTED = 'arn:aws:iam::777788889999:role/unlisted'
const SECRET = '/secretsmanager/get?secretId=shared'
const PARAMETER = '/systemsmanager/parameters/get?name=/app/a'
const as = (role: string) => `&roleArn=${encodeURIComponent(role)}`

const OWN = "the function's own secret"
const OF_READER = "the reader's secret value"
const OF_AUDITOR = "the auditor's secret value"

function start(t: TestContext, options: ExtensionOptions = {}) {
  const { env, aws, ...rest } = options
  return startExtension(t, {
    seed: { secrets: { shared: OWN }, parameters: { '/app/a': 'the own parameter' } },
    env: { PARAMETERS_SECRETS_EXTENSION_ROLE_ARNS: `${READER},${AUDITOR}`, ...env },
    aws: {
      roles: {
        [READER]: {
          seed: {
            secrets: { shared: OF_READER, second: 'a second secret of the reader' },
            parameters: { '/app/a': 'the parameter of the reader', '/app/b': 'another of the reader' },
          },
        },
        [AUDITOR]: { seed: { secrets: { shared: OF_AUDITOR } } },
      },
      ...aws,
    },
    ...rest,
  })
}

function valueIn({ body }: Reply): unknown {
  const answer = JSON.parse(body.toString()) as { SecretString?: string; Parameter?: { Value: string } }
  return answer.SecretString ?? answer.Parameter?.Value
}

const assumed = ({ aws }: Extension) =>
  aws.requests.filter(({ operation }) => operation === 'AssumeRole').map(({ names }) => names[0])

test('a secret is read as the role that the caller names, and two roles never see each other', async (t) => {
  const extension = await start(t)
  const targets = [SECRET, SECRET + as(READER), SECRET + as(AUDITOR)]
  for (const cache of ['MISS', 'HIT']) {
    for (const [i, expected] of [OWN, OF_READER, OF_AUDITOR].entries()) {
      const reply = await extension.get(targets[i]!)
      assert.deepEqual([reply.status, header(reply, 'X-Cache'), valueIn(reply)], [200, cache, expected])
    }
  }
  assert.deepEqual(assumed(extension), [READER, AUDITOR])
  assert.match((await extension.get(SECRET + as(READER))).body.toString(), /:111122223333:secret:shared-/)
})

test('parameters, many at once and paths are read as the role, too', async (t) => {
  const extension = await start(t)
  assert.equal(valueIn(await extension.get(PARAMETER + as(READER))), 'the parameter of the reader')
  assert.equal(valueIn(await extension.get(PARAMETER)), 'the own parameter')
  const many = await extension.get(
    `/systemsmanager/parameters/getMultiple?name=/app/a&name=/app/b${as(READER)}`,
  )
  assert.deepEqual(
    [...many.body.toString().matchAll(/"Value":"([^"]+)"/g)].map(([, value]) => value),
    ['the parameter of the reader', 'another of the reader'],
  )
  const secrets = await extension.get(
    `/secretsmanager/getMultiple?secretId=shared&secretId=second${as(READER)}`,
  )
  assert.deepEqual(
    [...secrets.body.toString().matchAll(/"SecretString":"([^"]+)"/g)].map(([, value]) => value),
    [OF_READER, 'a second secret of the reader'],
  )
  const path = await extension.get(`/systemsmanager/parameters/getByPath?path=/app${as(READER)}`)
  assert.match(path.body.toString(), /another of the reader/)
  // What the path has brought answers for its parameters, and for that role alone.
  const held = await extension.get(
    `/systemsmanager/parameters/get?name=/app/b&withDecryption=false${as(READER)}`,
  )
  assert.equal(valueIn(held), 'another of the reader')
  assert.equal((await extension.get('/systemsmanager/parameters/get?name=/app/b')).status, 400)
  assert.deepEqual(assumed(extension), [READER])
})

test('a role that is not listed is refused with 403, and one that is none with 400', async (t) => {
  const extension = await start(t)
  for (const target of [SECRET, PARAMETER, '/secretsmanager/getMultiple?secretId=shared']) {
    const foreign = await extension.get(target + as(UNLISTED))
    assert.deepEqual(
      [foreign.status, header(foreign, 'X-Amzn-ErrorType'), foreign.body.toString()],
      [403, 'AccessDeniedException', 'roleArn is not one of PARAMETERS_SECRETS_EXTENSION_ROLE_ARNS'],
    )
    for (const bad of ['reader', 'arn:aws:iam::1:role/x', 'arn:aws:iam::111122223333:user/x']) {
      const reply = await extension.get(target + as(bad))
      assert.deepEqual(
        [reply.status, header(reply, 'X-Amzn-ErrorType'), reply.body.toString()],
        [400, 'ValidationException', 'roleArn must be the ARN of an IAM role'],
      )
    }
    assert.equal((await extension.get(`${target}&roleArn=%zz`)).status, 400)
  }
  assert.equal(extension.aws.calls(), 0)
  assert.equal((await extension.get(SECRET)).status, 200)
})

test('without a list roles are ignored, as the original does, and one warning says so', async (t) => {
  const extension = await start(t, { env: { PARAMETERS_SECRETS_EXTENSION_ROLE_ARNS: undefined } })
  for (const role of [READER, UNLISTED, 'nonsense'])
    assert.equal(valueIn(await extension.get(SECRET + as(role))), OWN)
  assert.deepEqual(assumed(extension), [])
  const warnings = extension.logs().filter((line) => line.includes('roleArn'))
  assert.equal(warnings.length, 1)
  assert.match(warnings[0]!, /WARN roleArn is ignored: PARAMETERS_SECRETS_EXTENSION_ROLE_ARNS is not set$/)
})

test('many callers of a role wait for one AssumeRole', async (t) => {
  const extension = await start(t)
  extension.aws.fault({ operation: 'AssumeRole' }, { kind: 'delay', delayMs: 200 })
  const targets = [SECRET, PARAMETER, '/secretsmanager/get?secretId=second'].map((one) => one + as(READER))
  const replies = await Promise.all(Array.from({ length: 60 }, (_, i) => extension.get(targets[i % 3]!)))
  assert.ok(replies.every(({ status }) => status === 200))
  assert.deepEqual([assumed(extension), extension.aws.calls()], [[READER], 4])
})

test('what STS refuses is a 400 as any failure of AWS, with its reason, and is asked again', async (t) => {
  const extension = await start(t, {
    aws: { roles: { [READER]: { externalId: 'wanted', seed: { secrets: { shared: OF_READER } } } } },
  })
  const reply = await extension.get(SECRET + as(READER))
  assert.deepEqual(
    [reply.status, header(reply, 'X-Amzn-ErrorType'), reply.body.toString()],
    [400, 'AccessDenied', 'an unexpected error occurred while executing request'],
  )
  assert.match(
    header(reply, 'X-Amzn-ErrorMessage') ?? '',
    /is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role\/reader$/,
  )
  await extension.logged(/operation error STS: AssumeRole, .*api error AccessDenied.*roleArn=arn:aws:iam/)
  assert.equal((await extension.get(SECRET)).status, 200)
  await extension.get(SECRET + as(READER))
  assert.equal(assumed(extension).length, 2)
})

test('the external id and the name of the session are those of the settings', async (t) => {
  const extension = await start(t, {
    env: {
      PARAMETERS_SECRETS_EXTENSION_ROLE_EXTERNAL_ID: 'agreed:upon/17',
      PARAMETERS_SECRETS_EXTENSION_ROLE_SESSION_NAME: 'seen.in@trail',
    },
    aws: { roles: { [READER]: { externalId: 'agreed:upon/17', seed: { secrets: { shared: OF_READER } } } } },
  })
  assert.equal(valueIn(await extension.get(SECRET + as(READER))), OF_READER)
  assert.deepEqual(
    extension.aws.sessions().map(({ name }) => name),
    ['seen.in@trail'],
  )
})

for (const kind of ['throttle', 'unavailable', 'internal-error', 'reset', 'half-body'] as const) {
  test(`${kind} of STS is tried again, and the caller sees nothing of it`, async (t) => {
    const extension = await start(t)
    extension.aws.fault({ operation: 'AssumeRole' }, { kind }, 2)
    assert.equal(valueIn(await extension.get(SECRET + as(READER))), OF_READER)
    assert.equal(assumed(extension).length, 3)
  })
}

for (const kind of ['garbage', 'empty', 'html'] as const) {
  test(`${kind} in place of STS's answer is a failure that quotes nothing, and the next request works`, async (t) => {
    const extension = await start(t)
    extension.aws.fault({ operation: 'AssumeRole' }, { kind }, 1)
    const reply = await extension.get(SECRET + as(READER))
    assert.equal(reply.status, 400)
    assert.doesNotMatch(`${header(reply, 'X-Amzn-ErrorMessage')}`, /ASIA|arn:aws:"|Sign in/)
    assert.equal(valueIn(await extension.get(SECRET + as(READER))), OF_READER)
  })
}

test('a session that AWS calls expired is replaced, and the read succeeds', async (t) => {
  const extension = await start(t)
  await extension.get(SECRET + as(READER))
  const [first] = extension.aws.sessions()
  extension.aws.expireCredentials(first!.credentials.accessKeyId)
  assert.equal(valueIn(await extension.get(`${SECRET}&refreshNow=true${as(READER)}`)), OF_READER)
  assert.equal(assumed(extension).length, 2)
})

test('what is prefetched as a role is a hit for that role alone', async (t) => {
  const extension = await start(t, {
    env: {
      PARAMETERS_SECRETS_EXTENSION_PREFETCH_SECRETS: `${AUDITOR}@shared ${READER}@shared,${UNLISTED}@shared`,
      PARAMETERS_SECRETS_EXTENSION_PREFETCH_PARAMETERS: `${READER}@/app/`,
    },
  })
  const cacheOf = async (target: string) => header(await extension.get(target), 'X-Cache')
  assert.equal(await cacheOf(SECRET + as(READER)), 'HIT')
  assert.equal(await cacheOf(SECRET + as(AUDITOR)), 'HIT')
  assert.equal(
    await cacheOf(`/systemsmanager/parameters/get?name=/app/b&withDecryption=true${as(READER)}`),
    'HIT',
  )
  assert.equal(await cacheOf(SECRET), 'MISS')
  await extension.logged(/WARN prefetch: arn:aws:iam::777788889999:role\/unlisted is none of PARAMETERS/)
})

test('a file names roles as a list does, or as members of their own', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'roles-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'prefetch.json')
  const secrets = [
    { name: 'shared', roleArn: READER },
    `${AUDITOR}@shared`,
    { name: 'second', roleArn: UNLISTED },
  ]
  writeFileSync(file, JSON.stringify({ secrets }))
  const extension = await start(t, { env: { PARAMETERS_SECRETS_EXTENSION_PREFETCH_FILE: file } })
  for (const role of [READER, AUDITOR])
    assert.equal(header(await extension.get(SECRET + as(role)), 'X-Cache'), 'HIT')
  await extension.logged(/WARN prefetch: arn:aws:iam::777788889999:role\/unlisted is none of PARAMETERS/)
})

if (isClockSettable)
  test('a session is renewed five minutes before it expires, and a clock that goes back asks again', async (t) => {
    const clock = settableClock(t)
    const extension = await start(t, { env: clock.env })
    const fresh = () => extension.get(`${SECRET}&refreshNow=true${as(READER)}`)
    assert.equal((await fresh()).status, 200)
    const MINUTE = 60_000
    for (const [minutes, sessions] of [
      [3, 1],
      [56, 2],
      [-10, 3],
    ] as const) {
      clock.set(minutes * MINUTE)
      extension.aws.clockSkewMs = minutes * MINUTE
      assert.equal((await fresh()).status, 200)
      assert.equal(extension.aws.sessions().length, sessions, `${minutes} minutes later`)
    }
  })

test('after a SnapStart restore roles are assumed anew, and none before has lasted', async (t) => {
  const extension = await start(t, { lambda: { mode: 'snap-start' } })
  assert.equal(valueIn(await extension.get(SECRET + as(READER))), OF_READER)
  await extension.lambda.invoke()
  const before = extension.aws.sessions().length
  assert.equal(valueIn(await extension.get(SECRET + as(READER))), OF_READER)
  assert.equal(extension.aws.sessions().length, before + 1)
})

test('a call that a freeze has cut costs no error afterwards', async (t) => {
  const extension = await start(t)
  await extension.get(SECRET + as(READER))
  await extension.lambda.freeze()
  extension.aws.dropConnections()
  await new Promise((resolve) => setTimeout(resolve, 300))
  extension.lambda.thaw()
  assert.equal((await extension.get(`${SECRET}&refreshNow=true${as(READER)}`)).status, 200)
})
