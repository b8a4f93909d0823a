import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import test from 'node:test'
import type { LambdaHost } from './host.ts'
import { ask, lambda, nextAs, played, registerAs } from './testing.ts'

const named = { 'Lambda-Extension-Name': 'played' }
const register = (host: LambdaHost, headers: Record<string, string>, body: string) =>
  ask(host, 'POST', 'register', headers, body)

test('register answers with an identifier, a line of JSON about the function, and no account', async (t) => {
  const host = await lambda(t, { extensions: [played], functionName: 'f' })
  const answer = await register(host, named, '{"events":["INVOKE","SHUTDOWN"]}')
  assert.equal(answer.status, 200)
  assert.equal(answer.headers['content-type'], 'application/json')
  assert.match(
    String(answer.headers['lambda-extension-identifier']),
    /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  )
  assert.equal(answer.body, '{"functionName":"f","functionVersion":"$LATEST","handler":"index.handler"}\n')
})

test('register returns the account to those that accept the feature, among others it does not know', async (t) => {
  const host = await lambda(t, { extensions: [played], accountId: '111122223333' })
  const headers = { ...named, 'Lambda-Extension-Accept-Feature': 'teleport, accountId' }
  const answer = await register(host, headers, '{"events":[]}')
  assert.equal(JSON.parse(answer.body).accountId, '111122223333')
})

test('events may be absent', async (t) => {
  const host = await lambda(t, { extensions: [played] })
  assert.equal((await register(host, named, '{}')).status, 200)
})

interface Refused {
  headers?: Record<string, string>
  body: string
  errorType: string
  errorMessage: string | RegExp
}

const refusedRegisters: Record<string, Refused> = {
  'without a name': {
    headers: {},
    body: '{"events":[]}',
    errorType: 'Extension.InvalidExtensionName',
    errorMessage: 'Empty extension name',
  },
  'with a body that is not JSON': {
    body: 'events',
    errorType: 'InvalidRequestFormat',
    errorMessage: /./,
  },
  'with legacy configuration keys': {
    body: '{"events":[],"configurationKeys":["a"]}',
    errorType: 'InvalidRequestFormat',
    errorMessage: /./,
  },
  'with events that are no list': {
    body: '{"events":"INVOKE"}',
    errorType: 'InvalidRequestFormat',
    errorMessage: /./,
  },
  'for an unknown event': {
    body: '{"events":["FOO"]}',
    errorType: 'Extension.InvalidEventType',
    errorMessage: 'FOO: ErrorInvalidEventType',
  },
  'for an event in lower case': {
    body: '{"events":["shutdown"]}',
    errorType: 'Extension.InvalidEventType',
    errorMessage: 'shutdown: ErrorInvalidEventType',
  },
  'for SHUTDOWN by an internal extension': {
    headers: { 'Lambda-Extension-Name': 'unknown' },
    body: '{"events":["SHUTDOWN"]}',
    errorType: 'Extension.InvalidEventType',
    errorMessage: 'SHUTDOWN: ShutdownEventNotSupportedForInternalExtension',
  },
}

for (const [how, row] of Object.entries(refusedRegisters)) {
  test(`register ${how} is refused with ${row.errorType}, and a good one follows`, async (t) => {
    const host = await lambda(t, { extensions: [played] })
    const answer = await register(host, row.headers ?? named, row.body)
    const { errorType, errorMessage } = JSON.parse(answer.body)
    assert.deepEqual([answer.status, errorType], [403, row.errorType])
    assert.match(errorMessage, new RegExp(row.errorMessage))
    assert.equal((await register(host, named, '{"events":["SHUTDOWN"]}')).status, 200)
  })
}

test('registering twice is refused as a transition that is not allowed', async (t) => {
  const host = await lambda(t, { extensions: [played, { ...played, name: 'late' }] })
  await registerAs(host, 'played', ['SHUTDOWN'])
  const answer = await register(host, named, '{"events":["SHUTDOWN"]}')
  assert.equal(answer.status, 403)
  assert.deepEqual(JSON.parse(answer.body), {
    errorMessage:
      'State transition from Registered to Registered failed for extension played. Error: State transition is not allowed',
    errorType: 'Extension.InvalidExtensionState',
  })
})

test('registration is closed after init', async (t) => {
  const host = await lambda(t, {})
  await host.initialized()
  const answer = await register(host, { 'Lambda-Extension-Name': 'late' }, '{"events":["INVOKE"]}')
  assert.equal(answer.status, 403)
  assert.deepEqual(JSON.parse(answer.body), {
    errorMessage: 'Extension registration closed already',
    errorType: 'Extension.RegistrationClosed',
  })
})

