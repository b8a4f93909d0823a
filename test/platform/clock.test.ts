import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { type Extension, startExtension, type ExtensionOptions } from '../artefact.ts'
import { gate } from '../gate.ts'
import { header, type Reply } from '../../tools/wire.ts'
import { type Clock, isClockSettable, settableClock } from './clock.ts'
import { startRelay } from './relay.ts'

const NAME = 'dummy-string-secret'
const SECRET = `/secretsmanager/get?secretId=${NAME}`
const DAY_MS = 86_400_000
const MINUTE_MS = 60_000
/** How long transport/sockets.ts and sdk-config.ts let a socket be silent. */
const SILENCE_MS = 10_000

const cacheOf = (reply: Reply): string | undefined => header(reply, 'x-cache')

async function start(
  t: TestContext,
  options: ExtensionOptions = {},
): Promise<{ extension: Extension; clock: Clock }> {
  const clock = settableClock(t)
  const extension = await startExtension(t, { ...options, env: { ...clock.env, ...options.env } })
  return { extension, clock }
}

/** The clock of its log lines: the day that the process takes today for. */
const dayOf = (line: string | undefined): string | undefined => /\d{4}\/\d\d\/\d\d/.exec(line ?? '')?.[0]

if (isClockSettable) {
  for (const [direction, jumpMs] of [
    ['forward', DAY_MS],
    ['back', -DAY_MS],
  ] as const) {
    test(`a clock that jumps ${direction} by a day ends every entry, and serving goes on`, async (t) => {
      const { extension, clock } = await start(t)
      assert.equal(cacheOf(await extension.get(SECRET)), 'MISS')
      assert.equal(cacheOf(await extension.get(SECRET)), 'HIT')
      await extension.lambda.freeze()
      clock.set(jumpMs)
      extension.lambda.thaw()
      extension.aws.putSecret(NAME, 'the value after the jump')
      const reply = await extension.get(SECRET)
      assert.deepEqual([reply.status, cacheOf(reply)], [200, 'MISS'])
      assert.match(reply.body.toString(), /the value after the jump/)
      assert.equal(cacheOf(await extension.get(SECRET)), 'HIT')
      // Signed for the wrong day, refused once, and corrected.
      assert.deepEqual(
        extension.aws.requests.map(({ error }) => error),
        [undefined, 'InvalidSignatureException', undefined],
      )
      await extension.get('/secretsmanager/get?secretId=nothing')
      const days = [extension.logs()[0], extension.logs().at(-1)].map(dayOf)
      assert.notEqual(days[0], days[1], 'the jump has reached the process')
    })

    test(`a clock that jumps ${direction} by a day and back again serves nothing stale`, async (t) => {
      const { extension, clock } = await start(t, { env: { SECRETS_MANAGER_TTL: '5' } })
      await extension.get(SECRET)
      clock.set(jumpMs)
      assert.equal((await extension.get(SECRET)).status, 200)
      clock.set(0)
      extension.aws.putSecret(NAME, 'the value in the end')
      // Jumped back, the entry of the day ahead was stored in the future; jumped forward, that of the day before is
      // old.
      const reply = await extension.get(SECRET)
      assert.deepEqual([reply.status, cacheOf(reply)], [200, 'MISS'])
      assert.match(reply.body.toString(), /the value in the end/)
    })

    test(`a clock that jumps ${direction} by a day keeps container credentials usable`, async (t) => {
      const inAnHour = new Date(Date.now() + 60 * MINUTE_MS).toISOString()
      const credentials = {
        accessKeyId: 'ASIACLOCKCLOCKCLOCK1',
        secretAccessKey: 'clock-secret-access-key',
        sessionToken: 'clock-session-token',
        expiration: inAnHour,
      }
      const { extension, clock } = await start(t, {
        aws: { credentials },
        lambda: { containerCredentials: true, credentials },
      })
      await extension.get(SECRET)
      clock.set(jumpMs)
      for (const target of [SECRET, SECRET, SECRET + '&refreshNow=true']) {
        assert.equal((await extension.get(target)).status, 200)
      }
      assert.equal(
        extension.lambda.credentialReads > 1,
        true,
        'what they say of their expiry is not believed',
      )
    })

    test(`a fetch under way while the clock jumps ${direction} by a day is answered and not kept`, async (t) => {
      const { extension, clock } = await start(t)
      const { until, release } = gate()
      extension.aws.fault({ name: NAME }, { until }, 1)
      const early = extension.get(SECRET)
      await extension.aws.called(NAME)
      clock.set(jumpMs)
      extension.aws.putSecret(NAME, 'the value after the jump')
      const second = await extension.get(SECRET)
      assert.match(second.body.toString(), /the value after the jump/)
      release()
      assert.equal((await early).status, 200)
      assert.match((await extension.get(SECRET)).body.toString(), /the value after the jump/)
    })
  }

  test('requests that a freeze of minutes has cut, and the network forgotten, do not hold up the next one', async (t) => {
    let awsPort = 0
    const relay = await startRelay(() => awsPort)
    t.after(() => relay.close())
    const env = { AWS_ENDPOINT_URL: `http://127.0.0.1:${relay.port}` }
    const { extension, clock } = await start(t, { env })
    awsPort = extension.aws.port
    const { until, release } = gate()
    t.after(release)
    const cut = ['cut-1', 'cut-2', 'cut-3']
    for (const name of cut) extension.aws.putSecret(name, `value of ${name}`)
    for (const name of cut) extension.aws.fault({ name }, { until }, 1)
    const callers = await Promise.all(cut.map(() => extension.wire()))
    for (const [i, name] of cut.entries()) {
      await callers[i]!.send(extension.request(`/secretsmanager/get?secretId=${name}`))
      await extension.aws.called(name)
    }
    await extension.lambda.freeze()
    relay.lose('silence')
    clock.set(5 * MINUTE_MS - 10_000)
    extension.lambda.thaw()
    const thawedAt = performance.now()
    assert.equal((await extension.get(SECRET)).status, 200)
    assert.ok(performance.now() - thawedAt < SILENCE_MS / 2, 'it did not wait for the silence to be noticed')
    // Nobody may be waiting for those any more; whoever is gets an answer.
    for (const caller of callers) assert.equal((await caller.receive()).status, 200)
    for (const caller of callers) caller.destroy()
  })
}
