// A Python function with nothing but boto3, whose endpoint is the artefact that EXTENSION_UNDER_TEST names.

import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { LOCAL_CREDENTIALS } from '../../src/workshop/emulators/aws/server.ts'
import { type Extension, startExtension } from '../../src/workshop/testing/artefact.ts'

const SAMPLES = fileURLToPath(new URL('../samples/python', import.meta.url))
const SECRET = 'the secret of the sample function'

const NAMES = 'abcdefghijklm'.split('')

/** Since 1.28 boto3 reads AWS_ENDPOINT_URL_*. */
const importing = spawnSync('python3', [
  '-c',
  'import sys, boto3; sys.exit(tuple(map(int, boto3.__version__.split(".")[:2])) < (1, 28))',
])

async function python(extension: Extension, code: string): Promise<unknown> {
  const endpoint = `http://localhost:${extension.port}`
  const { stdout } = await promisify(execFile)('python3', ['-B', '-c', code], {
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      PYTHONPATH: SAMPLES,
      AWS_REGION: 'us-east-1',
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: LOCAL_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: LOCAL_CREDENTIALS.secretAccessKey,
      AWS_SESSION_TOKEN: extension.token,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoint,
      AWS_ENDPOINT_URL_SSM: endpoint,
      SECRET_ID: 's',
    },
  })
  return JSON.parse(stdout)
}

const EVERYTHING = `
import json, boto3
from botocore.exceptions import ClientError
secrets, ssm = boto3.client('secretsmanager'), boto3.client('ssm')
def code(call, **input):
    try:
        call(**input)
    except ClientError as error:
        return [error.response['Error']['Code'], error.response['ResponseMetadata']['HTTPStatusCode'], type(error).__name__]
seen = {}
seen['first'] = secrets.get_secret_value(SecretId='s')['SecretString']
seen['created'] = secrets.get_secret_value(SecretId='s')['CreatedDate'].timestamp() > 0
seen['binary'] = secrets.get_secret_value(SecretId='blob')['SecretBinary'].hex()
seen['none'] = code(secrets.get_secret_value, SecretId='none')
seen['no parameter'] = code(ssm.get_parameter, Name='/none')
seen['listed'] = [one['Name'] for page in ssm.get_paginator('get_parameters_by_path').paginate(Path='/app') for one in page['Parameters']]
seen['some'] = ssm.get_parameters(Names=['/app/a', '/none'])['InvalidParameters']
seen['described'] = secrets.describe_secret(SecretId='s')['Name']
secrets.put_secret_value(SecretId='s', SecretString='what was written by boto3')
seen['written'] = secrets.get_secret_value(SecretId='s')['SecretString']
ssm.put_parameter(Name='/app/a', Value='written by boto3 as well', Overwrite=True)
seen['parameter'] = ssm.get_parameter(Name='/app/a')['Parameter']['Value']
print(json.dumps(seen))`

if (importing.status === 0) {
  test('a Python handler with nothing but boto3 is served from the cache', async (t) => {
    const extension = await startExtension(t, { seed: { secrets: { s: SECRET } } })
    const handle = 'import json, sdk; print(json.dumps([sdk.handler({}, None), sdk.handler({}, None)]))'
    const one = { secretLength: SECRET.length }
    assert.deepEqual(await python(extension, handle), [one, one])
    assert.equal(extension.aws.calls(), 1)
  })

  test('boto3 reads, misses, lists, gets typed errors, writes, and reads back what it wrote', async (t) => {
    const extension = await startExtension(t, {
      seed: {
        secrets: { s: SECRET, blob: { binary: 'AGEgYmluYXJ5IHZhbHVlIQ==' } },
        parameters: Object.fromEntries(NAMES.map((name) => [`/app/${name}`, `the value of ${name}`])),
      },
    })
    assert.deepEqual(await python(extension, EVERYTHING), {
      first: SECRET,
      created: true,
      binary: Buffer.from('AGEgYmluYXJ5IHZhbHVlIQ==', 'base64').toString('hex'),
      none: ['ResourceNotFoundException', 400, 'ResourceNotFoundException'],
      'no parameter': ['ParameterNotFound', 400, 'ParameterNotFound'],
      listed: NAMES.map((name) => `/app/${name}`),
      some: ['/none'],
      described: 's',
      written: 'what was written by boto3',
      parameter: 'written by boto3 as well',
    })
  })
}
