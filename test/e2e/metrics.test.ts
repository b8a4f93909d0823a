import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { type Extension, type ExtensionOptions, startExtension } from '../artefact.ts'
import { metricsIn } from '../embedded-metrics.ts'
import { isClockSettable, settableClock } from '../platform/clock.ts'
import { header } from '../../tools/wire.ts'

const SECRET = '/secretsmanager/get?secretId=counted'
const MISSING = '/secretsmanager/get?secretId=absent'
const MINUTE_MS = 60_000

function start(t: TestContext, form: string, options: ExtensionOptions = {}) {
  return startExtension(t, {
    seed: { secrets: { counted: 'the secret that is counted' } },
    ...options,
    env: { PARAMETERS_SECRETS_EXTENSION_METRICS: form, ...options.env },
  })
}

/** The lines of metrics in the log, each checked against CloudWatch's specification. */
const linesOf = (extension: Extension) =>
  extension
    .logs()
    .filter((line) => line.startsWith('{"_aws"'))
    .map(metricsIn)

for (const level of ['INFO', 'NONE']) {
  test(`at SHUTDOWN a line of embedded metrics has what was counted, at log level ${level}`, async (t) => {
    const extension = await start(t, 'EMF', { env: { PARAMETERS_SECRETS_EXTENSION_LOG_LEVEL: level } })
    for (const target of [SECRET, SECRET, SECRET, MISSING]) await extension.get(target)
    assert.deepEqual(linesOf(extension), [])
    await extension.stop()
    const [line, ...more] = linesOf(extension)
    assert.deepEqual(more, [])
    const { UpstreamLatency, ...counts } = line!.values
    assert.deepEqual(counts, {
      Hits: 2,
      Misses: 2,
      Joined: 0,
      Prefetched: 0,
      RefreshedAhead: 0,
      Stale: 0,
      Negative: 0,
      Evictions: 0,
      UpstreamErrors: 1,
      Throttles: 0,
      Failovers: 0,
      ProxiedCalls: 0,
    })
    assert.equal((UpstreamLatency as number[]).length, 2)
    assert.deepEqual(line!.dimensions, {
      FunctionName: extension.lambda.environment['AWS_LAMBDA_FUNCTION_NAME'],
    })
    assert.equal(line!.namespace, 'ParametersSecretsExtension')
  })
}

if (isClockSettable)
  test('a request writes a line when a minute has passed, with what was counted since the last', async (t) => {
    const clock = settableClock(t)
    const extension = await start(t, 'emf', { env: clock.env })
    await extension.get(SECRET)
    await extension.get(SECRET)
    assert.deepEqual(linesOf(extension), [])
    for (const minutes of [1, 2]) {
      clock.set(minutes * (MINUTE_MS + 1000))
      // A line is written behind an answer, so the one before may be of this minute already.
      for (let i = 0; i < 2; i++) await extension.get(SECRET)
      while (linesOf(extension).length < minutes) await extension.get('/ping')
    }
    await extension.stop()
    const lines = linesOf(extension).map(({ values }) => values)
    const total = (name: string) => lines.reduce((sum, values) => sum + (values[name] as number), 0)
    assert.deepEqual([total('Hits'), total('Misses')], [5, 1])
    // A period without a call to AWS has no latencies.
    const [first, ...later] = lines.map((values) => 'UpstreamLatency' in values)
    assert.deepEqual([first, later.some(Boolean)], [true, false])
  })

test('an environment that counted nothing writes no line', async (t) => {
  const extension = await start(t, 'emf')
  await extension.stop()
  assert.deepEqual(linesOf(extension), [])
})

