import assert from 'node:assert/strict'
import { test } from 'node:test'

import { GetParameterCommand, GetParametersByPathCommand, GetParametersCommand } from '@aws-sdk/client-ssm'

import { begin, refusal } from './harness.ts'

const PREFIX = '/aws/reference/secretsmanager/'
const OLD = '11111111-2222-4333-8444-555555555555'
const seed = {
  secrets: {
    'prod/db': {
      value: 'new',
      previous: { value: 'old', versionId: OLD, createdDate: '2026-03-04T00:05:06.700Z' },
    },
    binary: { binary: '/wA=' },
    gone: { value: 'x', deleted: true },
  },
}

test('a secret is read through Parameter Store by stage and by version id', async (t) => {
  const { parameters } = await begin(t, { seed })
  const read = async (name: string) => {
    const Name = PREFIX + name
    return (await parameters.send(new GetParameterCommand({ Name, WithDecryption: true }))).Parameter!
  }
  assert.equal((await read('prod/db')).Value, 'new')
  const byStage = await read('prod/db:AWSPREVIOUS')
  assert.deepEqual([byStage.Value, byStage.Selector, byStage.Version], ['old', ':AWSPREVIOUS', 0])
  assert.equal(byStage.DataType, undefined)
  assert.match(byStage.ARN!, /^arn:aws:secretsmanager:/)
  assert.equal((await read(`prod/db:${OLD}`)).Value, 'old')
  const source = JSON.parse(byStage.SourceResult!) as Record<string, unknown>
  assert.deepEqual(Object.keys(source), [
    'ARN',
    'name',
    'versionId',
    'secretString',
    'versionStages',
    'createdDate',
  ])
  assert.equal(source['createdDate'], 'Mar 4, 2026, 12:05:06 AM')
})

test('a binary secret has no Value and shows its bytes as a Java buffer of signed numbers', async (t) => {
  const { parameters } = await begin(t, { seed })
  const { Parameter } = await parameters.send(
    new GetParameterCommand({ Name: PREFIX + 'binary', WithDecryption: true }),
  )
  assert.equal(Parameter!.Value, undefined)
  assert.match(
    Parameter!.SourceResult!,
    /"secretBinary":\{"hb":\[-1,0\],"offset":0,.*"limit":2,"capacity":2,"address":16\}/,
  )
})

test('references fail in the words of AWS', async (t) => {
  const { parameters } = await begin(t, { seed })
  const read = (name: string, WithDecryption = true) =>
    parameters.send(new GetParameterCommand({ Name: PREFIX + name, WithDecryption }))
  await assert.rejects(
    read('prod/db', false),
    refusal(
      'ValidationException',
      'WithDecryption flag must be True for retrieving a Secret Manager secret.',
    ),
  )
  await assert.rejects(read('none'), missing('nonenull'))
  await assert.rejects(read('prod/db:GREEN'), missing('prod/db:GREEN'))
  await assert.rejects(
    read('prod/db:a:b'),
    refusal(
      'ValidationException',
      'Invalid parameter name. Please use correct syntax for referencing a version/label  <name>:<version/label>',
    ),
  )
  await assert.rejects(read('gone'), refusal('ValidationException', 'Invalid Request to Secrets Manager'))
})

test('GetParameters knows references, GetParametersByPath does not', async (t) => {
  const { parameters } = await begin(t, { seed })
  const Names = [PREFIX + 'prod/db', PREFIX + 'none']
  const found = await parameters.send(new GetParametersCommand({ Names, WithDecryption: true }))
  assert.deepEqual(
    found.Parameters!.map(({ Value }) => Value),
    ['new'],
  )
  assert.deepEqual(found.InvalidParameters, [PREFIX + 'none'])
  const listed = await parameters.send(
    new GetParametersByPathCommand({ Path: '/aws/reference', Recursive: true }),
  )
  assert.deepEqual(listed.Parameters, [])
})

function missing(name: string): (error: Error) => boolean {
  return refusal(
    'ParameterNotFound',
    'An error occurred (ParameterNotFound) when referencing Secrets Manager:' +
      ` Secret aws/reference/secretsmanager/${name} not found.`,
  )
}
