import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Extension, type ExtensionOptions, startExtension } from '../artefact.ts'
import { gate } from '../gate.ts'
import { isClockSettable, settableClock } from '../platform/clock.ts'
import { header, type Reply } from '../../tools/wire.ts'

// Refresh-ahead, stale-on-error and remembered absences on the built artefact. Where its clock can be set, minutes pass
// in no time; elsewhere (the nodejs layer's launcher keeps everything out) the short lives of cache/*.test.ts must do.

const NAME = 'dummy-string-secret'
const SECRET = `/secretsmanager/get?secretId=${NAME}`
const MINUTE_MS = 60_000

const AHEAD = { PARAMETERS_SECRETS_EXTENSION_REFRESH_AHEAD_PERCENT: '50' }
const STALE = { PARAMETERS_SECRETS_EXTENSION_STALE_ON_ERROR_SECONDS: '3600' }
const NEGATIVE = { PARAMETERS_SECRETS_EXTENSION_NEGATIVE_TTL_SECONDS: '60' }

const cacheOf = (reply: Reply): string | undefined => header(reply, 'x-cache')
const valueOf = ({ body }: Reply): unknown =>
  (JSON.parse(body.toString()) as { SecretString?: unknown }).SecretString

/** An extension whose wall clock is set by `pass`. */
async function startInTime(t: TestContext, options: ExtensionOptions) {
  const clock = settableClock(t)
  const extension = await startExtension(t, { ...options, env: { ...clock.env, ...options.env } })
  let offsetMs = 0
  const pass = (ms: number): void => clock.set((offsetMs += ms))
  return { extension, pass }
}

/** Asks until the value is this one; every read on the way is a hit. */
async function untilHit(extension: Extension, value: string): Promise<void> {
  for (;;) {
    const reply = await extension.get(SECRET)
    assert.equal(cacheOf(reply), 'HIT')
    if (valueOf(reply) === value) return
    await sleep(10)
  }
}

test('a rotated secret arrives by a refresh ahead, and no read waits for it', async (t) => {
  const extension = await startExtension(t, { env: { ...AHEAD, SECRETS_MANAGER_TTL: '4' } })
  await extension.get(SECRET)
  extension.aws.putSecret(NAME, 'the rotated value')
  await untilHit(extension, 'the rotated value')
  assert.equal(extension.aws.calls(NAME), 2)
  await extension.stop()
  assert.match(extension.logs().join('\n'), /1 misses, .*, 1 refreshed ahead, 0 stale, 0 negative/)
})

test('a rotation during the refresh is seen by the one after it', async (t) => {
  const extension = await startExtension(t, { env: { ...AHEAD, SECRETS_MANAGER_TTL: '3' } })
  await extension.get(SECRET)
  const { until, release } = gate()
  // The emulator makes its answer on arrival: the refresh that is held carries the value before the rotation.
  extension.aws.fault({ name: NAME }, { until }, 1)
  while (extension.aws.calls(NAME) < 2) {
    assert.equal(cacheOf(await extension.get(SECRET)), 'HIT')
    await sleep(10)
  }
  extension.aws.putSecret(NAME, 'the rotated value')
  release()
  await untilHit(extension, 'the rotated value')
  assert.equal(extension.aws.calls(NAME), 3)
})

test('a refresh ahead that fails is quiet, and every read is still a hit', async (t) => {
  const extension = await startExtension(t, { env: { ...AHEAD, SECRETS_MANAGER_TTL: '6' } })
  await extension.get(SECRET)
  extension.aws.fault({ name: NAME }, { kind: 'error', code: 'AccessDeniedException' }, 1)
  extension.aws.putSecret(NAME, 'the rotated value')
  await untilHit(extension, 'the rotated value')
  assert.equal(extension.aws.calls(NAME), 3)
  assert.doesNotMatch(extension.logs().join('\n'), /ERROR/)
})

