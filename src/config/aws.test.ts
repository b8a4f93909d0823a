// The part of the environment that Lambda and the AWS SDKs define: credentials, region, endpoints.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readConfig } from './config.ts'
import type { Environment } from './read.ts'

const tokens = (env: Environment) => readConfig(env).callerTokens
const credentials = (env: Environment) => readConfig(env).upstream.credentials
const container = (env: Environment) => readConfig(env).upstream.container
const region = (env: Environment) => readConfig(env).upstream.region
const endpoints = (env: Environment) => {
  const { secretsManager, parameterStore } = readConfig(env).upstream
  return [secretsManager.endpoint, parameterStore.endpoint]
}

test('callers may present the session token or the container token, and empty ones never count', () => {
  assert.deepEqual(tokens({ AWS_SESSION_TOKEN: 'a' }), ['a'])
  assert.deepEqual(tokens({ AWS_CONTAINER_AUTHORIZATION_TOKEN: 'b' }), ['b'])
  assert.deepEqual(tokens({ AWS_SESSION_TOKEN: 'a', AWS_CONTAINER_AUTHORIZATION_TOKEN: 'b' }), ['a', 'b'])
  assert.deepEqual(tokens({ AWS_SESSION_TOKEN: '', AWS_CONTAINER_AUTHORIZATION_TOKEN: '' }), [])
  assert.deepEqual(tokens({ AWS_SESSION_TOKEN: '', AWS_CONTAINER_AUTHORIZATION_TOKEN: 'b' }), ['b'])
})

test('a token is taken as it is, blanks included', () => {
  assert.deepEqual(readConfig({ AWS_SESSION_TOKEN: ' a ' }).callerTokens, [' a '])
})

test('environment credentials need a key id and a secret key, and the session token may be missing', () => {
  const both = { AWS_ACCESS_KEY_ID: 'AKID', AWS_SECRET_ACCESS_KEY: 'key' }
  assert.deepEqual(credentials(both), {
    accessKeyId: 'AKID',
    secretAccessKey: 'key',
    sessionToken: undefined,
  })
  assert.equal(credentials({ ...both, AWS_SESSION_TOKEN: 't' })?.sessionToken, 't')
  assert.equal(credentials({ ...both, AWS_SESSION_TOKEN: '' })?.sessionToken, undefined)
  assert.equal(credentials({ AWS_ACCESS_KEY_ID: 'AKID' }), undefined)
  assert.equal(credentials({ AWS_SECRET_ACCESS_KEY: 'key' }), undefined)
  assert.equal(credentials({ ...both, AWS_ACCESS_KEY_ID: '' }), undefined)
})

test('container credentials need an address, full or relative', () => {
  const full = 'http://127.0.0.1:9001/creds'
  assert.deepEqual(
    container({ AWS_CONTAINER_CREDENTIALS_FULL_URI: full, AWS_CONTAINER_AUTHORIZATION_TOKEN: 't' }),
    {
      fullUri: full,
      relativeUri: undefined,
      authorizationToken: 't',
      authorizationTokenFile: undefined,
    },
  )
  assert.deepEqual(
    container({
      AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/v2/x',
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: 'f',
    }),
    {
      fullUri: undefined,
      relativeUri: '/v2/x',
      authorizationToken: undefined,
      authorizationTokenFile: 'f',
    },
  )
  assert.equal(container({ AWS_CONTAINER_AUTHORIZATION_TOKEN: 't' }), undefined)
  assert.equal(container({ AWS_CONTAINER_CREDENTIALS_FULL_URI: '' }), undefined)
})

test('AWS_REGION goes before AWS_DEFAULT_REGION', () => {
  assert.equal(region({ AWS_REGION: 'eu-west-1', AWS_DEFAULT_REGION: 'us-east-1' }), 'eu-west-1')
  assert.equal(region({ AWS_DEFAULT_REGION: 'us-east-1' }), 'us-east-1')
  assert.equal(region({ AWS_REGION: '', AWS_DEFAULT_REGION: 'us-east-1' }), 'us-east-1')
})

test('the endpoint of a service goes before the endpoint of all', () => {
  const all = { AWS_ENDPOINT_URL: 'http://all' }
  assert.deepEqual(endpoints(all), ['http://all', 'http://all'])
  assert.deepEqual(endpoints({ ...all, AWS_ENDPOINT_URL_SSM: 'http://ssm' }), ['http://all', 'http://ssm'])
  assert.deepEqual(endpoints({ ...all, AWS_ENDPOINT_URL_SECRETS_MANAGER: 'http://sm' }), [
    'http://sm',
    'http://all',
  ])
  assert.deepEqual(endpoints({ AWS_ENDPOINT_URL_SSM: 'http://ssm' }), [undefined, 'http://ssm'])
  assert.deepEqual(
    endpoints({ ...all, AWS_ENDPOINT_URL_SSM: '' }),
    ['http://all', 'http://all'],
    'empty is absent',
  )
})

