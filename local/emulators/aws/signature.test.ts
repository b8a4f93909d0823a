import assert from 'node:assert/strict'
import { test } from 'node:test'

import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'

import { type CallChanges, type Harness, begin } from './harness.ts'
import { LOCAL_CREDENTIALS } from './index.ts'

const seed = { secrets: { a: 'value of a' }, parameters: { '/p': 'value of p' } }
const MISMATCH =
  'The request signature we calculated does not match the signature you provided.' +
  ' Check your AWS Secret Access Key and signing method. Consult the service documentation for details.'
const INVALID_TOKEN = 'The security token included in the request is invalid.'

/** A header in good form, for another day than the request's date. */
const STALE =
  `AWS4-HMAC-SHA256 Credential=${LOCAL_CREDENTIALS.accessKeyId}/20200101/us-east-1/secretsmanager/aws4_request,` +
  ' SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date;x-amz-security-token;x-amz-target, Signature=00'

async function refused(harness: Harness, changes: CallChanges): Promise<{ __type: string; message: string }> {
  const { status, text } = await harness.call('secretsmanager.GetSecretValue', { SecretId: 'a' }, changes)
  assert.equal(status, 400, text)
  assert.ok(!text.includes('value of a'))
  return JSON.parse(text) as { __type: string; message: string }
}

test('a request without a signature has no authentication token', async (t) => {
  const harness = await begin(t, { seed })
  assert.deepEqual(await refused(harness, { tamper: { headers: { authorization: undefined } } }), {
    __type: 'MissingAuthenticationTokenException',
    message: 'Missing Authentication Token',
  })
})

test('an Authorization header with parts missing is incomplete, and AWS names them', async (t) => {
  const harness = await begin(t, { seed })
  const answer = await refused(harness, { tamper: { headers: { authorization: 'Bearer abc' } } })
  assert.equal(answer.__type, 'IncompleteSignatureException')
  for (const part of ['Credential', 'Signature', 'SignedHeaders']) {
    assert.match(answer.message, new RegExp(`Authorization header requires '${part}' parameter\\.`))
  }
})

test('a date that is missing or in another form is incomplete too', async (t) => {
  const harness = await begin(t, { seed })
  for (const date of [undefined, 'Mon, 23 Nov 2026 12:00:00 GMT']) {
    const answer = await refused(harness, { tamper: { headers: { 'x-amz-date': date } } })
    assert.equal(answer.__type, 'IncompleteSignatureException')
    assert.match(answer.message, /^Date must be in ISO-8601 'basic format'\. Got /)
  }
})

test('a changed body, a changed signed header and a wrong secret key all break the signature', async (t) => {
  const harness = await begin(t, { seed })
  const changes: CallChanges[] = [
    { tamper: { body: '{"SecretId":"b"}' } },
    { headers: { 'x-colour': 'blue' }, tamper: { headers: { 'x-colour': 'red' } } },
    { headers: { 'x-colour': 'blue' }, tamper: { headers: { 'x-colour': undefined } } },
    { credentials: { ...LOCAL_CREDENTIALS, secretAccessKey: 'guessed' } },
    { tamper: { headers: { 'x-amz-target': 'secretsmanager.BatchGetSecretValue' } } },
  ]
  for (const change of changes) {
    assert.deepEqual(await refused(harness, change), {
      __type: 'InvalidSignatureException',
      message: MISMATCH,
    })
  }
})

test('a body is held against its hash even where the hash itself is signed', async (t) => {
  const harness = await begin(t, { seed })
  const headers = { 'x-amz-content-sha256': '0'.repeat(64) }
  assert.equal((await refused(harness, { headers })).message, MISMATCH)
})

test('the scope must name a region of the emulator, the service and the day of the date', async (t) => {
  const harness = await begin(t, { seed })
  assert.deepEqual(await refused(harness, { region: 'eu-west-1' }), {
    __type: 'InvalidSignatureException',
    message: 'Credential should be scoped to a valid region. ',
  })
  assert.deepEqual(await refused(harness, { service: 'ssm' }), {
    __type: 'InvalidSignatureException',
    message: "Credential should be scoped to correct service: 'secretsmanager'. ",
  })
  const stale = await refused(harness, { tamper: { headers: { authorization: STALE } } })
  assert.match(
    stale.message,
    /^Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20200101' != /,
  )
})

