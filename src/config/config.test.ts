import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readConfig, type Config } from './config.ts'
import type { Environment } from './read.ts'
import { goDuration } from './settings.ts'

/** The lines as they would be logged: level in capitals, none for the plain one. */
function notes(env: Environment): string[] {
  return readConfig(env).notes.map(({ level, message }) =>
    level === 'plain' ? message : `${level.toUpperCase()} ${message}`,
  )
}

function note(env: Environment, about: string): string {
  const found = notes(env).filter((line) => line.includes(about + ' '))
  assert.equal(found.length, 1, `one line about ${about}: ${found.join(' | ')}`)
  return found[0]!
}

test('an empty environment gives the defaults of the AWS guides', () => {
  const { notes: _, ...config } = readConfig({})
  assert.deepEqual(config, {
    port: 2773,
    logLevel: 'info',
    logFormat: 'text',
    capacity: 1000,
    cacheMaxBytes: 16 * 1024 * 1024,
    functionMemoryMb: undefined,
    freshness: { refreshAheadPercent: 0, revalidateMs: 0, staleMs: 0, staleWaitMs: 500 },
    negativeTtlMs: 0,
    prefetch: { isEmpty: true, secrets: [], parameters: [], file: undefined, batch: false, waitMs: 1000 },
    environment: undefined,
    secretsTtlMs: 300_000,
    parametersTtlMs: 300_000,
    callerTokens: [],
    runtimeApi: undefined,
    initializationType: undefined,
    metrics: undefined,
    upstream: {
      region: undefined,
      credentials: undefined,
      container: undefined,
      secretsManager: { endpoint: undefined, timeoutMs: 0 },
      parameterStore: { endpoint: undefined, timeoutMs: 0 },
      securityTokens: { endpoint: undefined, timeoutMs: 10_000 },
      roles: { arns: [], externalId: undefined, sessionName: 'parameters-secrets-extension' },
      failoverRegion: undefined,
      maxConnections: 3,
      maxAttempts: 3,
      useFips: false,
      useDualstack: false,
      caBundle: undefined,
      certFile: undefined,
      certDirectories: undefined,
      proxy: undefined,
    },
  })
})

// Published in awslabs/aws-sdk-rust#905 and aws/aws-cdk#26011, in this order; the last three are in the same style.
test('an empty environment is reported line for line as the original does', () => {
  assert.deepEqual(notes({}), [
    'PARAMETERS_SECRETS_EXTENSION_LOG_LEVEL is not present. Log level set to info.',
    'DEBUG PARAMETERS_SECRETS_EXTENSION_CACHE_ENABLED is not present. Cache is enabled by default.',
    'DEBUG PARAMETERS_SECRETS_EXTENSION_CACHE_SIZE is not present. Using default cache size: 1000 objects.',
    'DEBUG SECRETS_MANAGER_TTL is not present. Setting default time-to-live: 5m0s.',
    'DEBUG SSM_PARAMETER_STORE_TTL is not present. Setting default time-to-live: 5m0s.',
    'DEBUG SECRETS_MANAGER_TIMEOUT_MILLIS is not present. Setting default timeout: 0s.',
    'DEBUG SSM_PARAMETER_STORE_TIMEOUT_MILLIS is not present. Setting default timeout: 0s.',
    'DEBUG PARAMETERS_SECRETS_EXTENSION_MAX_CONNECTIONS is not present. Using default maximum connections: 3.',
    'DEBUG PARAMETERS_SECRETS_EXTENSION_HTTP_PORT is not present. Using default port: 2773.',
  ])
})