test('the eleventh extension is refused, internal ones counted', async (t) => {
  const host = await lambda(t, { extensions: [played] })
  for (let i = 1; i < 10; i += 1) await registerAs(host, `internal-${i}`, ['INVOKE'])
  const answer = await register(host, { 'Lambda-Extension-Name': 'internal-10' }, '{"events":["INVOKE"]}')
  assert.equal(answer.status, 403)
  assert.deepEqual(JSON.parse(answer.body), {
    errorMessage: 'Extension limit (10) reached',
    errorType: 'Extension.TooManyExtensions',
  })
})

for (const [method, path] of [
  ['GET', 'event/next'],
  ['POST', 'init/error'],
  ['POST', 'exit/error'],
] as const) {
  test(`${path} distinguishes a missing, an ill-formed and an unknown identifier`, async (t) => {
    const host = await lambda(t, { extensions: [played] })
    const errorType = async (headers: Record<string, string>): Promise<unknown> => {
      const answer = await ask(host, method, path, headers)
      assert.equal(answer.status, 403)
      return JSON.parse(answer.body).errorType
    }
    assert.equal(await errorType({}), 'Extension.MissingExtensionIdentifier')
    assert.equal(
      await errorType({ 'Lambda-Extension-Identifier': 'x' }),
      'Extension.InvalidExtensionIdentifier',
    )
    assert.equal(
      await errorType({ 'Lambda-Extension-Identifier': randomUUID() }),
      'Extension.UnknownExtensionIdentifier',
    )
  })
}

for (const path of ['init/error', 'exit/error']) {
  test(`${path} without a function error type is refused and changes nothing`, async (t) => {
    const host = await lambda(t, { extensions: [played] })
    const id = await registerAs(host, 'played', ['SHUTDOWN'])
    const answer = await ask(host, 'POST', path, { 'Lambda-Extension-Identifier': id })
    assert.equal(answer.status, 403)
    assert.deepEqual(JSON.parse(answer.body), {
      errorMessage: 'Lambda-Extension-Function-Error-Type not found',
      errorType: 'Extension.MissingHeader',
    })
    assert.equal(host.crashed(), undefined)
  })

  test(`${path} is accepted, fails the environment, and next is refused from then on`, async (t) => {
    const host = await lambda(t, { extensions: [played], shutdownTimeoutMs: 500 })
    const id = await registerAs(host, 'played', ['SHUTDOWN'])
    const headers = {
      'Lambda-Extension-Identifier': id,
      'Lambda-Extension-Function-Error-Type': 'Extension.NoPort',
    }
    const answer = await ask(host, 'POST', path, headers, '{"errorMessage":"2773 is taken"}')
    assert.deepEqual([answer.status, answer.body], [202, '{"status":"OK"}\n'])
    assert.equal((await host.whenFailed()).errorType, 'Extension.NoPort')
    const next = await nextAs(host, id)
    assert.deepEqual([next.status, JSON.parse(next.body).errorType], [403, 'Extension.InvalidExtensionState'])
    await assert.rejects(host.initialized(), { errorType: 'Extension.NoPort', extension: 'played' })
  })
}

test('init/error after the first next is refused', async (t) => {
  const host = await lambda(t, { extensions: [played] })
  const id = await registerAs(host, 'played', ['SHUTDOWN'])
  const next = nextAs(host, id)
  await host.initialized()
  const headers = { 'Lambda-Extension-Identifier': id, 'Lambda-Extension-Function-Error-Type': 'Extension.X' }
  const answer = await ask(host, 'POST', 'init/error', headers)
  assert.deepEqual(
    [answer.status, JSON.parse(answer.body).errorType],
    [403, 'Extension.InvalidExtensionState'],
  )
  assert.equal(host.crashed(), undefined)
  await host.close()
  await next.catch(() => {})
})

for (const [path, allow] of Object.entries({
  register: 'POST',
  'event/next': 'GET',
  'init/error': 'POST',
  'exit/error': 'POST',
})) {
  test(`${path} with another method gets 405 and what is allowed`, async (t) => {
    const host = await lambda(t, {})
    const answer = await ask(host, 'PUT', path)
    assert.deepEqual([answer.status, answer.headers.allow, answer.body], [405, allow, ''])
  })
}

test('an unknown path gets 404', async (t) => {
  const host = await lambda(t, {})
  assert.equal((await ask(host, 'GET', 'nothing')).status, 404)
  assert.equal((await ask(host, 'GET', '/2021-04-23/credentials')).status, 404)
})
