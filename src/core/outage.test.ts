// The set of docs/freshness.md while AWS is out, on the whole core, in virtual time: every read of what is held is
// answered, and none later than the promise. The clock and the timers are node:test's, so no machine is too slow.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mock, test, type TestContext } from 'node:test'
import { setImmediate as settle } from 'node:timers/promises'
import type { Answer } from '../answer/answer.ts'
import { readConfig } from '../config/config.ts'
import { UpstreamError } from '../errors.ts'
import { createLog } from '../log.ts'
import {
  parameterLookup,
  pathLookup,
  secretLookup,
  type Lookup,
  type SingleLookup,
  type Fields,
} from '../lookup.ts'
import { say } from '../public.ts'
import type { Upstream } from '../upstream/index.ts'
import { createCore, type Core } from './core.ts'

const MINUTE_MS = 60_000
/** The promise of docs/freshness.md. */
const LONGEST_MS = 600
const STEP_MS = 50
const ACCOUNT = '123456789012'
const ROLE = 'arn:aws:iam::999999999999:role/Reader'
const ARN = `arn:aws:secretsmanager:us-east-1:${ACCOUNT}:secret:MySecret-AbCdEf`

/** How a call ends while AWS is out, and after how long: the bounds of src/upstream, with all attempts. */
const OUTAGES = {
  'is silent': { tookMs: 39_000, code: say`ConnectionError`, status: 0 },
  'refuses connections': { tookMs: 150, code: say`ConnectionError`, status: 0 },
  'resets connections': { tookMs: 250, code: say`ConnectionError`, status: 0 },
  'has no name in DNS': { tookMs: 6_300, code: say`ConnectionError`, status: 0 },
  throttles: { tookMs: 1_100, code: say`ThrottlingException`, status: 400 },
} as const
type Outage = (typeof OUTAGES)[keyof typeof OUTAGES]

const SECRET = secretLookup('MySecret')
const BY_ARN = secretLookup(ARN)
const PARAMETER = parameterLookup('/app/url', { withDecryption: true })

/** Each way in which something is read. */
const READS: Readonly<Record<string, (core: Core) => Promise<readonly (Answer | UpstreamError)[]>>> = {
  'a secret': async (core) => [await read(core, SECRET)],
  'a secret by the ARN': async (core) => [await read(core, BY_ARN)],
  'a secret of a role': async (core) => [await read(core, secretLookup('MySecret', { role: ROLE }))],
  'a parameter': async (core) => [await read(core, PARAMETER)],
  'a parameter of a prefetched path': async (core) => [await read(core, parameterLookup('/app/deep/key'))],
  'a path': async (core) => [
    await read(core, pathLookup('/app', { isRecursive: true, withDecryption: true })),
  ],
  'many secrets': async (core) => got(await core.readMany([SECRET, secretLookup('other')], false)),
  'many parameters': async (core) => got(await core.readMany([PARAMETER, parameterLookup('/x')], false)),
  variables: async (core) => {
    const made = await core.environment!.answer()
    assert.ok('bytes' in made, 'the variables have their values')
    return []
  },
}

/** As the endpoints read. */
function read({ cache }: Core, lookup: Lookup): Promise<Answer | UpstreamError> {
  const held = cache.get(lookup)
  return held === undefined ? cache.load(lookup).catch(ofUpstream) : Promise.resolve(held)
}

function ofUpstream(error: unknown): UpstreamError {
  if (error instanceof UpstreamError) return error
  throw error
}

const got = (parts: readonly { readonly got: Answer | UpstreamError }[]) => parts.map((part) => part.got)

/** The settings as the guide shows them, and what the reads above need besides. */
function environmentOfTheGuide(): Record<string, string> {
  const guide = readFileSync(new URL('../../docs/freshness.md', import.meta.url), 'utf8')
  const [, set = ''] = /## One set for production\n\n```\n([^`]+)```/.exec(guide) ?? []
  const pairs = set
    .trim()
    .split('\n')
    .map((line) => line.split('=', 2) as [string, string])
  assert.ok(pairs.length >= 5, 'the guide has a set')
  return {
    AWS_REGION: 'us-east-1',
    PARAMETERS_SECRETS_EXTENSION_ROLE_ARNS: ROLE,
    PARAMETERS_SECRETS_EXTENSION_ENV_FROM: 'ssm:/app/',
    REFERS: 'resolve:secretsmanager:MySecret',
    ...Object.fromEntries(pairs),
  }
}

function start(t: TestContext) {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now: Date.UTC(2026, 0, 1) })
  t.after(() => mock.timers.reset())
  const world: { outage: Outage | undefined; calls: number; underWay: number; most: number } = {
    outage: undefined,
    calls: 0,
    underWay: 0,
    most: 0,
  }
  const config = readConfig(environmentOfTheGuide())
  assert.deepEqual(
    config.notes.filter(({ level }) => level === 'warn'),
    [],
  )
  const upstream = upstreamOf(async () => {
    const { outage } = world
    world.calls++
    world.most = Math.max(world.most, ++world.underWay)
    await new Promise((resolve) => setTimeout(resolve, outage?.tookMs ?? 30))
    world.underWay--
    if (outage === undefined) return
    const { code, status } = outage
    throw new UpstreamError({ code, reason: code, report: code, status })
  })
  const core = createCore(config, createLog('none', 'text', { write: () => undefined }), {
    load: () => Promise.resolve(upstream),
    reset: () => {},
  })
  return { core, world }
}