test('a full environment is reported line for line as the original does', () => {
  assert.deepEqual(
    notes({
      PARAMETERS_SECRETS_EXTENSION_LOG_LEVEL: 'DEBUG',
      PARAMETERS_SECRETS_EXTENSION_CACHE_ENABLED: 'TRUE',
      PARAMETERS_SECRETS_EXTENSION_CACHE_SIZE: '1000',
      SECRETS_MANAGER_TTL: '301',
      SSM_PARAMETER_STORE_TTL: '1000',
      SECRETS_MANAGER_TIMEOUT_MILLIS: '1500',
      SSM_PARAMETER_STORE_TIMEOUT_MILLIS: '250',
      PARAMETERS_SECRETS_EXTENSION_MAX_CONNECTIONS: '100',
      PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: '8080',
    }),
    [
      'PARAMETERS_SECRETS_EXTENSION_LOG_LEVEL is debug. Log level set to debug.',
      'DEBUG PARAMETERS_SECRETS_EXTENSION_CACHE_ENABLED is true.',
      'DEBUG PARAMETERS_SECRETS_EXTENSION_CACHE_SIZE is 1000 objects.',
      'WARN SECRETS_MANAGER_TTL exceeds max limit. Setting Secrets Manger TTL to 5m0s.',
      'WARN SSM_PARAMETER_STORE_TTL exceeds max limit. Setting Systems Manager Parameter Store TTL to 5m0s.',
      'DEBUG SECRETS_MANAGER_TIMEOUT_MILLIS is 1.5s.',
      'DEBUG SSM_PARAMETER_STORE_TIMEOUT_MILLIS is 250ms.',
      'DEBUG PARAMETERS_SECRETS_EXTENSION_MAX_CONNECTIONS is 100.',
      'DEBUG PARAMETERS_SECRETS_EXTENSION_HTTP_PORT is 8080.',
    ],
  )
})

for (const level of ['debug', 'info', 'warn', 'error', 'none'] as const) {
  test(`log level ${level} is read in any letter case`, () => {
    const capital = level[0]!.toUpperCase() + level.slice(1)
    for (const text of [level, level.toUpperCase(), capital, ` ${level}\n`]) {
      const config = readConfig({ PARAMETERS_SECRETS_EXTENSION_LOG_LEVEL: text })
      assert.equal(config.logLevel, level)
      assert.equal(
        config.notes[0]?.message,
        `PARAMETERS_SECRETS_EXTENSION_LOG_LEVEL is ${level}. Log level set to ${level}.`,
      )
    }
  })
}

test('an unknown log level warns, names the value, and is info', () => {
  for (const text of ['verbose', 'information', 'trace', '   ', 'debug,info']) {
    const env = { PARAMETERS_SECRETS_EXTENSION_LOG_LEVEL: text }
    assert.equal(readConfig(env).logLevel, 'info')
    assert.equal(
      notes(env)[0],
      'WARN PARAMETERS_SECRETS_EXTENSION_LOG_LEVEL must be debug, info, warn, error or none, ' +
        `got "${text}". Log level set to info.`,
    )
  }
})

test('a value cannot forge a log line', () => {
  for (const line of notes({
    PARAMETERS_SECRETS_EXTENSION_LOG_LEVEL: 'x\nINFO forged',
    PARAMETERS_SECRETS_EXTENSION_CACHE_ENABLED: 'y\r\nINFO forged',
    SECRETS_MANAGER_TTL: '5\nINFO forged',
  })) {
    assert.doesNotMatch(line, /[\r\n]/)
  }
})

test('the cache is on or off in any letter case, and on where the value is neither', () => {
  const name = 'PARAMETERS_SECRETS_EXTENSION_CACHE_ENABLED'
  for (const [text, expected, line] of [
    ['true', true, `DEBUG ${name} is true.`],
    ['TRUE', true, `DEBUG ${name} is true.`],
    ['True', true, `DEBUG ${name} is true.`],
    ['false', false, `DEBUG ${name} is false.`],
    ['FALSE', false, `DEBUG ${name} is false.`],
    [' False ', false, `DEBUG ${name} is false.`],
    ['', true, `DEBUG ${name} is not present. Cache is enabled by default.`],
    ['0', true, `WARN ${name} must be TRUE or FALSE, got "0". Cache is enabled by default.`],
    ['no', true, `WARN ${name} must be TRUE or FALSE, got "no". Cache is enabled by default.`],
  ] as const) {
    assert.equal(readConfig({ [name]: text }).capacity > 0, expected, text)
    assert.equal(note({ [name]: text }, name), line)
  }
})

interface NumberCase {
  readonly name: string
  readonly read: (env: Environment) => number
  readonly fallback: number
  readonly good: Readonly<Record<string, number>>
  readonly bad: readonly string[]
  /** What a warning says between the name and the value. */
  readonly rule: string
}

const GARBAGE = ['   ', 'x', '5m', '1.5', '0x10', '1e2', 'NaN', 'Infinity', '--1', '1 2', '٣', '-1']

