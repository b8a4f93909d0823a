import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { startAws, type Fault } from '../../local/emulators/aws/index.ts'
import { bodyOf } from '../../test/body-of.ts'
import { startConnectProxy } from '../../test/connect-proxy.ts'
import { upstreamBuilds, type UpstreamBuild } from '../../test/upstream-builds.ts'
import { settingsFor } from '../../test/upstream-settings.ts'
import type { UpstreamSettings } from '../config/upstream.ts'
import { isOutage } from '../core/failure-kind.ts'
import { UpstreamError } from '../errors.ts'
import {
  parameterLookup,
  secretLookup,
  type SecretLookup,
  type Fields,
  type SecretFields,
} from '../lookup.ts'
import type { Upstream } from './index.ts'
import type { ReadOptions } from './secrets-manager.ts'

const OWN = 'us-east-1'
const OTHER = 'eu-west-1'
const THIRD = 'ap-south-1'
const ARN = `arn:aws:secretsmanager:${OWN}:123456789012:secret:db-dAtAbA`
const ROLE = 'arn:aws:iam::111122223333:role/reader'
const SECRET = secretLookup('db')
const PARAMETER = parameterLookup('/a')
/** How a read is made that may be answered by a replica. */
const may: ReadOptions = { mayFailOver: () => true }

async function setUp(
  t: TestContext,
  build: UpstreamBuild,
  changes: Partial<UpstreamSettings> = {},
  timeoutMs = 0,
) {
  const replicated = {
    value: 'MARKER-secret',
    arnSuffix: 'dAtAbA',
    replicas: [OTHER],
    tags: { app: 'orders' },
  }
  const aws = await startAws({
    seed: {
      secrets: {
        db: replicated,
        second: { ...replicated, arnSuffix: 'sEcOnD' },
        single: { value: 'MARKER', region: OWN },
      },
      parameters: { '/a': 'MARKER-parameter' },
    },
    regions: [OTHER, THIRD],
    roles: { [ROLE]: { seed: { secrets: { db: { ...replicated, value: 'MARKER-of-role' } } } } },
  })
  const lines: string[] = []
  let failovers = 0
  const secretsManager = { endpoint: aws.url, timeoutMs }
  const settings = settingsFor(aws.url, { failoverRegion: OTHER, secretsManager, ...changes })
  const upstream = build.createUpstream(settings, {
    wokeAt: () => 0,
    failover: {
      isOutage,
      failedOver: () => void failovers++,
      warn: (line) => void lines.push(line),
    },
  })
  t.after(async () => {
    upstream.reset()
    await aws.close()
    assert.doesNotMatch(lines.join('\n'), /MARKER/)
  })
  const sent = () => aws.requests.map(({ region, operation }) => `${region} ${operation}`)
  return { aws, upstream, lines, sent, failovers: () => failovers }
}

/** The region whose replica answered; undefined: the one that was asked first did. */
async function regionOf(fields: Promise<Fields>): Promise<string | undefined> {
  assert.match(await bodyOf(fields), /MARKER/)
  const got = await fields
  assert.ok(got.store === 'secrets-manager')
  return got.secret.replicaRegion
}

