// Bodies recorded by fedonev/lambda-params-secrets, MIT licence, copyright 2022 fedonev: what the extension made of
// AWS's answers on 2022-11-16. Here is AWS's side of them.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

import { begin } from './harness.ts'

const seed = fileURLToPath(new URL('./recorded-seed.json', import.meta.url))
const ACCOUNT = 'us-east-1:123456789012'
const PATH = '/lambda-ext-test-param'
const CIPHERTEXT =
  'AQICAHi8ZBkII2m75zRZu97F0LZqN4bUJnuTssowKANvGx9x5gH09DCE2tK7vF7rnVxEGLzpAAAAdDByBgkqhkiG9w0BBwagZTBjAgEAMF4GCSqG' +
  'SIb3DQEHATAeBglghkgBZQMEAS4wEQQMmaan248amrNDs74HAgEQgDHVB0HGmw+RtVmNbkIF5g5wxrJuNf94D79AB4N3Vcnf1FDomJJtkqHMJdrV' +
  'AZKmcwxp'

const PARAMETERS = [
  {
    input: { Name: `${PATH}/dummy-string` },
    type: 'String',
    value: 'my-string-param-value',
    version: 1,
    date: '1.668586960362E9',
  },
  {
    input: { Name: `${PATH}/dummy-string:1` },
    type: 'String',
    value: 'my-string-param-value',
    version: 1,
    date: '1.668586960362E9',
  },
  {
    input: { Name: `${PATH}/dummy-string-list` },
    type: 'StringList',
    value: 'listval-0,listval-1,listval-2',
    version: 1,
    date: '1.668586960089E9',
  },
  {
    input: { Name: `${PATH}/dummy-string-list:1` },
    type: 'StringList',
    value: 'listval-0,listval-1,listval-2',
    version: 1,
    date: '1.668586960089E9',
  },
  {
    input: { Name: `${PATH}/dummy-secure-string`, WithDecryption: true },
    type: 'SecureString',
    value: 'my-secure-string-value - 2022-11-16T08:24:05.476Z',
    version: 2,
    date: '1.668587045571E9',
  },
  {
    input: { Name: `${PATH}/dummy-secure-string:1` },
    type: 'SecureString',
    value: CIPHERTEXT,
    version: 1,
    date: '1.668587045374E9',
  },
  {
    input: { Name: `${PATH}/dummy-secure-string:Dev`, WithDecryption: true },
    type: 'SecureString',
    value: 'my-secure-string-value',
    version: 1,
    date: '1.668587045374E9',
  },
]

test('the recorded parameters are answered byte for byte', async (t) => {
  const { call } = await begin(t, { seed })
  for (const { input, type, value, version, date } of PARAMETERS) {
    const [name, selector] = input.Name.split(':')
    const shown = selector === undefined ? '' : `"Selector":":${selector}",`
    assert.equal(
      (await call('AmazonSSM.GetParameter', input)).text,
      `{"Parameter":{"ARN":"arn:aws:ssm:${ACCOUNT}:parameter${name}","DataType":"text","LastModifiedDate":${date},` +
        `"Name":"${name}",${shown}"Type":"${type}","Value":"${value}","Version":${version}}}`,
    )
  }
})

const STRING_ARN = `arn:aws:secretsmanager:${ACCOUNT}:secret:dummy-string-secret-MFUBmH`
const BINARY_ARN = `arn:aws:secretsmanager:${ACCOUNT}:secret:dummy-binary-secret-yTDWrV`
const CURRENT_BINARY =
  `{"ARN":"${BINARY_ARN}","CreatedDate":1.668587047213E9,"Name":"dummy-binary-secret",` +
  '"SecretBinary":"YSBzdHJpbmcgc2VjcmV0IHZhbHVlIHRvIGJlIHNhdmVkIGFzIGJpbmFyeSB1cGRhdGVkVmVyc2lvbiE=",' +
  '"VersionId":"5ce2760a-2802-4c73-bd99-63d49ab6b5ef","VersionStages":["AWSCURRENT"]}'
