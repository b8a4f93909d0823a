import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTcpServer, type AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { gzipSync } from 'node:zlib'
import { describe, test, type TestContext } from 'node:test'
import { startAws, testTls, type Fault } from '../../local/emulators/aws/index.ts'
import { UpstreamError } from '../errors.ts'
import { parameterLookup, pathLookup, secretLookup } from '../lookup.ts'
import { bodyOf } from '../../test/body-of.ts'
import { upstreamBuilds, type UpstreamBuild } from '../../test/upstream-builds.ts'
import { settingsFor } from '../../test/upstream-settings.ts'
import type { UpstreamSettings } from '../config/upstream.ts'

const SECRET = secretLookup('a')
const PARAMETER = parameterLookup('/a')
const SEED = {
  secrets: { a: { value: 'MARKER-secret' } },
  parameters: { '/a': { value: 'MARKER-parameter' } },
}

async function setUp(t: TestContext, build: UpstreamBuild, changes: Partial<UpstreamSettings> = {}) {
  const aws = await startAws({ seed: SEED })
  const upstream = build.createUpstream(settingsFor(aws.url, changes))
  t.after(async () => {
    upstream.reset()
    await aws.close()
  })
  return { aws, upstream }
}

/** A server that answers what the test says, whatever is asked. */
async function serve(t: TestContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function failureOf(promise: Promise<unknown>): Promise<UpstreamError> {
  const error = await promise.then(
    () => assert.fail('it succeeded'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof UpstreamError, inspect(error))
  const everything =
    inspect(error, { depth: 9, showHidden: true }) + error.stack + error.report + error.reason
  assert.ok(!everything.includes('MARKER'), everything)
  assert.equal(error.cause, undefined)
  return error
}

interface Row {
  readonly when: string
  readonly fault: Fault
  readonly times?: number
  readonly calls: number
  /** Absent: it succeeds in the end. */
  readonly code?: string
  readonly report?: RegExp
}

const GAVE_UP = /exceeded maximum number of attempts, 3, https response error StatusCode: \d+, RequestID: /

const TABLE: readonly Row[] = [
  { when: 'it is throttled once', fault: { kind: 'throttle' }, times: 1, calls: 2 },
  { when: 'it is throttled twice', fault: { kind: 'throttle' }, times: 2, calls: 3 },
  {
    when: 'it is throttled for ever',
    fault: { kind: 'throttle' },
    calls: 3,
    code: 'ThrottlingException',
    report: /exceeded maximum number of attempts, 3, .*api error ThrottlingException: Rate exceeded$/,
  },
  { when: 'it answers 500 once', fault: { kind: 'internal-error' }, times: 1, calls: 2 },
  {
    when: 'it answers 503 for ever',
    fault: { kind: 'unavailable' },
    calls: 3,
    code: 'ServiceUnavailable',
    report: GAVE_UP,
  },
  { when: 'the connection is reset once', fault: { kind: 'reset' }, times: 1, calls: 2 },
  {
    when: 'the connection is reset for ever',
    fault: { kind: 'reset' },
    calls: 3,
    code: 'ConnectionError',
    report: GAVE_UP,
  },
  {
    when: 'the connection is reset after the headers',
    fault: { kind: 'reset-after-headers' },
    times: 1,
    calls: 2,
  },
  { when: 'the body is cut in half once', fault: { kind: 'half-body' }, times: 1, calls: 2 },
  {
    when: 'the body is cut in half for ever',
    fault: { kind: 'half-body' },
    calls: 3,
    code: 'ConnectionError',
    report: GAVE_UP,
  },
  { when: 'the answer drips in', fault: { kind: 'drip', pieceMs: 2 }, calls: 1 },
  {
    when: 'the JSON breaks off',
    fault: { kind: 'garbage' },
    calls: 1,
    code: 'ResponseError',
    report: /StatusCode: 200/,
  },
  { when: 'the body is empty', fault: { kind: 'empty' }, calls: 1, code: 'ResponseError' },
  { when: 'it answers a web page', fault: { kind: 'html' }, calls: 1, code: 'ResponseError' },
  { when: 'the body claims gzip and is not', fault: { kind: 'bad-gzip' }, calls: 1, code: 'ResponseError' },
  {
    when: 'access is denied',
    fault: { kind: 'error', code: 'AccessDeniedException', message: 'User: x is not authorized' },
    calls: 1,
    code: 'AccessDeniedException',
    report: /StatusCode: 400, RequestID: [\w-]+, api error AccessDeniedException: User: x is not authorized$/,
  },
  {
    when: 'the key is gone',
    fault: { kind: 'error', code: 'InvalidKeyId', message: 'no key' },
    calls: 1,
    code: 'InvalidKeyId',
  },
]

// At once, because nearly all of the time goes by in pauses between attempts.
describe('faults', { concurrency: 8 }, () => {
  for (const build of upstreamBuilds()) {
    for (const { when, fault, times, calls, code, report } of TABLE) {
      for (const lookup of [SECRET, PARAMETER]) {
        const outcome = code ?? 'the value'
        test(`${build.name}: ${lookup.store} yields ${outcome} after ${calls} calls when ${when}`, async (t) => {
          const { aws, upstream } = await setUp(t, build)
          aws.fault({}, fault, times)
          if (code === undefined) {
            assert.match(await bodyOf(upstream.fetch(lookup)), /MARKER/)
          } else {
            const error = await failureOf(upstream.fetch(lookup))
            assert.equal(error.code, code)
            assert.equal(error.message, error.report)
            assert.match(
              error.report,
              /^Get(SecretValue|Parameter) request encountered an error: operation error /,
            )
            if (report !== undefined) assert.match(error.report, report)
          }
          assert.equal(aws.calls(), calls)
          aws.clearFaults()
          assert.match(await bodyOf(upstream.fetch(lookup)), /MARKER/)
        })
      }
    }

    test(`${build.name}: a bound cuts a call that hangs, and its socket with it`, async (t) => {
      const bound = { endpoint: undefined, timeoutMs: 2_000 }
      const aws = await startAws({ seed: SEED })
      const upstream = build.createUpstream(
        settingsFor(aws.url, { secretsManager: { ...bound, endpoint: aws.url } }),
      )
      t.after(() => aws.close())
      aws.fault({}, { kind: 'hang' }, 1)
      const error = await failureOf(upstream.fetch(SECRET))
      assert.equal(error.code, 'TimeoutError')
      assert.equal(error.reason, 'Secrets Manager did not answer within 2000 ms')
      while (aws.openConnections() > 0) await new Promise((later) => setTimeout(later, 5))
      assert.match(await bodyOf(upstream.fetch(SECRET)), /MARKER/)
      assert.equal(aws.calls(), 2)
      upstream.reset()
    })

    test(`${build.name}: a bound covers the retries too`, async (t) => {
      const { aws } = await setUp(t, build)
      aws.fault({}, { kind: 'throttle', delayMs: 80 })
      const parameterStore = { endpoint: aws.url, timeoutMs: 100 }
      const upstream = build.createUpstream(settingsFor(aws.url, { parameterStore }))
      assert.equal((await failureOf(upstream.fetch(PARAMETER))).code, 'TimeoutError')
      // What was sent before the bound has arrived when its socket is closed. One that waits for its next attempt is
      // open.
      upstream.reset()
      while (aws.openConnections() > 0) await new Promise((later) => setTimeout(later, 5))
      const calls = aws.calls()
      await new Promise((later) => setTimeout(later, 300))
      assert.ok(calls < 3 && aws.calls() === calls, 'an attempt was made after the bound')
    })

    test(`${build.name}: nothing of an unreadable answer gets out, whatever its shape and status`, async (t) => {
      const { aws: _, upstream: unused } = await setUp(t, build)
      unused.reset()
      const bodies = [
        'MARKER',
        '{"SecretString":"MARKER" MARKER',
        '["MARKER"]',
        '"MARKER"',
        '{"SecretString":"MARKER"}',
        '{"Parameter":"MARKER"}',
        '{"ARN":{"MARKER":1},"Parameter":{"Name":["MARKER"]}}',
        '{"ARN":"a","CreatedDate":"MARKER","Parameter":{"Name":"a","LastModifiedDate":"MARKER"}}',
        '{"ARN":"a","SecretBinary":{"MARKER":1},"Parameter":{"Name":"a","LastModifiedDate":{"MARKER":1}}}',
      ]
      for (const status of [200, 301, 400, 403, 503]) {
        for (const body of bodies) {
          const url = await serve(t, (req, res) => {
            req.resume().once('end', () => res.writeHead(status).end(body))
          })
          const upstream = build.createUpstream(settingsFor(url))
          for (const lookup of [SECRET, PARAMETER]) {
            const error = await failureOf(upstream.fetch(lookup))
            assert.match(error.code, /^(ResponseError|Unknown)$/)
          }
          upstream.reset()
        }
      }
    })

    test(`${build.name}: an answer to many that is not AWS's is a failed call, whatever its lists hold`, async (t) => {
      const bodies = [
        '{"Errors":[null],"SecretValues":[],"Parameters":[null]}',
        '{"Errors":5,"SecretValues":[],"Parameters":5}',
        '{"Errors":["x"],"SecretValues":5,"Parameters":["x"]}',
        '{"Errors":[],"SecretValues":[null,5],"Parameters":{"length":1}}',
        '{"Errors":[{"SecretId":5}],"SecretValues":[],"Parameters":[{"Name":5}]}',
        '{"Errors":[{"SecretId":"a","ErrorCode":{"a":1}}],"SecretValues":[],"Parameters":[{}]}',
        '{"Errors":[],"SecretValues":[{"ARN":"a","SecretString":7}],"Parameters":[{"Name":"a","Value":7}]}',
      ]
      for (const body of bodies) {
        const url = await serve(t, (req, res) => {
          req.resume().once('end', () => res.end(body))
        })
        const upstream = build.createUpstream(settingsFor(url))
        const reader = { requested: () => undefined, onPage: () => assert.fail('it is no page') }
        const lists = [
          upstream.fetchMatching({ filters: [{ key: 'name', value: 'a' }], role: undefined }, reader),
          upstream.fetchPath(pathLookup('/a', { isRecursive: true, withDecryption: true }), reader),
        ]
        for (const list of lists) assert.equal((await failureOf(list)).code, 'ResponseError', body)
        const codes: unknown[] = []
        const add = (_: unknown, part: unknown) => codes.push((part as UpstreamError).code)
        await upstream.fetchSecrets([SECRET], add)
        await upstream.fetchParameters([PARAMETER], add)
        assert.deepEqual(codes, ['ResponseError', 'ResponseError'], body)
        upstream.reset()
      }
    })

    for (const maxAttempts of [1, 2, 4]) {
      test(`${build.name}: with AWS_MAX_ATTEMPTS=${maxAttempts} a call is made ${maxAttempts} times`, async (t) => {
        const { aws, upstream } = await setUp(t, build, { maxAttempts })
        aws.fault({}, { kind: 'internal-error' })
        const { report } = await failureOf(upstream.fetch(SECRET))
        assert.equal(aws.calls(), maxAttempts)
        assert.equal(report.includes(`maximum number of attempts, ${maxAttempts},`), maxAttempts > 1)
        aws.clearFaults()
        assert.match(await bodyOf(upstream.fetch(SECRET)), /MARKER/)
      })
    }

    for (const kind of ['plain', 'zipped', 'an error']) {
      test(`${build.name}: a body of more than 4 MiB (${kind}) is given up, and the next call works`, async (t) => {
        let calls = 0
        const url = await serve(t, (req, res) => {
          const isHuge = ++calls === 1
          const value = isHuge ? 'MARKER'.repeat(1_000_000) : 'small'
          const body = `{"ARN":"arn:x","Name":"a","SecretString":"${value}"}`
          if (kind === 'zipped') res.setHeader('Content-Encoding', 'gzip')
          if (kind === 'an error' && isHuge) res.statusCode = 400
          req.resume().once('end', () => res.end(kind === 'zipped' ? gzipSync(body) : body))
        })
        const upstream = build.createUpstream(settingsFor(url))
        const error = await failureOf(upstream.fetch(SECRET))
        assert.equal(error.code, 'ResponseError')
        assert.match(error.reason, /longer than 4 MiB/)
        assert.match(await bodyOf(upstream.fetch(SECRET)), /small/)
        assert.equal(calls, 2)
        upstream.reset()
      })
    }

    test(`${build.name}: an answer in gzip is read`, async (t) => {
      const url = await serve(t, (req, res) => {
        req.resume().once('end', () => {
          res.setHeader('Content-Encoding', 'gzip')
          res.end(gzipSync('{"ARN":"arn:x","Name":"a","SecretString":"zipped"}'))
        })
      })
      const upstream = build.createUpstream(settingsFor(url))
      assert.match(await bodyOf(upstream.fetch(SECRET)), /"SecretString":"zipped"/)
      upstream.reset()
    })

    test(`${build.name}: a server nobody listens on is a ConnectionError after three attempts`, async () => {
      const upstream = build.createUpstream(settingsFor('http://127.0.0.1:1'))
      const error = await failureOf(upstream.fetch(PARAMETER))
      assert.equal(error.code, 'ConnectionError')
      assert.match(
        error.report,
        /attempts, 3, https response error StatusCode: 0, RequestID: , request send failed, .*ECONNREFUSED/,
      )
    })

    test(`${build.name}: a certificate is trusted through the CA bundle, and only then`, async (t) => {
      const { caPath, ...tls } = testTls()
      const aws = await startAws({ seed: SEED, tls })
      t.after(() => aws.close())
      const trusting = build.createUpstream(settingsFor(aws.url, { caBundle: caPath }))
      assert.match(await bodyOf(trusting.fetch(SECRET)), /MARKER/)
      trusting.reset()
      const wary = build.createUpstream(settingsFor(aws.url))
      assert.equal((await failureOf(wary.fetch(SECRET))).code, 'TlsError')
      const confused = build.createUpstream(settingsFor(aws.url, { caBundle: `${caPath}.missing` }))
      assert.equal((await failureOf(confused.fetch(SECRET))).code, 'TlsError')
    })

    for (const hours of [-1, 1]) {
      test(`${build.name}: a clock that is off by ${hours} h is corrected within one call`, async (t) => {
        const signedAt: string[] = []
        const url = await serve(t, (req, res) => {
          const at = String(req.headers['x-amz-date'])
          const now = new Date(Date.now() + hours * 3_600_000)
          res.setHeader('Date', now.toUTCString())
          const isRight = at.slice(0, 11) === now.toISOString().replace(/[-:]/g, '').slice(0, 11)
          signedAt.push(at)
          const refusal = '{"__type":"InvalidSignatureException","message":"Signature not yet current: x"}'
          req.resume().once('end', () => {
            if (isRight) res.end('{"ARN":"arn:x","Name":"a","SecretString":"in time"}')
            else res.writeHead(400).end(refusal)
          })
        })
        const upstream = build.createUpstream(settingsFor(url))
        assert.match(await bodyOf(upstream.fetch(SECRET)), /in time/)
        assert.equal(signedAt.length, 2)
        assert.match(await bodyOf(upstream.fetch(SECRET)), /in time/)
        assert.equal(signedAt.length, 3)
        upstream.reset()
      })
    }

    test(`${build.name}: a server that never finishes the TLS handshake is given up three times, also without a bound`, async (t) => {
      const silent = createTcpServer()
      let connections = 0
      silent.on('connection', (socket) => {
        connections++
        socket.on('error', () => {})
      })
      await new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening))
      t.after(() => silent.close())
      const upstream = build.createUpstream(
        settingsFor(`https://127.0.0.1:${(silent.address() as AddressInfo).port}`),
      )
      const error = await failureOf(upstream.fetch(SECRET))
      assert.equal(error.code, 'ConnectionError')
      assert.match(error.report, /no connection in time/)
      assert.equal(connections, 3)
    })

    test(`${build.name}: an answer that never comes is requested again, also without a bound`, async (t) => {
      const { aws, upstream } = await setUp(t, build)
      aws.fault({}, { kind: 'hang' }, 1)
      assert.match(await bodyOf(upstream.fetch(SECRET)), /MARKER/)
      assert.equal(aws.calls(), 2)
    })

    test(`${build.name}: a long queue for a socket prints nothing`, async (t) => {
      const { aws, upstream } = await setUp(t, build, { maxConnections: 1 })
      const methods = (['log', 'info', 'warn', 'error', 'debug', 'trace'] as const).map((name) =>
        t.mock.method(console, name),
      )
      // The SDK looks at the queue after three seconds and would complain.
      aws.fault({}, { kind: 'delay', delayMs: 3_500 }, 1)
      await Promise.all(Array.from({ length: 5 }, () => upstream.fetch(SECRET)))
      assert.deepEqual(
        methods.map((method) => method.mock.callCount()),
        [0, 0, 0, 0, 0, 0],
      )
    })

    test(`${build.name}: no more sockets are open at once than allowed, and waiting for one is no failure`, async (t) => {
      const { aws, upstream } = await setUp(t, build, { maxConnections: 2 })
      aws.fault({}, { kind: 'delay', delayMs: 30 })
      const bodies = await Promise.all(Array.from({ length: 20 }, () => bodyOf(upstream.fetch(SECRET))))
      assert.equal(new Set(bodies).size, 1)
      assert.equal(aws.peakConnections(), 2)
      assert.equal(aws.connections(), 2)
    })
  }
})