const NUMBERS: readonly NumberCase[] = [
  {
    name: 'PARAMETERS_SECRETS_EXTENSION_HTTP_PORT',
    read: (env) => readConfig(env).port,
    fallback: 2773,
    good: { '1': 1, '65535': 65535, ' 8080 ': 8080, '+8080': 8080, '08080': 8080 },
    bad: [...GARBAGE, '0', '65536', '9'.repeat(15), '9'.repeat(400)],
    rule: 'must be an integer from 1 to 65535',
  },
  {
    name: 'PARAMETERS_SECRETS_EXTENSION_CACHE_SIZE',
    read: (env) => readConfig(env).capacity,
    fallback: 1000,
    good: { '0': 0, '1': 1, '1000': 1000, '1001': 1000, '999999999999999': 1000, '\t7\n': 7 },
    bad: GARBAGE,
    rule: 'must be an integer from 0 to 1000',
  },
  {
    name: 'SECRETS_MANAGER_TTL',
    read: (env) => readConfig(env).secretsTtlMs / 1000,
    fallback: 300,
    good: { '0': 0, '1': 1, '300': 300, '301': 300, '2700': 300, '123456789012345': 300 },
    bad: GARBAGE,
    rule: 'must be an integer from 0 to 300',
  },
  {
    name: 'SSM_PARAMETER_STORE_TTL',
    read: (env) => readConfig(env).parametersTtlMs / 1000,
    fallback: 300,
    good: { '0': 0, '1': 1, '300': 300, '301': 300 },
    bad: GARBAGE,
    rule: 'must be an integer from 0 to 300',
  },
  {
    name: 'SECRETS_MANAGER_TIMEOUT_MILLIS',
    read: (env) => readConfig(env).upstream.secretsManager.timeoutMs,
    fallback: 0,
    good: { '0': 0, '1': 1, '2147483647': 2_147_483_647 },
    bad: [...GARBAGE, '2147483648', '9'.repeat(400)],
    rule: 'must be an integer from 0 to 2147483647',
  },
  {
    name: 'SSM_PARAMETER_STORE_TIMEOUT_MILLIS',
    read: (env) => readConfig(env).upstream.parameterStore.timeoutMs,
    fallback: 0,
    good: { '0': 0, '1500': 1500 },
    bad: [...GARBAGE, '2147483648'],
    rule: 'must be an integer from 0 to 2147483647',
  },
  {
    name: 'PARAMETERS_SECRETS_EXTENSION_MAX_CONNECTIONS',
    read: (env) => readConfig(env).upstream.maxConnections,
    fallback: 3,
    good: { '1': 1, '100': 100, '1000000': 1_000_000 },
    bad: [...GARBAGE, '0', '9'.repeat(400)],
    rule: 'must be an integer of 1 or more',
  },
]

/** Settings that the original does not have. Without one nothing is said. */
const OWN_NUMBERS: typeof NUMBERS = [
  {
    name: 'PARAMETERS_SECRETS_EXTENSION_REFRESH_AHEAD_PERCENT',
    read: (env) => readConfig(env).freshness.refreshAheadPercent,
    fallback: 0,
    good: { '0': 0, '90': 90, ' 20 ': 20 },
    bad: [...GARBAGE, '91'],
    rule: 'must be an integer from 0 to 90',
  },
  {
    name: 'PARAMETERS_SECRETS_EXTENSION_STALE_WHILE_REVALIDATE_SECONDS',
    read: (env) => readConfig(env).freshness.revalidateMs / 1000,
    fallback: 0,
    good: { '0': 0, '900': 900, '86400': 86_400 },
    bad: [...GARBAGE, '86401'],
    rule: 'must be an integer from 0 to 86400',
  },
  {
    name: 'PARAMETERS_SECRETS_EXTENSION_STALE_WAIT_MILLIS',
    read: (env) => readConfig(env).freshness.staleWaitMs,
    fallback: 500,
    good: { '0': 0, '500': 500, '60000': 60_000 },
    bad: [...GARBAGE, '60001'],
    rule: 'must be an integer from 0 to 60000',
  },
  {
    name: 'PARAMETERS_SECRETS_EXTENSION_STALE_ON_ERROR_SECONDS',
    read: (env) => readConfig(env).freshness.staleMs / 1000,
    fallback: 0,
    good: { '0': 0, '3600': 3600, '600': 600 },
    bad: [...GARBAGE, '3601'],
    rule: 'must be an integer from 0 to 3600',
  },
  {
    name: 'PARAMETERS_SECRETS_EXTENSION_NEGATIVE_TTL_SECONDS',
    read: (env) => readConfig(env).negativeTtlMs / 1000,
    fallback: 0,
    good: { '0': 0, '60': 60 },
    bad: [...GARBAGE, '61'],
    rule: 'must be an integer from 0 to 60',
  },
  {
    name: 'PARAMETERS_SECRETS_EXTENSION_CACHE_MAX_MB',
    read: (env) => readConfig(env).cacheMaxBytes / (1024 * 1024),
    fallback: 16,
    good: { '1': 1, '1024': 1024, ' 64 ': 64 },
    bad: [...GARBAGE, '0', '1025'],
    rule: 'must be an integer from 1 to 1024',
  },
]