const STRING =
  `{"ARN":"${STRING_ARN}","CreatedDate":1.668586960499E9,"Name":"dummy-string-secret",` +
  '"SecretString":"an-insecure-string-secret-value",' +
  '"VersionId":"b1c367b9-7f53-4a47-82c4-be51a054b953","VersionStages":["AWSCURRENT"]}'

test('the recorded secrets are answered byte for byte', async (t) => {
  const { call } = await begin(t, { seed })
  const read = async (SecretId: string, more = {}) =>
    (await call('secretsmanager.GetSecretValue', { SecretId, ...more })).text
  assert.equal(await read('dummy-string-secret'), STRING)
  assert.equal(await read('dummy-string-secret', { VersionStage: 'AWSCURRENT' }), STRING)
  assert.equal(await read('dummy-binary-secret'), CURRENT_BINARY)
  const byId = { VersionId: '5ce2760a-2802-4c73-bd99-63d49ab6b5ef' }
  assert.equal(await read('dummy-binary-secret', byId), CURRENT_BINARY)
  assert.equal(
    await read('dummy-binary-secret', { VersionStage: 'AWSPREVIOUS' }),
    `{"ARN":"${BINARY_ARN}","CreatedDate":1.668587047032E9,"Name":"dummy-binary-secret",` +
      '"SecretBinary":"YSBzdHJpbmcgc2VjcmV0IHZhbHVlIHRvIGJlIHNhdmVkIGFzIGJpbmFyeQ==",' +
      '"VersionId":"fdfc9fe2-e172-498e-b306-ad660c887b7a","VersionStages":["AWSPREVIOUS"]}',
  )
})

test('the recorded references to secrets are answered byte for byte', async (t) => {
  const { call } = await begin(t, { seed })
  const read = async (name: string) => {
    const Name = `/aws/reference/secretsmanager/${name}`
    return (await call('AmazonSSM.GetParameter', { Name, WithDecryption: true })).text
  }
  const stringSource =
    `{"ARN":"${STRING_ARN}","name":"dummy-string-secret","versionId":"b1c367b9-7f53-4a47-82c4-be51a054b953",` +
    '"secretString":"an-insecure-string-secret-value","versionStages":["AWSCURRENT"],' +
    '"createdDate":"Nov 16, 2022, 8:22:40 AM"}'
  assert.equal(
    await read('dummy-string-secret'),
    `{"Parameter":{"ARN":"${STRING_ARN}","LastModifiedDate":1.668586960499E9,` +
      '"Name":"/aws/reference/secretsmanager/dummy-string-secret",' +
      `"SourceResult":${JSON.stringify(stringSource)},"Type":"SecureString",` +
      '"Value":"an-insecure-string-secret-value","Version":0}}',
  )
  const binarySource =
    `{"ARN":"${BINARY_ARN}","name":"dummy-binary-secret","versionId":"fdfc9fe2-e172-498e-b306-ad660c887b7a",` +
    '"secretBinary":{"hb":[97,32,115,116,114,105,110,103,32,115,101,99,114,101,116,32,118,97,108,117,101,32,116,111,' +
    '32,98,101,32,115,97,118,101,100,32,97,115,32,98,105,110,97,114,121],"offset":0,"isReadOnly":false,' +
    '"bigEndian":true,"nativeByteOrder":false,"mark":-1,"position":0,"limit":43,"capacity":43,"address":16},' +
    '"versionStages":["AWSPREVIOUS"],"createdDate":"Nov 16, 2022, 8:24:07 AM"}'
  assert.equal(
    await read('dummy-binary-secret:AWSPREVIOUS'),
    `{"Parameter":{"ARN":"${BINARY_ARN}","LastModifiedDate":1.668587047032E9,` +
      '"Name":"/aws/reference/secretsmanager/dummy-binary-secret","Selector":":AWSPREVIOUS",' +
      `"SourceResult":${JSON.stringify(binarySource)},"Type":"SecureString","Version":0}}`,
  )
})
