import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parameterLookup, secretLookup, type Lookup } from '../../lookup.ts'
import { rejects } from '../rejects.ts'
import { createRouter, route } from './route.ts'

const SECRET = '/secretsmanager/get'
const PARAMETER = '/systemsmanager/parameters/get'

function asks(target: string, lookup: Lookup, refreshNow = false): void {
  assert.deepEqual(route(target), { kind: 'read', lookup, shape: undefined, refreshNow }, target)
}

function refused(target: string, why: keyof typeof rejects): void {
  assert.equal(route(target), rejects[why], target)
}

const secret = (id: string, version?: string, stage?: string) =>
  secretLookup(id, { versionId: version, versionStage: stage })
const parameter = (name: string, selector?: string, decrypt = false) =>
  parameterLookup(name, { selector, withDecryption: decrypt })

test('a secret by name, by ARN and by partial ARN', () => {
  const arn = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:MySecret-AbCdEf'
  asks(`${SECRET}?secretId=MySecret`, secret('MySecret'))
  asks(`${SECRET}?secretId=${arn}`, secret(arn))
  asks(`${SECRET}?secretId=${arn.slice(0, -7)}`, secret(arn.slice(0, -7)))
})

test('a secret by version id, by stage and by both, in any order', () => {
  asks(`${SECRET}?secretId=a&versionId=v`, secret('a', 'v'))
  asks(`${SECRET}?secretId=a&versionStage=AWSPREVIOUS`, secret('a', undefined, 'AWSPREVIOUS'))
  asks(`${SECRET}?secretId=a&versionId=v&versionStage=s`, secret('a', 'v', 's'))
  asks(`${SECRET}?versionStage=s&versionId=v&secretId=a`, secret('a', 'v', 's'))
})

test('a parameter by name, path, ARN, public path and secret reference', () => {
  for (const name of [
    'plain',
    '/a/b/c',
    'arn:aws:ssm:us-east-1:123456789012:parameter/MyParameter',
    '/aws/service/ami-amazon-linux-latest/al2023',
    '/aws/reference/secretsmanager/prod/db',
  ]) {
    asks(`${PARAMETER}?name=${name}`, parameter(name))
    asks(`${PARAMETER}?name=${encodeURIComponent(name)}`, parameter(name))
  }
})

test('behind /v1/ all of the path is the name, decoded, and the query has the rest', () => {
  asks('/v1/a', secret('a'))
  asks('/v1/a/b?versionStage=AWSPREVIOUS', secret('a/b', undefined, 'AWSPREVIOUS'))
  asks('/v1/a&versionId=b', secret('a&versionId=b'))
  asks('/v1//a/', secret('/a/'))
  asks('/v1/%2Fa%20b+c', secret('/a b+c'))
  asks('/v1/a?secretId=b&withDecryption=true', secret('a'))
  asks('http://localhost:2773/v1/a', secret('a'))
  refused('/v1/', 'missingSecretId')
  refused('/v1/?secretId=a', 'missingSecretId')
  for (const broken of ['/v1/%', '/v1/%zz', '/v1/%ff', '/v1/a%00']) refused(broken, 'malformedEscape')
})

test('both paths are served with and without a slash at the end, and with nothing else', () => {
  asks(`${SECRET}/?secretId=a`, secret('a'))
  asks(`${PARAMETER}/?name=a`, parameter('a'))
  for (const path of [
    '/',
    '//',
    '',
    '/secretsmanager',
    '/SecretsManager/get',
    '/secretsmanager/getx',
    '/secretsmanager/get/x',
    '/secretsmanager%2fget',
    '/x/../secretsmanager/get',
    '/systemsmanager/parameters',
    '/systemsmanager/get',
    '/v1',
    '/v2/MySecret',
    '/V1/MySecret',
    '/pin',
    '/favicon.ico',
    '/favicon.ico/',
  ]) {
    refused(`${path}?secretId=a&name=a`, 'unknownPath')
  }
})

test('every path is served with a slash at the end', () => {
  for (const [path, kind] of [
    ['/ping/', 'ping'],
    ['/ping//?a=b', 'ping'],
    ['http://localhost/ping/', 'ping'],
    ['/environment/', 'environment'],
    ['/metrics/', 'metrics'],
    ['/secretsmanager/getMultiple/?secretId=a', 'many'],
    ['/systemsmanager/parameters/getMultiple/?name=a', 'many'],
    ['/systemsmanager/parameters/getByPath/?path=/a/', 'read'],
  ] as const) {
    assert.equal(route(path).kind, kind, path)
  }
})