for (const { name, read, fallback, good, bad, rule } of OWN_NUMBERS) {
  test(`${name} takes every good value, and warns of a bad one`, () => {
    assert.equal(read({}), fallback)
    for (const [text, value] of Object.entries(good)) {
      assert.equal(read({ [name]: text }), value, text)
      assert.deepEqual(notes({ [name]: text }).length, notes({}).length + 1)
    }
    for (const text of bad) {
      assert.equal(read({ [name]: text }), fallback, text)
      assert.ok(
        notes({ [name]: text }).some((line) => line.startsWith(`WARN ${name} ${rule}`)),
        text,
      )
    }
  })
}

test('the cache is smaller by default where the function has less memory, and a set value wins', () => {
  const cacheMb = (memory: string, set = ''): number =>
    readConfig({
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: memory,
      PARAMETERS_SECRETS_EXTENSION_CACHE_MAX_MB: set,
    }).cacheMaxBytes /
    2 ** 20
  for (const [memory, expected] of [
    ['128', 4],
    ['191', 4],
    ['192', 8],
    ['511', 8],
    ['512', 16],
    ['10240', 16],
  ] as const) {
    assert.equal(cacheMb(memory), expected, memory)
    assert.equal(cacheMb(memory, '32'), 32, memory)
    assert.equal(cacheMb(memory, 'much'), expected, 'a bad value is as none')
  }
  for (const none of ['', '0', '-128', '128 MB', 'NaN']) assert.equal(cacheMb(none), 16, none)
})

for (const { name, read, fallback, good, bad, rule } of NUMBERS) {
  test(`${name} takes every good value, with blanks around it, and clamps where the original does`, () => {
    assert.equal(read({}), fallback)
    assert.equal(read({ [name]: '' }), fallback, 'empty is absent')
    assert.match(note({ [name]: '' }, name), /^DEBUG \S+ is not present\./)
    for (const [text, expected] of Object.entries(good)) {
      assert.equal(read({ [name]: text }), expected, text)
      const clamped = Number(text) > expected
      assert.match(
        note({ [name]: text }, name),
        clamped ? /^WARN \S+ exceeds max limit\. Setting / : /^DEBUG \S+ is /,
      )
    }
  })

  test(`${name} warns about every bad value, naming value and rule, and takes ${fallback}`, () => {
    for (const text of bad) {
      assert.equal(read({ [name]: text }), fallback, text)
      assert.ok(
        note({ [name]: text }, name).startsWith(`WARN ${name} ${rule}, got "${text.trim()}". `),
        note({ [name]: text }, name),
      )
    }
  })
}

test('a clamped cache size says so', () => {
  assert.equal(
    note({ PARAMETERS_SECRETS_EXTENSION_CACHE_SIZE: '1001' }, 'PARAMETERS_SECRETS_EXTENSION_CACHE_SIZE'),
    'WARN PARAMETERS_SECRETS_EXTENSION_CACHE_SIZE exceeds max limit. Setting cache size to 1000 objects.',
  )
})