test('host must be signed, and so must every x-amz header', async (t) => {
  const harness = await begin(t, { seed })
  const hostless = STALE.replace('content-type;host;', 'content-type;')
  assert.equal(
    (await refused(harness, { tamper: { headers: { authorization: hostless } } })).message,
    "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
  )
  const added = await refused(harness, { tamper: { headers: { 'x-amz-meta': 'added on the way' } } })
  assert.match(added.message, /headers present in the request which were not signed: x-amz-meta$/)
})

test('an unknown key, a missing token and another token are all an invalid token', async (t) => {
  const harness = await begin(t, { seed })
  const { sessionToken: _, ...withoutToken } = LOCAL_CREDENTIALS
  for (const credentials of [
    { ...LOCAL_CREDENTIALS, accessKeyId: 'ASIAUNKNOWN' },
    { ...LOCAL_CREDENTIALS, sessionToken: 'of another session' },
    withoutToken,
  ]) {
    assert.deepEqual(await refused(harness, { credentials }), {
      __type: 'UnrecognizedClientException',
      message: INVALID_TOKEN,
    })
  }
})

test('long-term credentials without a token are accepted where they are known', async (t) => {
  const credentials = { accessKeyId: 'AKIALONGTERM', secretAccessKey: 'long' }
  const harness = await begin(t, { seed, credentials })
  const ask = (used: typeof credentials & { sessionToken?: string }) =>
    harness.call('secretsmanager.GetSecretValue', { SecretId: 'a' }, { credentials: used })
  assert.equal((await ask(credentials)).status, 200)
  assert.match((await ask({ ...credentials, sessionToken: 'surplus' })).text, /UnrecognizedClientException/)
})

test('expired credentials are refused as such, and rotated ones work at once', async (t) => {
  const harness = await begin(t, { seed })
  harness.aws.expireCredentials(LOCAL_CREDENTIALS.accessKeyId)
  assert.deepEqual(await refused(harness, {}), {
    __type: 'ExpiredTokenException',
    message: 'The security token included in the request is expired',
  })
  const next = { accessKeyId: 'ASIANEXT', secretAccessKey: 'next', sessionToken: 'next-token' }
  harness.aws.setCredentials(next)
  const answer = await harness.call('secretsmanager.GetSecretValue', { SecretId: 'a' }, { credentials: next })
  assert.equal(answer.status, 200)
  assert.equal((await refused(harness, {})).__type, 'UnrecognizedClientException')
})

test('a date more than five minutes off is refused either way, and both clocks are shown', async (t) => {
  const harness = await begin(t, { seed })
  const late = await refused(harness, { signedAt: new Date(Date.now() - 6 * 60_000) })
  assert.equal(late.__type, 'InvalidSignatureException')
  assert.match(
    late.message,
    /^Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z \(\d{8}T\d{6}Z - 5 min\.\)$/,
  )
  const early = await refused(harness, { signedAt: new Date(Date.now() + 6 * 60_000) })
  assert.match(early.message, /^Signature not yet current: \S+ is still later than \S+ \(\S+ \+ 5 min\.\)$/)
  const close = await harness.call(
    'secretsmanager.GetSecretValue',
    { SecretId: 'a' },
    { signedAt: new Date(Date.now() - 4 * 60_000) },
  )
  assert.equal(close.status, 200)
})

test("AWS's own client corrects its clock by the emulator's and is let in on its next try", async (t) => {
  const { aws } = await begin(t, { seed })
  aws.clockSkewMs = 3_600_000
  const client = new SecretsManagerClient({
    endpoint: aws.url,
    region: 'us-east-1',
    credentials: LOCAL_CREDENTIALS,
  })
  t.after(() => client.destroy())
  const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: 'a' }))
  assert.equal(SecretString, 'value of a')
  assert.deepEqual(
    aws.requests.map(({ error }) => error),
    ['InvalidSignatureException', undefined],
  )
})

test('each region of the emulator answers with ARNs of its own', async (t) => {
  const { aws, call } = await begin(t, { seed, regions: ['eu-west-1'] })
  const arnIn = async (region: string) => {
    const { text } = await call('secretsmanager.GetSecretValue', { SecretId: 'a' }, { region })
    return (JSON.parse(text) as { ARN: string }).ARN
  }
  const here = await arnIn('us-east-1')
  const there = await arnIn('eu-west-1')
  assert.equal(there, here.replace('us-east-1', 'eu-west-1'))
  const elsewhere = await call('secretsmanager.GetSecretValue', { SecretId: there })
  assert.match(elsewhere.text, /ResourceNotFoundException/)
  assert.deepEqual(
    aws.requests.map(({ region }) => region),
    ['us-east-1', 'eu-west-1', 'us-east-1'],
  )
})