test('several slashes in the path count as one, and those of a value stay', () => {
  for (const path of ['//secretsmanager/get', '/secretsmanager//get', '///secretsmanager///get//']) {
    asks(`${path}?secretId=a//b`, secret('a//b'))
    asks(`http://localhost${path}?secretId=a`, secret('a'))
  }
  asks('//systemsmanager/parameters//get?name=//a', parameter('//a'))
  assert.equal(route('//ping').kind, 'ping')
})

test('ping is a ping, whatever follows the question mark', () => {
  for (const target of ['/ping', '/ping?', '/ping?x=%zz']) assert.equal(route(target).kind, 'ping')
})

test('the name of a parameter is case-sensitive', () => {
  refused(`${SECRET}?secretid=a`, 'missingSecretId')
  refused(`${SECRET}?SecretId=a`, 'missingSecretId')
  refused(`${PARAMETER}?Name=a`, 'missingName')
})

test('a missing or empty name is refused', () => {
  for (const query of [
    '',
    '?',
    '?&',
    '?&&=',
    '?secretId',
    '?secretId=',
    '?versionId=v&versionStage=s',
    '?name=a',
  ]) {
    refused(SECRET + query, 'missingSecretId')
  }
  for (const query of ['', '?', '?name', '?name=', '?withDecryption=true', '?secretId=a', '?version=1']) {
    refused(PARAMETER + query, 'missingName')
  }
})

test('empty version, stage, label and selector are as good as absent', () => {
  asks(`${SECRET}?secretId=a&versionId=&versionStage=`, secret('a'))
  asks(`${PARAMETER}?name=a&version=&label=&withDecryption=&refreshNow=`, parameter('a'))
  asks(`${PARAMETER}?name=a&version&label`, parameter('a'))
})

// "only the first of these that is placed after question mark (?) in the URL is used" (SSM user guide)
test('of version and label the first in the URL counts', () => {
  asks(`${PARAMETER}?name=a&version=3&label=Dev`, parameter('a', '3'))
  asks(`${PARAMETER}?name=a&label=Dev&version=3`, parameter('a', 'Dev'))
  asks(`${PARAMETER}?label=Dev&name=a&version=3`, parameter('a', 'Dev'))
  asks(`${PARAMETER}?name=a&version=&label=Dev`, parameter('a', 'Dev'))
})

test('of a repeated parameter the first that is not empty counts', () => {
  asks(`${SECRET}?secretId=a&secretId=b`, secret('a'))
  asks(`${SECRET}?secretId=&secretId=b`, secret('b'))
  asks(`${PARAMETER}?name=a&name=b&withDecryption=true&withDecryption=false`, parameter('a', undefined, true))
  asks(`${PARAMETER}?name=a&version=1&version=2`, parameter('a', '1'))
})

test('unknown parameters are ignored, malformed ones too', () => {
  // 63Klabs/cache-data sends withDecryption to the secrets endpoint.
  asks(`${SECRET}?secretId=a&withDecryption=true`, secret('a'))
  asks(`${SECRET}?withDecryption=perhaps&secretId=a`, secret('a'))
  asks(`${SECRET}?abc=1&secretId=a&%zz=%zz&__proto__=x&constructor=y`, secret('a'))
  asks(`${PARAMETER}?name=a&secretId=b&versionStage=c`, parameter('a'))
})

test('escapes count in either letter case, and a plus or %20 is a space', () => {
  asks(`${PARAMETER}?name=%2Fa%2Fb`, parameter('/a/b'))
  asks(`${PARAMETER}?name=%2fa%2fb`, parameter('/a/b'))
  asks(`${PARAMETER}?name=/a%2fb`, parameter('/a/b'))
  asks(`${SECRET}?secretId=my+secret`, secret('my secret'))
  asks(`${SECRET}?secretId=my%20secret`, secret('my secret'))
  asks(`${SECRET}?secretId=my%2bsecret`, secret('my+secret'))
  asks(`${SECRET}?secretId=%61`, secret('a'))
  asks(`${SECRET}?%73ecretId=a`, secret('a'))
  asks(`${SECRET}?secretId=caf%C3%A9`, secret('café'))
  asks(`${SECRET}?secretId=%F0%9F%94%91`, secret('🔑'))
})

test('what is escaped is data: an escaped & or = or ? separates nothing', () => {
  asks(`${SECRET}?secretId=a%26versionId%3Dv`, secret('a&versionId=v'))
  asks(`${SECRET}?secretId=a=b`, secret('a=b'))
  asks(`${SECRET}?secretId=a?b`, secret('a?b'))
  asks(`${SECRET}?secretId=a%2526`, secret('a%26'))
})