test('several bad values are reported at once, and each takes its default', () => {
  const env = {
    PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: 'http',
    SECRETS_MANAGER_TTL: '5m',
    PARAMETERS_SECRETS_EXTENSION_MAX_CONNECTIONS: '0',
  }
  const warnings = notes(env).filter((line) => line.startsWith('WARN '))
  assert.equal(warnings.length, 3)
  assert.equal(readConfig(env).port, 2773)
})

// aws/aws-cdk#26011: the CDK once wrote PARAMETERS_AND_SECRETS_EXTENSION_*, and the original took no notice.
test('variables of other names change nothing', () => {
  const env = {
    PARAMETERS_AND_SECRETS_EXTENSION_LOG_LEVEL: 'debug',
    parameters_secrets_extension_http_port: '1',
  }
  assert.deepEqual(readConfig(env), readConfig({}))
})

for (const [ms, text] of [
  [0, '0s'],
  [1, '1ms'],
  [250, '250ms'],
  [999, '999ms'],
  [1000, '1s'],
  [1001, '1.001s'],
  [1500, '1.5s'],
  [59_999, '59.999s'],
  [60_000, '1m0s'],
  [61_500, '1m1.5s'],
  [300_000, '5m0s'],
  [3_599_999, '59m59.999s'],
  [3_600_000, '1h0m0s'],
  [5_025_678, '1h23m45.678s'],
  [2_147_483_647, '596h31m23.647s'],
] as const) {
  test(`${ms} ms is ${text}, as Go writes a duration`, () => assert.equal(goDuration(ms), text))
}

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', ' ', 'TRUE', 'false', '0', '-0', '-1', '+1', '1e9', '9'.repeat(400), 'null', '\u0000'),
  fc.integer().map(String),
)

function within(n: number, min: number, max: number): void {
  assert.ok(Number.isInteger(n) && n >= min && n <= max, `${n} is from ${min} to ${max}`)
}

test('the ceiling of both times to live can be raised to an hour, and no further', () => {
  const read = (ceiling: string) => {
    const { secretsTtlMs, parametersTtlMs } = readConfig({
      PARAMETERS_SECRETS_EXTENSION_MAX_TTL_SECONDS: ceiling,
      SECRETS_MANAGER_TTL: '4000',
      SSM_PARAMETER_STORE_TTL: '900',
    })
    return [secretsTtlMs / 1000, parametersTtlMs / 1000]
  }
  assert.deepEqual(read('300'), [300, 300])
  assert.deepEqual(read('900'), [900, 900])
  assert.deepEqual(read('3600'), [3600, 900])
  for (const bad of ['3601', '299', 'x']) assert.deepEqual(read(bad), [300, 300], bad)
  assert.ok(
    notes({ PARAMETERS_SECRETS_EXTENSION_MAX_TTL_SECONDS: '900', SECRETS_MANAGER_TTL: '901' }).includes(
      'WARN SECRETS_MANAGER_TTL exceeds max limit. Setting Secrets Manger TTL to 15m0s.',
    ),
  )
})

const DOCUMENTED =
  /^(PARAMETERS_SECRETS_EXTENSION_(LOG_LEVEL|CACHE_ENABLED|CACHE_SIZE|MAX_CONNECTIONS|HTTP_PORT)|SECRETS_MANAGER_|SSM_PARAMETER_STORE_)/

test('no environment makes it throw or leave its ranges', () => {
  const names = Object.keys(fullEnvironment()).concat(OWN_NUMBERS.map(({ name }) => name))
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...names), text), (env) => {
      const config = readConfig(env)
      within(config.port, 1, 65535)
      within(config.capacity, 0, 1000)
      within(config.cacheMaxBytes, 2 ** 20, 2 ** 30)
      within(config.secretsTtlMs, 0, 300_000)
      within(config.parametersTtlMs, 0, 300_000)
      within(config.upstream.secretsManager.timeoutMs, 0, 2 ** 31 - 1)
      within(config.upstream.parameterStore.timeoutMs, 0, 2 ** 31 - 1)
      within(config.upstream.maxConnections, 1, Number.MAX_SAFE_INTEGER)
      const documented = config.notes.filter(({ message }) => DOCUMENTED.test(message))
      assert.equal(documented.length, 9, 'one line per documented variable')
      assert.ok(!config.callerTokens.includes(''))
    }),
  )
})