test('FIPS and dual stack are on for true alone, in any letter case', () => {
  for (const [text, expected] of [
    ['true', true],
    ['TRUE', true],
    ['True', true],
    ['false', false],
    ['1', false],
    ['', false],
  ] as const) {
    const { useFips, useDualstack } = readConfig({
      AWS_USE_FIPS_ENDPOINT: text,
      AWS_USE_DUALSTACK_ENDPOINT: text,
    }).upstream
    assert.deepEqual([useFips, useDualstack], [expected, expected], text)
  }
  const { useFips, useDualstack } = readConfig({ AWS_USE_FIPS_ENDPOINT: 'true' }).upstream
  assert.deepEqual([useFips, useDualstack], [true, false], 'one does not switch the other')
})

test('the log is JSON exactly where the function logs JSON', () => {
  for (const [text, expected] of [
    ['JSON', 'json'],
    ['json', 'json'],
    ['Text', 'text'],
    ['', 'text'],
    ['JSONL', 'text'],
  ] as const) {
    assert.equal(readConfig({ AWS_LAMBDA_LOG_FORMAT: text }).logFormat, expected, text)
  }
})

test('what Lambda tells about itself is passed on, and empty is absent', () => {
  const config = readConfig({
    AWS_LAMBDA_RUNTIME_API: '127.0.0.1:9001',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'snap-start',
    AWS_CA_BUNDLE: 'bundle.pem',
  })
  assert.equal(config.runtimeApi, '127.0.0.1:9001')
  assert.equal(config.initializationType, 'snap-start')
  assert.equal(config.upstream.caBundle, 'bundle.pem')
  const empty = readConfig({
    AWS_LAMBDA_RUNTIME_API: '',
    AWS_LAMBDA_INITIALIZATION_TYPE: '',
    AWS_CA_BUNDLE: '',
  })
  assert.equal(empty.runtimeApi, undefined)
  assert.equal(empty.initializationType, undefined)
  assert.equal(empty.upstream.caBundle, undefined)
})

test('an endpoint without a scheme is warned of without being quoted, and is not used', () => {
  for (const value of ['localhost:4566', 'user:MARKER@host', 'ftp://host', 'https://', 'http//host']) {
    const { notes, upstream } = readConfig({ AWS_ENDPOINT_URL_SSM: value, AWS_ENDPOINT_URL: 'http://a' })
    assert.equal(upstream.parameterStore.endpoint, 'http://a')
    const lines = notes.filter(({ level }) => level === 'warn').map(({ message }) => message)
    assert.deepEqual(lines, [
      'AWS_ENDPOINT_URL_SSM must be a URL that begins with http:// or https://. Ignoring it.',
    ])
  }
})

test('configured endpoints are ignored where AWS_IGNORE_CONFIGURED_ENDPOINT_URLS says so', () => {
  const env = { AWS_ENDPOINT_URL: 'http://a', AWS_ENDPOINT_URL_SSM: 'http://b' }
  assert.deepEqual(endpoints({ ...env, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'True' }), [undefined, undefined])
  assert.deepEqual(endpoints({ ...env, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'false' }), [
    'http://a',
    'http://b',
  ])
})

test('AWS_MAX_ATTEMPTS is taken, 0 is the default, and a bad one warns and takes the default', () => {
  const attempts = (text: string) => readConfig({ AWS_MAX_ATTEMPTS: text }).upstream.maxAttempts
  assert.deepEqual(['1', '2', '10', '0'].map(attempts), [1, 2, 10, 3])
  for (const text of ['-1', 'many', '1.5']) {
    const { notes, upstream } = readConfig({ AWS_MAX_ATTEMPTS: text })
    assert.equal(upstream.maxAttempts, 3)
    assert.ok(notes.some(({ level, message }) => level === 'warn' && message.includes(`got "${text}"`)))
  }
})

test('the region of replicas is read as it is, and looked at when AWS is first needed', () => {
  const read = (text: string) => {
    const { notes, upstream } = readConfig({ PARAMETERS_SECRETS_EXTENSION_FAILOVER_REGION: text })
    assert.deepEqual(
      notes.filter(({ message }) => message.includes('FAILOVER')),
      [],
    )
    return upstream.failoverRegion
  }
  assert.deepEqual([' eu-west-1\n', '', ' ', 'moon'].map(read), ['eu-west-1', undefined, undefined, 'moon'])
})
