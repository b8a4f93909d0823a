// What the process shows of what it knows, when everything is logged and everything goes wrong. startExtension looks
// through the output of every test of the suite; here are the other places, and the faults that have a value at hand.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import type { Fault } from '../../local/emulators/aws/fault.ts'
import type { Seed } from '../../local/emulators/aws/seed.ts'
import { LOCAL_CREDENTIALS } from '../../local/emulators/aws/server.ts'
import { artefactName, type Extension, startExtension } from '../artefact.ts'
import { freePort } from '../../tools/free-port.ts'
import { startMiddleman } from '../faults/middleman.ts'
import { Values } from '../leaks.ts'
import { exchange, type Reply } from '../../tools/wire.ts'

const SEED: Seed = {
  secrets: {
    loud: 'hunter2 in "quotes" and\nlines',
    json: { value: { user: 'admin', password: 'correct horse' } },
  },
  parameters: { '/loud': { value: 'a parameter to be kept quiet', type: 'SecureString' } },
}

const ROLE = 'arn:aws:iam::111122223333:role/loud'
const EXTERNAL_ID = 'agreed-upon-with-nobody'
const OF_ROLE: Seed = { secrets: { loud: 'what only the role may read' } }

/** Values that are no references after all, and may be secrets. */
const NEAR_MISSES = {
  PARAMETERS_SECRETS_EXTENSION_ENV_ON_ERROR: 'unset',
  MEANT: ' resolve:ssm:a parameter to be kept quiet',
  BRACED: '{{resolve:ssm:a parameter to be kept quiet',
  FILLED: 'resolve:template:a parameter to be kept quiet{{',
  OPTIONAL: 'resolve:optional:a parameter to be kept quiet',
}

const TARGETS = [
  '/secretsmanager/get?secretId=loud',
  '/secretsmanager/get?secretId=json&refreshNow=true',
  '/systemsmanager/parameters/get?name=/loud&withDecryption=true',
  '/secretsmanager/get?secretId=loud&format=value',
  '/secretsmanager/get?secretId=json&jsonKey=password',
  '/secretsmanager/getMultiple?secretId=loud&secretId=json',
  '/systemsmanager/parameters/getByPath?path=/&withDecryption=true',
  '/environment',
  '/secretsmanager/get?secretId=loud&roleArn=arn:aws:iam::111122223333:role/loud',
  '/metrics',
] as const

const FAULTS = ['half-body', 'reset-after-headers', 'garbage', 'bad-gzip', 'internal-error', 'html'] as const

for (const format of ['Text', 'JSON'] as const) {
  test(`nothing secret is shown but to who has the token: ${format} at level debug (${artefactName()})`, async (t) => {
    const { extension, tamper } = await start(t, format)
    const values = new Values(SEED)
    values.addAll(OF_ROLE)
    values.add('the token', extension.token)
    values.add('the external id', EXTERNAL_ID)
    values.add('the secret key', LOCAL_CREDENTIALS.secretAccessKey)
    const shown: string[] = []
    const show = (reply: Reply): void => {
      const body = reply.status === 200 ? '' : reply.body.toString()
      shown.push(reply.reason, body, ...reply.headers.map((header) => header.join(': ')))
    }

    for (const kind of FAULTS) {
      extension.aws.fault({}, { kind } satisfies Fault)
      for (const target of TARGETS) show(await extension.get(target))
      extension.aws.clearFaults()
      extension.aws.fault({ region: 'us-east-1' }, { kind } satisfies Fault)
      for (const target of TARGETS) show(await extension.get(`${target}&refreshNow=true`))
      extension.aws.clearFaults()
    }
    for (const broken of [
      (body: Buffer) => body.subarray(0, -1),
      (body: Buffer) => Buffer.concat([body, body]),
    ]) {
      tamper(broken)
      for (const target of TARGETS) show(await extension.get(target))
      tamper(undefined)
    }
    for (const target of TARGETS) {
      const good = await extension.get(target)
      assert.equal(good.status, 200)
      show(good)
      const [head] = await exchange(extension.port, extension.request(target).replace('GET', 'HEAD'), {
        bodiless: true,
        halfClose: true,
      })
      assert.equal(head?.status, 200)
      show(head)
      show(await extension.get(target, { 'X-Aws-Parameters-Secrets-Token': 'wrong' }))
      show(await extension.get(`${target}&token=${extension.token}`))
      show(await extension.get('/' + extension.token))
    }

    assert.deepEqual(values.foundIn(shown), [], 'answers')
    assert.deepEqual(values.foundIn(commandLines(extension)), [], 'command lines')
    assert.ok(
      extension.logs().some((line) => line.includes('GetSecretValue')),
      'it did log',
    )
    assert.deepEqual(values.foundIn(extension.logs()), [], 'output')
  })
}

async function start(
  t: TestContext,
  format: string,
): Promise<{ extension: Extension; tamper: (change: ((body: Buffer) => Buffer) | undefined) => void }> {
  const port = await freePort()
  const middleman = await startMiddleman(port)
  t.after(() => middleman.close())
  const extension = await startExtension(t, {
    seed: SEED,
    aws: { port, regions: ['eu-west-1'], roles: { [ROLE]: { externalId: EXTERNAL_ID, seed: OF_ROLE } } },
    env: {
      AWS_ENDPOINT_URL: middleman.url,
      AWS_LAMBDA_LOG_FORMAT: format,
      PARAMETERS_SECRETS_EXTENSION_LOG_LEVEL: 'debug',
      SSM_PARAMETER_STORE_TTL: '0',
      PARAMETERS_SECRETS_EXTENSION_PREFETCH_SECRETS: 'prefix:loud tag:app=loud',
      LOUD: 'resolve:secretsmanager:loud',
      LOUDER: 'resolve:ssm:/loud',
      LOUDEST: 'resolve:template:{{secretsmanager:json:password|json}}{{ssm:/loud|json}}',
      PARAMETERS_SECRETS_EXTENSION_ENV_FROM: 'secretsmanager:json?name=path ssm:/?prefix=FROM_',
      ...(format === 'Text' && NEAR_MISSES),
      PARAMETERS_SECRETS_EXTENSION_METRICS: 'prometheus',
      PARAMETERS_SECRETS_EXTENSION_FAILOVER_REGION: 'eu-west-1',
      PARAMETERS_SECRETS_EXTENSION_ROLE_ARNS: ROLE,
      PARAMETERS_SECRETS_EXTENSION_ROLE_EXTERNAL_ID: EXTERNAL_ID,
    },
  })
  return {
    extension,
    tamper(change) {
      middleman.tamper = change && ((answer) => ({ ...answer, body: change(answer.body) }))
    },
  }
}

/** Of the processes and their threads: what `ps` shows to everyone on the machine. */
function commandLines({ lambda }: Extension): string[] {
  return lambda.pids.flatMap((pid) => [
    readFileSync(`/proc/${pid}/cmdline`, 'utf8'),
    readFileSync(`/proc/${pid}/comm`, 'utf8'),
  ])
}