test('an expired answer stands in while AWS throttles, says so, and ends with the first answer of AWS', async (t) => {
  const extension = await startExtension(t, {
    env: { ...STALE, SECRETS_MANAGER_TTL: '1', AWS_MAX_ATTEMPTS: '1' },
  })
  const fresh = await extension.get(SECRET)
  extension.aws.fault({}, { kind: 'throttle' })
  await sleep(1_100)
  const stale = await extension.get(SECRET)
  assert.deepEqual(
    [stale.status, cacheOf(stale), stale.body.toString()],
    [200, 'STALE', fresh.body.toString()],
  )
  assert.match(header(stale, 'age') ?? '', /^[1-9]\d*$/)
  const calls = extension.aws.calls(NAME)
  for (let i = 0; i < 20; i++) assert.equal(cacheOf(await extension.get(SECRET)), 'STALE')
  assert.equal(extension.aws.calls(NAME), calls, 'AWS is left alone for a while')
  const refreshed = await extension.get(SECRET + '&refreshNow=true')
  assert.deepEqual([refreshed.status, header(refreshed, 'x-amzn-errortype')], [400, 'ThrottlingException'])
  extension.aws.clearFaults()
  assert.equal(cacheOf(await extension.get(SECRET + '&refreshNow=true')), 'MISS')
  assert.equal(cacheOf(await extension.get(SECRET)), 'HIT')
})

for (const [what, make] of Object.entries({
  'a denied permission': ({ aws }: Extension) => aws.deny(NAME),
  'a deleted secret': ({ aws }: Extension) => aws.deleteSecret(NAME),
  'an expired session': ({ aws }: Extension) =>
    aws.fault({ name: NAME }, { kind: 'error', code: 'ExpiredTokenException' }),
  'a failed decryption': ({ aws }: Extension) =>
    aws.fault({ name: NAME }, { kind: 'error', code: 'DecryptionFailure' }),
})) {
  test(`no stale answer stands in for ${what}, nor afterwards`, async (t) => {
    const extension = await startExtension(t, {
      env: { ...STALE, SECRETS_MANAGER_TTL: '1', AWS_MAX_ATTEMPTS: '1' },
    })
    await extension.get(SECRET)
    make(extension)
    await sleep(1_100)
    assert.equal((await extension.get(SECRET)).status, 400)
    extension.aws.clearFaults()
    extension.aws.fault({}, { kind: 'throttle' })
    assert.equal((await extension.get(SECRET)).status, 400)
    extension.aws.clearFaults()
  })
}

test('an absence is remembered with the same bytes, until it is requested anew', async (t) => {
  const extension = await startExtension(t, { env: NEGATIVE })
  const target = '/secretsmanager/get?secretId=Absent'
  const first = await extension.get(target)
  const second = await extension.get(target)
  assert.deepEqual([first.status, first.body.toString()], [second.status, second.body.toString()])
  for (const name of ['x-amzn-errortype', 'x-amzn-errormessage', 'content-type']) {
    assert.equal(header(first, name), header(second, name))
  }
  assert.equal(extension.aws.calls('Absent'), 1)
  extension.aws.putSecret('Absent', 'created meanwhile')
  assert.equal((await extension.get(target)).status, 400)
  assert.equal(valueOf(await extension.get(target + '&refreshNow=true')), 'created meanwhile')
  assert.equal(cacheOf(await extension.get(target)), 'HIT')
})

test('a throttled call is not remembered as an absence', async (t) => {
  const extension = await startExtension(t, { env: { ...NEGATIVE, AWS_MAX_ATTEMPTS: '1' } })
  extension.aws.fault({}, { kind: 'throttle' }, 1)
  assert.equal((await extension.get(SECRET)).status, 400)
  assert.equal((await extension.get(SECRET)).status, 200)
})