test('throttled calls, calls that are passed through and prefetched answers are counted', async (t) => {
  const extension = await start(t, 'emf', {
    env: { PARAMETERS_SECRETS_EXTENSION_PREFETCH_SECRETS: 'counted', AWS_MAX_ATTEMPTS: '1' },
  })
  extension.aws.fault({ operation: 'GetSecretValue' }, { kind: 'throttle' }, 1)
  await extension.get(`${SECRET}&refreshNow=true`)
  const body = JSON.stringify({ SecretId: 'counted' })
  const wire = await extension.wire()
  const lines = [
    'POST / HTTP/1.1',
    `Host: localhost:${extension.port}`,
    'X-Amz-Target: secretsmanager.DescribeSecret',
    'Content-Type: application/x-amz-json-1.1',
    `X-Amz-Security-Token: ${extension.token}`,
    `Content-Length: ${body.length}`,
  ]
  await wire.send(`${lines.join('\r\n')}\r\n\r\n${body}`)
  assert.equal((await wire.receive()).status, 200)
  await extension.stop()
  const { values } = linesOf(extension)[0]!
  assert.deepEqual(
    ['Prefetched', 'Throttles', 'UpstreamErrors', 'ProxiedCalls'].map((name) => values[name]),
    [1, 1, 1, 1],
  )
})

test('of more calls than an array may hold a hundred are reported', async (t) => {
  const extension = await start(t, 'emf', { env: { SECRETS_MANAGER_TTL: '0' } })
  for (let i = 0; i < 130; i++) await extension.get(SECRET)
  await extension.stop()
  const { values } = linesOf(extension)[0]!
  assert.deepEqual([values['Misses'], (values['UpstreamLatency'] as number[]).length], [130, 100])
})

test('what was counted before a snapshot is not reported by its copies', async (t) => {
  const extension = await start(t, 'emf', { lambda: { mode: 'snap-start' } })
  await extension.get(SECRET)
  await extension.lambda.invoke()
  await extension.get(SECRET)
  await extension.stop()
  assert.deepEqual(
    linesOf(extension).map(({ values }) => values['Misses']),
    [1],
  )
})

test('Prometheus reads counters and the latency of AWS at /metrics, with the token', async (t) => {
  const extension = await start(t, 'prometheus')
  for (const target of [SECRET, SECRET, MISSING]) await extension.get(target)
  const reply = await extension.get('/metrics')
  assert.deepEqual(
    [reply.status, header(reply, 'Content-Type')],
    [200, 'text/plain; version=0.0.4; charset=utf-8'],
  )
  const lines = reply.body.toString().split('\n')
  const valueOf = (name: string) => lines.find((line) => line.startsWith(`${name} `))?.split(' ')[1]
  const counter = (name: string) => valueOf(`parameters_secrets_extension_${name}`)
  assert.deepEqual(
    ['hits_total', 'misses_total', 'upstream_errors_total', 'upstream_seconds_count'].map(counter),
    ['1', '2', '1', '2'],
  )
  assert.equal(counter('upstream_seconds_bucket{le="+Inf"}'), '2')
  assert.ok(Number(counter('upstream_seconds_sum')) > 0)
  // Every sample has its HELP and TYPE before it, and no label but `le`.
  for (const line of lines.filter((one) => one !== '' && !one.startsWith('#'))) {
    assert.match(line, /^parameters_secrets_extension_\w+(\{le="[\d.+Inf]+"\})? [\d.]+(e-?\d+)?$/)
    const family = line.split(/[ {]/, 1)[0]!.replace(/_(bucket|sum|count)$/, '')
    assert.ok(lines.some((one) => one.startsWith(`# TYPE ${family} `)))
    assert.ok(lines.some((one) => one.startsWith(`# HELP ${family} `)))
  }
  assert.doesNotMatch(reply.body.toString(), /counted|absent/)
  const unauthorized = await extension.get('/metrics', { 'X-Aws-Parameters-Secrets-Token': undefined })
  assert.equal(unauthorized.status, 401)
})

test('without the setting /metrics is no path, and nothing is written', async (t) => {
  const extension = await start(t, '')
  assert.equal((await extension.get('/metrics')).status, 404)
  await extension.get(SECRET)
  await extension.stop()
  assert.deepEqual(linesOf(extension), [])
})

test('a form that does not exist is warned of, and counts nothing', async (t) => {
  const extension = await start(t, 'statsd')
  await extension.logged(
    /WARN PARAMETERS_SECRETS_EXTENSION_METRICS must be emf or prometheus, got "statsd"\./,
  )
  assert.equal((await extension.get('/metrics')).status, 404)
  assert.equal((await extension.get(SECRET)).status, 200)
})