async function codeOf(answer: Promise<unknown>): Promise<string> {
  const error: unknown = await answer.then(
    () => assert.fail('it succeeded'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof UpstreamError)
  return error.code
}

async function batchOf(upstream: Upstream, lookups: readonly SecretLookup[], how = may) {
  const parts = new Map<string, SecretFields | string | undefined>()
  await upstream.fetchSecrets(
    lookups,
    ({ secretId }, part) => void parts.set(secretId, part instanceof UpstreamError ? part.code : part),
    how,
  )
  return lookups.map(({ secretId }) => {
    const part = parts.get(secretId)
    return typeof part === 'object' ? (part.replicaRegion ?? OWN) : part
  })
}

interface Row {
  readonly when: string
  readonly fault: Fault
  /** What the caller gets where there is no other region. */
  readonly code: string
  readonly isFailover: boolean
  /** Calls to the function's own region. */
  readonly calls: number
}

const error = (code: string, status?: number): Fault => ({ kind: 'error', code, ...(status && { status }) })

const TABLE: readonly Row[] = [
  {
    when: 'resets the connection',
    fault: { kind: 'reset' },
    code: 'ConnectionError',
    isFailover: true,
    calls: 3,
  },
  {
    when: 'cuts its answers in half',
    fault: { kind: 'half-body' },
    code: 'ConnectionError',
    isFailover: true,
    calls: 3,
  },
  {
    when: 'answers 503',
    fault: { kind: 'unavailable' },
    code: 'ServiceUnavailable',
    isFailover: true,
    calls: 3,
  },
  {
    when: 'answers 500',
    fault: { kind: 'internal-error' },
    code: 'InternalServiceError',
    isFailover: true,
    calls: 3,
  },
  { when: 'throttles', fault: { kind: 'throttle' }, code: 'ThrottlingException', isFailover: true, calls: 3 },
  {
    when: 'denies access',
    fault: error('AccessDeniedException'),
    code: 'AccessDeniedException',
    isFailover: false,
    calls: 1,
  },
  {
    when: 'has no such secret',
    fault: error('ResourceNotFoundException'),
    code: 'ResourceNotFoundException',
    isFailover: false,
    calls: 1,
  },
  {
    when: 'has marked it for deletion',
    fault: error('InvalidRequestException'),
    code: 'InvalidRequestException',
    isFailover: false,
    calls: 1,
  },
  {
    when: 'cannot decrypt it',
    fault: error('DecryptionFailure'),
    code: 'DecryptionFailure',
    isFailover: false,
    calls: 1,
  },
  {
    when: 'calls the credentials expired',
    fault: error('ExpiredTokenException'),
    code: 'ExpiredTokenException',
    isFailover: false,
    calls: 1,
  },
  ...['InvalidSignatureException', 'RequestExpired', 'RequestTimeTooSkewed'].map((code) => ({
    when: `refuses the signature (${code})`,
    fault: error(code),
    code,
    isFailover: false,
    calls: 1,
  })),
  { when: 'answers a web page', fault: { kind: 'html' }, code: 'ResponseError', isFailover: false, calls: 1 },
  {
    when: 'answers broken JSON',
    fault: { kind: 'garbage' },
    code: 'ResponseError',
    isFailover: false,
    calls: 1,
  },
]

// At once, because nearly all of the time goes by in pauses between attempts.
describe('another region', { concurrency: 8 }, () => {
  for (const build of upstreamBuilds()) {
    for (const { when, fault, code, isFailover, calls } of TABLE) {
      test(`${build.name}: a secret ${isFailover ? 'comes' : 'does not come'} from it when the own one ${when}`, async (t) => {
        const { aws, upstream, sent, failovers } = await setUp(t, build)
        aws.fault({ region: OWN }, fault)
        const got = upstream.fetch(SECRET, may)
        if (isFailover) assert.equal(await regionOf(got), OTHER)
        else assert.equal(await codeOf(got), code)
        const own = Array.from({ length: calls }, () => `${OWN} GetSecretValue`)
        assert.deepEqual(sent(), isFailover ? [...own, `${OTHER} GetSecretValue`] : own)
        assert.equal(failovers(), isFailover ? 1 : 0)
        aws.clearFaults()
        assert.equal(await regionOf(upstream.fetch(SECRET, may)), undefined)
      })

      test(`${build.name}: no parameter comes from it when the own one ${when}`, async (t) => {
        const { aws, upstream, sent } = await setUp(t, build)
        aws.fault({ region: OWN }, fault)
        await codeOf(upstream.fetch(PARAMETER, may))
        assert.ok(sent().every((call) => call === `${OWN} GetParameter`))
      })
    }

    for (const [what, hosts, changes, endpoint] of [
      [
        'those of AWS',
        ['secretsmanager.us-east-1.amazonaws.com', 'secretsmanager.eu-west-1.amazonaws.com'],
        {},
      ],
      [
        'those for FIPS',
        ['secretsmanager-fips.us-east-1.amazonaws.com', 'secretsmanager-fips.eu-west-1.amazonaws.com'],
        { useFips: true },
      ],
      [
        'dual stack, which are the same for this service',
        ['secretsmanager.us-east-1.amazonaws.com', 'secretsmanager.eu-west-1.amazonaws.com'],
        { useDualstack: true },
      ],
      [
        'a VPC endpoint of the own region, which serves no other',
        ['vpce-1-2.secretsmanager.us-east-1.vpce.amazonaws.com', 'secretsmanager.eu-west-1.amazonaws.com'],
        {},
        'https://vpce-1-2.secretsmanager.us-east-1.vpce.amazonaws.com',
      ],
      ['one for all', ['gateway.example', 'gateway.example'], {}, 'https://gateway.example'],
    ] as const) {
      test(`${build.name}: a region that nobody can connect to fails over; the endpoints are ${what}`, async (t) => {
        const proxy = await startConnectProxy(0)
        t.after(() => proxy.close())
        const url = `http://127.0.0.1:${proxy.port}`
        const { upstream, lines } = await setUp(t, build, {
          ...changes,
          secretsManager: { endpoint, timeoutMs: 0 },
          maxAttempts: 1,
          proxy: { https: url, http: url, noProxy: '' },
        })
        for (const behaviour of ['hang up', 'refuse'] as const) {
          proxy.behaviour = behaviour
          assert.equal(await codeOf(upstream.fetch(SECRET, may)), 'ConnectionError')
        }
        const targets = hosts.map((host) => `${host}:443`)
        assert.deepEqual(proxy.targets, [...targets, ...targets])
        assert.match(lines.join(), /^no answer from eu-west-1 either: /)
      })
    }

    test(`${build.name}: an own region that is silent has half of the time limit`, async (t) => {
      const { aws, upstream, sent } = await setUp(t, build, {}, 3_000)
      aws.fault({ region: OWN }, { kind: 'hang' })
      const startedAt = performance.now()
      assert.equal(await regionOf(upstream.fetch(SECRET, may)), OTHER)
      assert.ok(performance.now() - startedAt >= 1_490)
      assert.deepEqual(sent(), [`${OWN} GetSecretValue`, `${OTHER} GetSecretValue`])
      aws.fault({ region: OTHER }, { kind: 'hang' })
      const failure: unknown = await upstream.fetch(SECRET, may).catch((reason: unknown) => reason)
      assert.ok(failure instanceof UpstreamError && failure.code === 'TimeoutError')
      assert.match(failure.reason, /did not answer within 1500 ms$/)
    })

    test(`${build.name}: more reads than connections come within the time limit where the own region is silent`, async (t) => {
      const { aws, upstream } = await setUp(t, build, { maxConnections: 1 }, 4_000)
      aws.fault({ region: OWN }, { kind: 'hang' })
      const reads = ['db', 'second', ARN].map((id) => regionOf(upstream.fetch(secretLookup(id), may)))
      assert.deepEqual(await Promise.all(reads), [OTHER, OTHER, OTHER])
      aws.clearFaults()
      assert.equal(await regionOf(upstream.fetch(SECRET, may)), undefined)
    })

    test(`${build.name}: without a time limit a silent own region has five seconds, and the wait for a connection does not count`, async (t) => {
      const { aws, upstream, sent } = await setUp(t, build, { maxConnections: 1 })
      aws.fault({ region: OWN, name: 'db' }, { kind: 'hang' }, 1)
      aws.fault({ region: OWN, name: 'second' }, { kind: 'delay', delayMs: 3_000 })
      const [first, second] = await Promise.all([
        regionOf(upstream.fetch(SECRET, may)),
        regionOf(upstream.fetch(secretLookup('second'), may)),
      ])
      assert.deepEqual(
        [first, second],
        [OTHER, undefined],
        'the second waited for five seconds, and then had its own',
      )
      assert.equal(sent().filter((call) => call.startsWith(OTHER)).length, 1)
    })

    test(`${build.name}: what the other region refuses is logged, and the caller gets the failure of its own`, async (t) => {
      const { aws, upstream, lines } = await setUp(t, build)
      aws.fault({ region: OWN }, { kind: 'unavailable' })
      assert.equal(await codeOf(upstream.fetch(secretLookup('single'), may)), 'ServiceUnavailable')
      assert.match(lines.join('\n'), /^no answer from eu-west-1 either: .*ResourceNotFoundException/)
      aws.fault({ region: OTHER }, { kind: 'garbage' })
      assert.equal(await codeOf(upstream.fetch(SECRET, may)), 'ServiceUnavailable')
      assert.equal(lines.length, 1)
    })

    test(`${build.name}: an ARN is requested with its region replaced; one of a third region is not`, async (t) => {
      const { aws, upstream, sent } = await setUp(t, build, { maxAttempts: 1 })
      aws.fault({ region: OWN }, { kind: 'reset' })
      aws.fault({ region: THIRD }, { kind: 'reset' })
      for (const id of [ARN, ARN.slice(0, -7)]) {
        const got = upstream.fetch(secretLookup(id), may)
        assert.equal(await regionOf(got), OTHER)
        assert.ok((await bodyOf(got)).includes(ARN.replace(OWN, OTHER)))
      }
      aws.resetCounts()
      assert.equal(
        await codeOf(upstream.fetch(secretLookup(ARN.replace(OWN, THIRD)), may)),
        'ConnectionError',
      )
      assert.deepEqual(sent(), [`${THIRD} GetSecretValue`])
      assert.equal(await regionOf(upstream.fetch(secretLookup(ARN.replace(OWN, OTHER)), may)), undefined)
    })

    test(`${build.name}: where the cache says no, the failure of the own region is the answer`, async (t) => {
      const { aws, upstream, sent } = await setUp(t, build, { maxAttempts: 1 })
      aws.fault({ region: OWN }, { kind: 'reset' })
      assert.equal(await codeOf(upstream.fetch(SECRET, { mayFailOver: () => false })), 'ConnectionError')
      assert.equal(await codeOf(upstream.fetch(SECRET)), 'ConnectionError')
      assert.deepEqual(sent(), [`${OWN} GetSecretValue`, `${OWN} GetSecretValue`])
    })

    test(`${build.name}: what may not fail over, as a refresh in the background, has all of the time`, async (t) => {
      const { aws, upstream, sent } = await setUp(t, build, {}, 3_000)
      aws.fault({ region: OWN }, { kind: 'delay', delayMs: 2_000 })
      assert.equal(await regionOf(upstream.fetch(SECRET)), undefined)
      assert.deepEqual(await batchOf(upstream, [SECRET], {}), [OWN])
      assert.equal(sent().length, 2)
    })

    test(`${build.name}: a batch fails over as one, but for those that may not, and for what has no replica`, async (t) => {
      const { aws, upstream, sent, lines } = await setUp(t, build, { maxAttempts: 1 })
      const lookups = ['db', 'second', 'single'].map((id) => secretLookup(id))
      assert.deepEqual(await batchOf(upstream, lookups), [OWN, OWN, OWN])
      aws.fault({ region: OWN }, { kind: 'reset' })
      aws.resetCounts()
      // What a batch of the other region does not bring is read there alone.
      assert.deepEqual(await batchOf(upstream, lookups), [OTHER, OTHER, 'ConnectionError'])
      assert.deepEqual(sent(), [
        `${OWN} BatchGetSecretValue`,
        `${OTHER} BatchGetSecretValue`,
        `${OTHER} GetSecretValue`,
      ])
      assert.match(lines.join('\n'), /^no answer from eu-west-1 either: .*ResourceNotFoundException/m)
      const but = await batchOf(upstream, lookups, {
        mayFailOver: ({ secretId }) => secretId === 'db',
      })
      assert.deepEqual(but, [OTHER, 'ConnectionError', 'ConnectionError'])
      assert.deepEqual(await batchOf(upstream, [secretLookup(ARN)]), [OTHER])
    })

    test(`${build.name}: a batch that the other region refuses is read there one by one, and not where it throttles`, async (t) => {
      const { aws, upstream } = await setUp(t, build, { maxAttempts: 1 })
      const lookups = ['db', 'second'].map((id) => secretLookup(id))
      const onlyDb = { mayFailOver: ({ secretId }: SecretLookup) => secretId === 'db' }
      const fail = (region: string, code: string) =>
        aws.fault({ region, operation: 'BatchGetSecretValue' }, { kind: 'error', code })
      fail(OWN, 'ThrottlingException')
      fail(OTHER, 'AccessDeniedException')
      assert.deepEqual(await batchOf(upstream, lookups, onlyDb), [OTHER, 'ThrottlingException'])
      fail(OTHER, 'ThrottlingException')
      assert.deepEqual(await batchOf(upstream, lookups), ['ThrottlingException', 'ThrottlingException'])
      aws.clearFaults()
      assert.deepEqual(await batchOf(upstream, lookups), [OWN, OWN])
    })

    for (const kind of ['reset', 'unavailable'] as const) {
      test(`${build.name}: where the other region refuses batches, each replica is read alone (own region: ${kind})`, async (t) => {
        const { aws, upstream, sent } = await setUp(t, build, { maxAttempts: 1 })
        aws.fault({ region: OWN }, { kind })
        aws.fault({ region: OTHER, operation: 'BatchGetSecretValue' }, error('AccessDeniedException'))
        assert.deepEqual(await batchOf(upstream, [SECRET, secretLookup('second')]), [OTHER, OTHER])
        assert.equal(sent().filter((call) => call.startsWith(OWN)).length, 1)
        aws.clearFaults()
        assert.deepEqual(await batchOf(upstream, [SECRET, secretLookup('second')]), [OWN, OWN])
      })
    }

    test(`${build.name}: a batch and what is read alone after it share one time limit`, async (t) => {
      const { aws, upstream, lines } = await setUp(t, build, {}, 4_000)
      aws.fault({ region: OWN }, { kind: 'hang' })
      aws.fault({ region: OTHER, operation: 'BatchGetSecretValue' }, { kind: 'delay', delayMs: 500 })
      aws.fault({ region: OTHER, operation: 'GetSecretValue' }, { kind: 'hang' })
      const parts = await batchOf(upstream, [SECRET, secretLookup('single')])
      assert.deepEqual(parts, [OTHER, 'TimeoutError'])
      const [, aloneMs] = /either: .* did not answer within (\d+) ms/.exec(lines.join('\n')) ?? []
      assert.ok(Number(aloneMs) <= 1_500, `it had ${aloneMs} ms`)
    })

    test(`${build.name}: a list by tag is of one region: the other is asked for its first page alone`, async (t) => {
      const { aws, upstream, sent } = await setUp(t, build, { maxAttempts: 1 })
      const list = async () => {
        const found: (string | undefined)[] = []
        await upstream.fetchMatching(
          { filters: [{ key: 'tag-key', value: 'app' }], role: undefined },
          {
            requested: () => undefined,
            onPage({ secrets }) {
              for (const { replicaRegion } of secrets) found.push(replicaRegion)
              return true
            },
          },
        )
        return found
      }
      assert.deepEqual(await list(), [undefined, undefined])
      aws.fault({ region: OWN }, { kind: 'reset' })
      aws.emptyPages(1)
      aws.resetCounts()
      assert.deepEqual(await list(), [OTHER, OTHER])
      const [own, other] = [`${OWN} BatchGetSecretValue`, `${OTHER} BatchGetSecretValue`]
      assert.deepEqual(sent(), [own, other, other])
      aws.clearFaults()
      aws.emptyPages(1)
      aws.fault({ region: OWN }, {}, 1)
      aws.fault({ region: OWN }, { kind: 'reset' }, 1)
      assert.equal(await codeOf(list()), 'ConnectionError')
    })

    test(`${build.name}: the further pages of a list, for which there is no other region, have all of the time`, async (t) => {
      const { aws, upstream, lines } = await setUp(t, build, {}, 3_000)
      aws.emptyPages(1)
      aws.fault({ region: OWN }, {}, 1)
      aws.fault({ region: OWN }, { kind: 'delay', delayMs: 2_000 }, 1)
      let found = 0
      await upstream.fetchMatching(
        { filters: [{ key: 'tag-key', value: 'app' }], role: undefined },
        { requested: () => undefined, onPage: ({ secrets }) => ((found += secrets.length), true) },
      )
      assert.deepEqual([found, lines], [2, []])
    })

    test(`${build.name}: a role is assumed in the other region where the own one cannot be asked`, async (t) => {
      const { aws, upstream, sent, lines } = await setUp(t, build, {
        maxAttempts: 1,
        roles: { arns: [ROLE], externalId: undefined, sessionName: 'local-function' },
      })
      const lookup = secretLookup('db', { role: ROLE })
      aws.fault({ region: OWN }, { kind: 'reset' })
      const got = upstream.fetch(lookup, may)
      assert.equal(await regionOf(got), OTHER)
      assert.match(await bodyOf(got), /MARKER-of-role/)
      assert.ok(sent().includes(`${OTHER} AssumeRole`))
      assert.equal(sent().filter((call) => call === `${OWN} AssumeRole`).length, 3)
      assert.match(lines[0]!, /^roles are assumed in eu-west-1: AssumeRole /)
      assert.match(lines[1]!, /^secrets come from their replicas in eu-west-1: GetSecretValue /)
      aws.clearFaults()
      assert.equal(await regionOf(upstream.fetch(lookup, may)), undefined)
    })

    test(`${build.name}: where the own region is silent, a role's secret comes within the time limit`, async (t) => {
      const { aws, upstream } = await setUp(
        t,
        build,
        { roles: { arns: [ROLE], externalId: undefined, sessionName: 'local-function' } },
        3_000,
      )
      aws.fault({ region: OWN }, { kind: 'hang' })
      assert.equal(await regionOf(upstream.fetch(secretLookup('db', { role: ROLE }), may)), OTHER)
    })

    test(`${build.name}: where STS alone is silent, a role's secret comes from the own region`, async (t) => {
      const { aws, upstream, sent } = await setUp(t, build, {
        roles: { arns: [ROLE], externalId: undefined, sessionName: 'local-function' },
      })
      aws.fault({ region: OWN, operation: 'AssumeRole' }, { kind: 'hang' })
      assert.equal(await regionOf(upstream.fetch(secretLookup('db', { role: ROLE }), may)), undefined)
      assert.deepEqual(sent(), [`${OWN} AssumeRole`, `${OTHER} AssumeRole`, `${OWN} GetSecretValue`])
    })

    test(`${build.name}: what AWS refuses of a role is no failover`, async (t) => {
      const { aws, upstream, sent } = await setUp(t, build, {
        roles: { arns: [ROLE], externalId: undefined, sessionName: 'local-function' },
      })
      aws.fault({ operation: 'AssumeRole' }, error('AccessDenied', 403))
      assert.equal(await codeOf(upstream.fetch(secretLookup('db', { role: ROLE }), may)), 'AccessDenied')
      assert.deepEqual(sent(), [`${OWN} AssumeRole`])
    })

    test(`${build.name}: calls that are passed through stay in their region`, async (t) => {
      const { aws, upstream, sent } = await setUp(t, build)
      aws.fault({ region: OWN }, { kind: 'reset' })
      for (const operation of ['PutSecretValue', 'DescribeSecret', 'GetSecretValue']) {
        const target = `secretsmanager.${operation}` as const
        const body = '{"SecretId":"db","SecretString":"x"}'
        assert.equal(
          await codeOf(upstream.passThrough({ target, region: undefined, body })),
          'ConnectionError',
        )
      }
      assert.ok(sent().every((call) => call.startsWith(OWN)))
    })

    for (const [what, region] of [
      ['the same', OWN],
      ['one of another partition', 'cn-north-1'],
      ['none', 'moon'],
      ['an address', 'eu-west-1.evil.example'],
    ] as const) {
      test(`${build.name}: a region that is ${what} is warned of once, and not asked`, async (t) => {
        const { aws, upstream, sent, lines } = await setUp(t, build, {
          failoverRegion: region,
          maxAttempts: 1,
        })
        aws.fault({}, { kind: 'reset' })
        for (let i = 0; i < 2; i++) assert.equal(await codeOf(upstream.fetch(SECRET, may)), 'ConnectionError')
        assert.deepEqual(sent(), [`${OWN} GetSecretValue`, `${OWN} GetSecretValue`])
        assert.deepEqual(lines, [
          `PARAMETERS_SECRETS_EXTENSION_FAILOVER_REGION must be another region of the function's partition, got "${region}". Ignoring it.`,
        ])
      })
    }
  }
})

// One after the other, because the clock is everybody's.
describe('another region and the clock', () => {
  for (const build of upstreamBuilds()) {
    test(`${build.name}: after a failover the own region is asked once for half a minute, and then as ever`, async (t) => {
      t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
      const { aws, upstream, sent } = await setUp(t, build)
      aws.fault({ region: OWN }, { kind: 'unavailable' })
      const own = async () => {
        aws.resetCounts()
        assert.equal(await regionOf(upstream.fetch(SECRET, may)), OTHER)
        return sent().filter((call) => call.startsWith(OWN)).length
      }
      assert.equal(await own(), 3)
      assert.equal(await own(), 1)
      t.mock.timers.tick(29_999)
      assert.equal(await own(), 1)
      t.mock.timers.tick(30_000)
      assert.equal(await own(), 3)
      t.mock.timers.tick(29_999)
      aws.fault({}, { kind: 'unavailable' })
      aws.resetCounts()
      await codeOf(upstream.fetch(PARAMETER, may))
      assert.equal(sent().length, 3, 'parameters are tried as ever')
      aws.clearFaults()
      aws.fault({ region: OTHER }, { kind: 'unavailable' })
      assert.equal(await regionOf(upstream.fetch(SECRET, may)), undefined, 'it is asked first')
    })

    test(`${build.name}: the log says so once a minute, with the reason`, async (t) => {
      t.mock.timers.enable({ apis: ['Date'], now: Date.now() })
      const { aws, upstream, lines, failovers } = await setUp(t, build)
      aws.fault({ region: OWN }, { kind: 'throttle' })
      for (let i = 0; i < 3; i++) await upstream.fetch(SECRET, may)
      assert.equal(lines.length, 1)
      assert.match(
        lines[0]!,
        /^secrets come from their replicas in eu-west-1: GetSecretValue .* ThrottlingException: /,
      )
      t.mock.timers.tick(60_000)
      await upstream.fetch(SECRET, may)
      assert.equal(lines.length, 2)
      assert.equal(failovers(), 4)
    })
  }
})