async function pass(ms: number): Promise<void> {
  await settle()
  mock.timers.tick(ms)
  await settle()
}

/** Lets time pass until all are over, and returns how long each took. */
async function last<T>(
  coming: readonly Promise<T>[],
): Promise<{ readonly result: T; readonly ms: number }[]> {
  const since = Date.now()
  const over: { readonly result: T; readonly ms: number }[] = []
  const all = Promise.all(
    coming.map(async (one, i) => {
      const result = await one
      over[i] = { result, ms: Date.now() - since }
    }),
  )
  for (let ms = 0; Object.keys(over).length < coming.length; ms += STEP_MS) {
    assert.ok(ms < MINUTE_MS, 'they end')
    await Promise.race([all, settle()])
    if (Object.keys(over).length < coming.length) await pass(STEP_MS)
  }
  return over
}

/** Reads each way at once; every read is answered in time. Returns how many answers were stale. */
async function readAll(core: Core): Promise<number> {
  const ways = Object.keys(READS)
  const reads = await last(Object.values(READS).map((reading) => reading(core)))
  let stale = 0
  for (const [i, { result, ms }] of reads.entries()) {
    for (const answer of result) {
      if (answer instanceof UpstreamError) assert.fail(`${ways[i]}: ${answer.code}`)
      if (answer.staleForMs !== undefined) stale++
    }
    assert.ok(ms <= LONGEST_MS, `${ways[i]} took ${ms} ms`)
  }
  return stale
}

for (const [what, outage] of Object.entries(OUTAGES)) {
  for (const [traffic, pausesMs] of [
    ['with traffic', Array.from({ length: 120 }, () => 5_000)],
    ['and the function sleeps longer than the TTL', [6, 7, 8].map((minutes) => minutes * MINUTE_MS)],
    ['and the function sleeps longer than overdue answers are served', [21 * MINUTE_MS, 30 * MINUTE_MS]],
  ] as const) {
    test(`AWS ${what} for ten minutes or more ${traffic}: every read is answered in time`, async (t) => {
      const { core, world } = start(t)
      await last([core.prefetch!.run(ACCOUNT)])
      await readAll(core)
      world.outage = outage
      let stale = 0
      for (const ms of pausesMs) {
        await pass(ms)
        stale += await readAll(core)
      }
      assert.ok(stale > 0, 'there was something to bridge')
      // Each way of reading has its own questions, and two calls for each at most.
      assert.ok(world.most <= 30, `${world.most} calls at once`)
      world.outage = undefined
      // Calls from before may go on for a while, and AWS is left alone for a while after each.
      for (let seconds = 0; (await readAll(core)) > 0; seconds += 5) {
        assert.ok(seconds < 180, 'what AWS answers ends it')
        await pass(5_000)
      }
    })
  }
}

test('a prefetched secret costs one call when it is overdue, and is found by name and ARN before and after', async (t) => {
  const { core, world } = start(t)
  const { cache } = core
  await last([core.prefetch!.run(ACCOUNT)])
  await pass(6 * MINUTE_MS)
  const before = world.calls
  const answers = await Promise.all([cache.load(SECRET), cache.load(BY_ARN), cache.load(SECRET)])
  assert.ok(answers.every(({ staleForMs }) => staleForMs !== undefined))
  await pass(100)
  assert.equal(world.calls, before + 1)
  assert.notEqual(cache.get(SECRET), undefined)
  assert.equal(cache.get(SECRET), cache.get(BY_ARN))
})

/** An AWS that has everything; `call` settles as each call does. */
function upstreamOf(call: () => Promise<void>): Upstream {
  const fieldsOf = (lookup: SingleLookup): Fields =>
    lookup.store === 'secrets-manager'
      ? { store: 'secrets-manager', secret: { ARN, Name: 'MySecret', SecretString: 'a value' } }
      : {
          store: 'parameter-store',
          parameter: { Name: lookup.name, Type: 'SecureString', Value: `value of ${lookup.name}` },
        }
  return {
    async fetch(lookup) {
      await call()
      return fieldsOf(lookup)
    },
    async fetchSecrets(lookups, onPart) {
      await call()
      for (const lookup of lookups) {
        const fields = fieldsOf(lookup)
        onPart(lookup, fields.store === 'secrets-manager' ? fields.secret : undefined)
      }
    },
    async fetchParameters(lookups, onPart) {
      await call()
      for (const lookup of lookups) {
        const fields = fieldsOf(lookup)
        onPart(lookup, fields.store === 'parameter-store' ? fields.parameter : undefined)
      }
    },
    async fetchPath(_, { requested, onPage }) {
      const at = requested()
      await call()
      const names = ['/app/url', '/app/deep/key']
      onPage(
        names.map((Name) => ({ Name, Type: 'SecureString', Value: `value of ${Name}` })),
        at,
      )
    },
    fetchMatching: () => Promise.reject(new Error('nothing is chosen')),
    passThrough: () => Promise.reject(new Error('nothing is passed through')),
    sessionTokens: () => Promise.resolve([]),
    renewCredentials: () => Promise.resolve(),
    warmUp: () => Promise.resolve(),
    reset: () => undefined,
  }
}