test('a malformed escape, invalid UTF-8 and U+0000 are refused where they matter', () => {
  for (const bad of ['%', '%2', '%zz', 'a%', '%C3', '%FF', '%ED%A0%80', '%C0%80', '%00', 'a%00b']) {
    refused(`${SECRET}?secretId=${bad}`, 'malformedEscape')
    refused(`${SECRET}?secretId=a&versionId=${bad}`, 'malformedEscape')
    refused(`${SECRET}?secretId=a&versionStage=${bad}`, 'malformedEscape')
    refused(`${PARAMETER}?name=${bad}`, 'malformedEscape')
    refused(`${PARAMETER}?name=a&version=${bad}`, 'malformedEscape')
    refused(`${PARAMETER}?name=a&label=${bad}`, 'malformedEscape')
  }
})

test('withDecryption takes true, false, 1, 0, t and f in any letter case', () => {
  for (const word of ['true', 'TRUE', 'True', 'tRuE', '1', 't', 'T', '%74rue', '%31']) {
    asks(`${PARAMETER}?name=a&withDecryption=${word}`, parameter('a', undefined, true))
  }
  for (const word of ['false', 'FALSE', 'False', '0', 'f', 'F', '']) {
    asks(`${PARAMETER}?name=a&withDecryption=${word}`, parameter('a'))
  }
})

test('anything else as withDecryption or refreshNow is refused', () => {
  for (const word of [
    'yes',
    'no',
    'on',
    '2',
    '-1',
    '01',
    '123',
    'tru',
    'truee',
    '+true',
    'true+',
    '%zz',
    '%00',
  ]) {
    refused(`${PARAMETER}?name=a&withDecryption=${word}`, 'badWithDecryption')
    refused(`${PARAMETER}?name=a&refreshNow=${word}`, 'badRefreshNow')
    refused(`${SECRET}?secretId=a&refreshNow=${word}`, 'badRefreshNow')
  }
})

test('refreshNow is for both endpoints, and is no part of the question', () => {
  asks(`${SECRET}?secretId=a&refreshNow=true`, secret('a'), true)
  asks(`${SECRET}?refreshNow=1&secretId=a`, secret('a'), true)
  asks(`${PARAMETER}?name=a&refreshNow=TRUE`, parameter('a'), true)
  asks(`${PARAMETER}?name=a&refreshNow=0`, parameter('a'), false)
})

test('the absolute form is served for this machine and refused for any other', () => {
  asks(`http://localhost:2773${SECRET}?secretId=a`, secret('a'))
  asks(`HTTP://127.0.0.1${PARAMETER}/?name=/a`, parameter('/a'))
  asks(`https://[::1]:2773${SECRET}?secretId=a`, secret('a'))
  assert.equal(route('http://localhost/ping').kind, 'ping')
  for (const authority of [
    'evil.com',
    'localhost.evil.com',
    'localhost@evil.com',
    '',
    '127.0.0.1.evil.com:80',
  ]) {
    refused(`http://${authority}${SECRET}?secretId=a`, 'foreignHost')
  }
  refused(`http://evil.com?http://localhost${SECRET}`, 'foreignHost')
})

test('what is no path at all is an unknown one', () => {
  for (const target of [
    '',
    '*',
    '?',
    'secretsmanager/get',
    'ftp://localhost/ping',
    'http://localhost',
    'localhost:2773',
  ]) {
    refused(target, 'unknownPath')
  }
})

test('the router answers a repeated target with the very same object', () => {
  const router = createRouter()
  const target = `${SECRET}?secretId=a`
  assert.equal(router(target), router(target))
  assert.deepEqual(router(target), route(target))
  assert.notEqual(createRouter()(target), router(target), 'and each router remembers its own')
})

test('the router remembers no refusal, no ping and no very long target', () => {
  const router = createRouter()
  const long = `${SECRET}?secretId=${'a'.repeat(1_100)}`
  assert.notEqual(router(long), router(long))
  assert.deepEqual(router(long), router(long))
  assert.equal(router('/nowhere'), rejects.unknownPath)
  assert.equal(router(`${SECRET}?`), rejects.missingSecretId)
})

test('more targets than the router remembers are answered just the same', () => {
  const router = createRouter()
  const target = (i: number) => `${SECRET}?secretId=secret-${i}`
  for (const round of [1, 2]) {
    for (let i = 0; i < 1_500; i++) assert.deepEqual(router(target(i)), route(target(i)), `round ${round}`)
  }
})
