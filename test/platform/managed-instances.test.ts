import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Extension, type ExtensionOptions, startExtension } from '../artefact.ts'
import { gate } from '../gate.ts'
import { header } from '../../tools/wire.ts'
import { descriptorsOf, memoryOf } from '../../tools/proc.ts'
import { SMALL_HEAP } from './process.ts'

const NAME = 'dummy-string-secret'
const SECRET = `/secretsmanager/get?secretId=${NAME}`
const FRESH = `${SECRET}&refreshNow=true`
const CALLERS = 64
const OLD = {
  accessKeyId: 'ASIAOLDOLDOLDOLDOLD1',
  secretAccessKey: 'the-old-secret-access-key',
  sessionToken: 'the-old-session-token',
}
const NEW = {
  accessKeyId: 'ASIANEWNEWNEWNEWNEW1',
  secretAccessKey: 'the-new-secret-access-key',
  sessionToken: 'the-new-session-token',
}

const managed: ExtensionOptions = { lambda: { mode: 'lambda-managed-instances' } }
/** Credentials that rotate behind the container endpoint. */
const rotating: ExtensionOptions = {
  aws: { credentials: [OLD, NEW] },
  lambda: { mode: 'lambda-managed-instances', containerCredentials: true, credentials: OLD },
}

function rotate({ aws, lambda }: Extension): void {
  lambda.rotateCredentials(NEW)
  aws.expireCredentials(OLD.accessKeyId)
}

/** What each call to AWS was signed with, and what came of it. */
const attempts = ({ aws }: Extension): (string | undefined)[][] =>
  aws.requests.map(({ accessKeyId, error }) => [accessKeyId, error])

test('SHUTDOWN is all that is registered for, so that the environment starts', async (t) => {
  const { lambda } = await startExtension(t, managed)
  const { extensions } = await lambda.initialized()
  assert.deepEqual(
    extensions.map(({ events }) => events),
    [['SHUTDOWN']],
  )
})

test(`${CALLERS} invocations at once, each on its own connection, ask AWS once for each name`, async (t) => {
  const extension = await startExtension(t, managed)
  const names = Array.from({ length: 8 }, (_, i) => `shared-${i}`)
  for (const name of names) extension.aws.putSecret(name, `value of ${name}`)
  const work = async (): Promise<void> => {
    const wire = await extension.wire()
    for (let round = 0; round < 5; round++) {
      for (const name of names) {
        await wire.send(extension.request(`/secretsmanager/get?secretId=${name}`))
        const { body } = await wire.receive()
        assert.equal(
          (JSON.parse(body.toString()) as { SecretString: string }).SecretString,
          `value of ${name}`,
        )
      }
    }
    wire.destroy()
  }
  await Promise.all(Array.from({ length: CALLERS }, () => extension.lambda.invoke(work)))
  assert.deepEqual(
    names.map((name) => extension.aws.calls(name)),
    names.map(() => 1),
  )
  assert.ok(extension.aws.peakConnections() <= 3)
})

for (const code of ['ExpiredTokenException', 'ExpiredToken', 'UnrecognizedClientException']) {
  test(`${code} leads to one look for other credentials and one more attempt`, async (t) => {
    const extension = await startExtension(t, rotating)
    assert.equal((await extension.get(SECRET)).status, 200)
    extension.lambda.rotateCredentials(NEW)
    extension.aws.fault({ name: NAME }, { kind: 'error', code }, 1)
    assert.equal((await extension.get(FRESH)).status, 200)
    const keys = extension.aws.requests.map(({ accessKeyId }) => accessKeyId)
    assert.deepEqual(keys, [OLD.accessKeyId, OLD.accessKeyId, NEW.accessKeyId])
    assert.equal(extension.lambda.credentialReads, 2)
  })
}

test('credentials that have rotated are used from then on', async (t) => {
  const extension = await startExtension(t, rotating)
  await extension.get(SECRET)
  rotate(extension)
  for (let i = 0; i < 3; i++) assert.equal((await extension.get(FRESH)).status, 200)
  assert.deepEqual(attempts(extension), [
    [OLD.accessKeyId, undefined],
    [OLD.accessKeyId, 'ExpiredTokenException'],
    [NEW.accessKeyId, undefined],
    [NEW.accessKeyId, undefined],
    [NEW.accessKeyId, undefined],
  ])
})

test(`${CALLERS} callers whose credentials expire at once are all answered, after one look for others`, async (t) => {
  const extension = await startExtension(t, rotating)
  await extension.get(SECRET)
  const names = Array.from({ length: CALLERS }, (_, i) => `expiring-${i}`)
  for (const name of names) extension.aws.putSecret(name, `value of ${name}`)
  rotate(extension)
  const replies = await Promise.all(
    names.map((name) => extension.get(`/secretsmanager/get?secretId=${name}`)),
  )
  assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([200]))
  assert.equal(extension.lambda.credentialReads, 2)
  for (const name of names) assert.ok(extension.aws.calls(name) <= 2)
})

test('where the endpoint has nothing newer, the caller gets the failure, and the next rotation ends it', async (t) => {
  const extension = await startExtension(t, rotating)
  await extension.get(SECRET)
  extension.aws.expireCredentials(OLD.accessKeyId)
  const calls = extension.aws.calls()
  const refused = await extension.get(FRESH)
  assert.deepEqual([refused.status, header(refused, 'x-amzn-errortype')], [400, 'ExpiredTokenException'])
  assert.equal(extension.aws.calls(), calls + 1, 'not asked again with the same credentials')
  assert.equal(header(await extension.get(SECRET), 'x-cache'), 'HIT', 'what is cached is still served')
  extension.lambda.rotateCredentials(NEW)
  assert.equal((await extension.get(FRESH)).status, 200)
})