test('no credential, token or key is in any line, whatever else is wrong', () => {
  const env = fullEnvironment()
  const all = notes({ ...env, SECRETS_MANAGER_TTL: 'x', PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: 'y' }).join(
    '\n',
  )
  for (const name of ['AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_CONTAINER_AUTHORIZATION_TOKEN']) {
    assert.ok(!all.includes(env[name]!), name)
  }
})

function fullEnvironment(): Record<string, string> {
  const names = NUMBERS.map(({ name }) => name).concat([
    'PARAMETERS_SECRETS_EXTENSION_LOG_LEVEL',
    'PARAMETERS_SECRETS_EXTENSION_CACHE_ENABLED',
    'AWS_LAMBDA_LOG_FORMAT',
    'AWS_SESSION_TOKEN',
    'AWS_ACCESS_KEY_ID',
    'AWS_SECRET_ACCESS_KEY',
    'AWS_CONTAINER_AUTHORIZATION_TOKEN',
    'AWS_CONTAINER_CREDENTIALS_FULL_URI',
    'AWS_ENDPOINT_URL',
    'AWS_REGION',
    'AWS_LAMBDA_RUNTIME_API',
  ])
  return Object.fromEntries(names.map((name) => [name, `value-of-${name}`]))
}

test('a runtime API that is no host and port is warned of and not asked', () => {
  const warnings = (config: Config) =>
    config.notes.filter(({ level }) => level === 'warn').map(({ message }) => message)
  for (const good of ['127.0.0.1:9001', 'localhost:9001', '[::1]:9001', '169.254.100.1:9001']) {
    const config = readConfig({ AWS_LAMBDA_RUNTIME_API: good })
    assert.equal(config.runtimeApi, good)
    assert.deepEqual(warnings(config), [])
  }
  for (const bad of ['127.0.0.1:x', ':9001', 'a b', '127.0.0.1:99999']) {
    const config = readConfig({ AWS_LAMBDA_RUNTIME_API: bad })
    assert.equal(config.runtimeApi, undefined)
    const line = `AWS_LAMBDA_RUNTIME_API must be host:port, got "${bad}". Not registering.`
    assert.deepEqual(warnings(config), [line])
  }
})

const PREFETCH = 'PARAMETERS_SECRETS_EXTENSION_PREFETCH_'
const silent = (env: Environment): number => notes(env).filter((line) => line.includes(PREFETCH)).length

test('names to prefetch stand between commas and white space', () => {
  const env = {
    [PREFETCH + 'SECRETS']: ' a,b  c\n, ,d?versionStage=AWSPREVIOUS,',
    [PREFETCH + 'PARAMETERS']: '/a/b:3 /tree/',
    [PREFETCH + 'FILE']: '/var/task/names.json',
    [PREFETCH + 'BATCH']: ' True ',
    [PREFETCH + 'WAIT_MILLIS']: '0',
  }
  assert.deepEqual(readConfig(env).prefetch, {
    isEmpty: false,
    secrets: ['a', 'b', 'c', 'd?versionStage=AWSPREVIOUS'],
    parameters: ['/a/b:3', '/tree/'],
    file: '/var/task/names.json',
    batch: true,
    waitMs: 0,
  })
})

test('nothing is said of a prefetch that is not set', () => {
  assert.equal(silent({}), 0)
  assert.equal(silent({ [PREFETCH + 'SECRETS']: '', [PREFETCH + 'BATCH']: '', [PREFETCH + 'FILE']: '' }), 0)
})

test('bad settings of the prefetch warn and take the default', () => {
  for (const [name, value, line] of [
    ['FILE', 'names.json', 'must be an absolute path, got "names.json". Ignoring it.'],
    ['BATCH', 'yes', 'must be TRUE or FALSE, got "yes". Using FALSE.'],
    ['WAIT_MILLIS', '5001', 'must be an integer from 0 to 5000, got "5001". Using 1000 ms.'],
    ['WAIT_MILLIS', '-1', 'must be an integer from 0 to 5000, got "-1". Using 1000 ms.'],
  ] as const) {
    const env = { [PREFETCH + name]: value }
    assert.deepEqual(readConfig(env).prefetch, readConfig({}).prefetch)
    assert.equal(note(env, PREFETCH + name), `WARN ${PREFETCH}${name} ${line}`)
  }
})