test('without the settings nothing of it happens', async (t) => {
  const extension = await startExtension(t, { env: { SECRETS_MANAGER_TTL: '1', AWS_MAX_ATTEMPTS: '1' } })
  await extension.get(SECRET)
  extension.aws.fault({}, { kind: 'throttle' })
  await sleep(1_100)
  assert.equal((await extension.get(SECRET)).status, 400)
  assert.equal((await extension.get('/secretsmanager/get?secretId=Absent')).status, 400)
  assert.equal((await extension.get('/secretsmanager/get?secretId=Absent')).status, 400)
  assert.equal(extension.aws.calls('Absent'), 2)
  await extension.stop()
  assert.match(extension.logs().join('\n'), /shutting down .* evictions$/m)
})

if (isClockSettable) {
  test('AWS throttles everything for ten minutes, and every read is answered', async (t) => {
    const { extension, pass } = await startInTime(t, {
      env: { ...AHEAD, ...STALE, SECRETS_MANAGER_TTL: '60', AWS_MAX_ATTEMPTS: '1' },
    })
    const names = ['one', 'two', 'three']
    for (const name of names) extension.aws.putSecret(name, `value of ${name}`)
    const readAll = async (): Promise<(string | undefined)[]> => {
      const replies = await Promise.all(
        names.map((name) => extension.get(`/secretsmanager/get?secretId=${name}`)),
      )
      assert.deepEqual(
        replies.map(({ status }) => status),
        [200, 200, 200],
      )
      return replies.map(cacheOf)
    }
    await readAll()
    extension.aws.limitRate(['GetSecretValue'], 0)
    const seen = new Set<string | undefined>()
    for (let ms = 0; ms < 10 * MINUTE_MS; ms += 5_000) {
      pass(5_000)
      for (const one of await readAll()) seen.add(one)
    }
    assert.deepEqual(seen, new Set(['HIT', 'STALE']))
    extension.aws.clearRates()
    pass(MINUTE_MS)
    await readAll()
    assert.deepEqual(await readAll(), ['HIT', 'HIT', 'HIT'])
  })

  test('a clock that jumps back or forward serves nothing stale beyond the bound, and loses no read', async (t) => {
    const { extension, pass } = await startInTime(t, {
      env: {
        PARAMETERS_SECRETS_EXTENSION_STALE_ON_ERROR_SECONDS: '60',
        SECRETS_MANAGER_TTL: '60',
        AWS_MAX_ATTEMPTS: '1',
      },
    })
    await extension.get(SECRET)
    pass(-MINUTE_MS)
    extension.aws.fault({ name: NAME }, { kind: 'unavailable' }, 1)
    assert.equal((await extension.get(SECRET)).status, 400, 'its age is unknown')
    assert.equal(cacheOf(await extension.get(SECRET)), 'MISS')
    pass(2 * MINUTE_MS)
    extension.aws.fault({ name: NAME }, { kind: 'unavailable' }, 1)
    assert.equal((await extension.get(SECRET)).status, 400, 'past the bound')
    assert.equal(cacheOf(await extension.get(SECRET)), 'MISS')
  })

  test('a refresh ahead that a freeze cut is no error', async (t) => {
    const { extension, pass } = await startInTime(t, { env: { ...AHEAD, SECRETS_MANAGER_TTL: '300' } })
    await extension.get(SECRET)
    const { until, release } = gate()
    extension.aws.fault({ name: NAME }, { until }, 1)
    pass(4 * MINUTE_MS)
    await extension.lambda.invoke(async () => {
      assert.equal(cacheOf(await extension.get(SECRET)), 'HIT')
      await extension.aws.called(NAME, 2)
    })
    await extension.lambda.freeze()
    extension.aws.dropConnections()
    pass(20_000)
    release()
    await extension.lambda.invoke(async () => {
      assert.equal(cacheOf(await extension.get(SECRET)), 'HIT')
    })
    assert.doesNotMatch(extension.logs().join('\n'), /ERROR/)
  })
}