// Outside of the group, whose tests run at once and have the machine's clock.
for (const build of upstreamBuilds()) {
  test(`${build.name}: a call that waited for a connection names the queue, and is not sent later`, async (t) => {
    const aws = await startAws({ seed: SEED })
    const secretsManager = { endpoint: aws.url, timeoutMs: 4_000 }
    const upstream = build.createUpstream(settingsFor(aws.url, { secretsManager, maxConnections: 1 }))
    t.after(async () => {
      upstream.reset()
      await aws.close()
    })
    await upstream.fetch(SECRET)
    aws.fault({}, { kind: 'hang' }, 1)
    // By a clock of the test's own both calls begin, and end, at the same moment, however slow the machine is.
    t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.now() })
    const failures = Promise.all([1, 2].map(() => failureOf(upstream.fetch(SECRET))))
    await aws.called(undefined, 2)
    t.mock.timers.tick(4_000)
    const [first, second] = await failures
    assert.equal(first!.reason, 'Secrets Manager did not answer within 4000 ms')
    assert.equal(second!.code, 'TimeoutError')
    const pattern =
      /waited 4000 of 4000 ms for one of 1 connections: PARAMETERS_SECRETS_EXTENSION_MAX_CONNECTIONS$/
    assert.match(second!.reason, pattern)
    assert.match(second!.report, pattern)
    assert.match(await bodyOf(upstream.fetch(SECRET)), /MARKER/)
    assert.equal(aws.calls(), 3)
  })
}