test('a caller may show the session token of the newest credentials before we have seen it', async (t) => {
  const extension = await startExtension(t, rotating)
  const as = (sessionToken: string) => ({ 'X-Aws-Parameters-Secrets-Token': sessionToken })
  assert.equal((await extension.get(SECRET, as(OLD.sessionToken))).status, 200)
  rotate(extension)
  assert.equal((await extension.get(SECRET, as(NEW.sessionToken))).status, 200)
  assert.equal((await extension.get(SECRET, as('neither-of-the-two-tokens'))).status, 401)
})

test(`${CALLERS} invocations at once, before and after a rotation, may show the token that each has read`, async (t) => {
  const extension = await startExtension(t, rotating)
  const invokeAll = async (tokens: readonly string[]): Promise<Set<number>> => {
    const invocations = Array.from({ length: CALLERS }, (_, i) => {
      const headers = { 'X-Aws-Parameters-Secrets-Token': tokens[i % tokens.length]! }
      return extension.lambda.invoke(() => extension.get(i % 8 === 0 ? FRESH : SECRET, headers))
    })
    return new Set((await Promise.all(invocations)).map(({ result }) => result.status))
  }
  assert.deepEqual(await invokeAll([OLD.sessionToken]), new Set([200]))
  extension.lambda.rotateCredentials(NEW)
  // Each SDK renews what it holds at another time before the old credentials expire.
  assert.deepEqual(await invokeAll([NEW.sessionToken, OLD.sessionToken]), new Set([200]))
  extension.aws.expireCredentials(OLD.accessKeyId)
  assert.deepEqual(await invokeAll([OLD.sessionToken, NEW.sessionToken]), new Set([200]))
  assert.deepEqual(await invokeAll(['neither-of-the-two-tokens']), new Set([401]))
})

test('wrong tokens do not become a flood of questions to the credentials endpoint', async (t) => {
  const extension = await startExtension(t, rotating)
  const startedAt = Date.now()
  const replies = await Promise.all(
    Array.from({ length: 200 }, (_, i) =>
      extension.get(SECRET, { 'X-Aws-Parameters-Secrets-Token': `wrong-token-${i}` }),
    ),
  )
  assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([401]))
  // The first look, then one a second at most.
  const seconds = Math.ceil((Date.now() - startedAt) / 1000)
  assert.ok(extension.lambda.credentialReads <= 2 + seconds, String(extension.lambda.credentialReads))
})

test('credentials of the environment that expire are named in answer and log; cached answers go on', async (t) => {
  const extension = await startExtension(t, managed)
  await extension.get(SECRET)
  const { accessKeyId } = extension.aws.requests[0]!
  extension.aws.expireCredentials(accessKeyId!)
  const reply = await extension.get(FRESH)
  assert.deepEqual([reply.status, header(reply, 'x-amzn-errortype')], [400, 'ExpiredTokenException'])
  assert.match(header(reply, 'x-amzn-errormessage') ?? '', /expired/)
  await extension.logged(/ERROR GetSecretValue .*ExpiredTokenException/)
  assert.equal(extension.aws.calls(NAME), 2, 'not asked again with the same credentials')
  assert.equal(header(await extension.get(SECRET), 'x-cache'), 'HIT')
})

test('more names than the cache holds leave memory bounded, found and missing ones alike', async (t) => {
  const env = { PARAMETERS_SECRETS_EXTENSION_CACHE_SIZE: '10', ...SMALL_HEAP }
  const extension = await startExtension(t, { ...managed, env })
  const [pid] = extension.lambda.pids
  const value = 'y'.repeat(50_000)
  const wire = await extension.wire()
  t.after(() => wire.destroy())
  async function ask(target: string): Promise<number> {
    await wire.send(extension.request(target))
    return (await wire.receive()).status
  }
  async function askForMany(from: number, count: number): Promise<void> {
    for (let i = from; i < from + count; i++) {
      const name = `name-${'long'.repeat(60)}-${i}`
      extension.aws.putSecret(name, value)
      assert.equal(await ask(`/secretsmanager/get?secretId=${name}`), 200)
      assert.equal(await ask(`/secretsmanager/get?secretId=missing-${name}`), 400)
    }
  }
  await askForMany(0, 300)
  const warm = memoryOf(pid!).anonMb
  await askForMany(300, 900)
  const grown = memoryOf(pid!).anonMb - warm
  // Nine hundred answers of fifty kilobytes are forty-five megabytes.
  assert.ok(grown < 40, `${grown} MB more`)
  await extension.stop()
  assert.match(extension.logs().at(-1) ?? '', / 1190 evictions/)
})

test('an hour of callers who come and go leaves no descriptor behind', async (t) => {
  const extension = await startExtension(t, managed)
  const [pid] = extension.lambda.pids
  await Promise.all(Array.from({ length: CALLERS }, () => extension.get(SECRET)))
  const before = descriptorsOf(pid!)
  for (let round = 0; round < 20; round++) {
    const { until, release } = gate()
    extension.aws.fault({ name: NAME }, { until }, 1)
    const replies = Array.from({ length: CALLERS }, (_, i) =>
      extension.lambda.invoke(() => extension.get(i % 2 === 0 ? FRESH : SECRET)),
    )
    release()
    for (const { result } of await Promise.all(replies)) assert.equal(result.status, 200)
  }
  while (descriptorsOf(pid!) > before + 3) await new Promise((resolve) => setTimeout(resolve, 20))
})
