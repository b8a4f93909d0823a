import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parameterBody, secretBody } from './go-shape.ts'
import { parametersBytes, pathBytes, secretsBytes } from './many.ts'
import { wireBody } from './wire-shape.ts'

const text = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('utf8')
const bytes = (body: string): string => Buffer.from(body, 'utf8').toString('latin1')
const parse = (body: string): unknown => JSON.parse(body)

test('a time is in seconds, and what is absent is left out', () => {
  const CreatedDate = new Date('2026-01-02T03:04:05.678Z')
  assert.deepEqual(
    parse(wireBody(secretBody({ ARN: 'arn', Name: 'a', CreatedDate, SecretString: 'null' }))),
    {
      ARN: 'arn',
      Name: 'a',
      CreatedDate: 1_767_323_045.678,
      SecretString: 'null',
    },
  )
  assert.deepEqual(
    parse(wireBody(parameterBody({ Name: '/a', LastModifiedDate: CreatedDate, Version: 3 }))),
    {
      Parameter: { Name: '/a', LastModifiedDate: 1_767_323_045.678, Version: 3 },
    },
  )
})

test('a value that looks like JSON of ours stays as it is', () => {
  const SecretString = '{"CreatedDate":"2026-01-01T00:00:00Z","x":null,"ResultMetadata":{}}'
  assert.deepEqual(parse(wireBody(secretBody({ Name: 'a', SecretString }))), { Name: 'a', SecretString })
})

test('many bodies are one, and each member is as in its own', () => {
  const values = ['plain', 'é秘', '"quoted"', ',"ResultMetadata":{}}']
  const parameters = values.map((Value) => bytes(parameterBody({ Name: '/a', Value })))
  const all = parse(text(parametersBytes(parameters, ['/é']))) as { Parameters: { Value: string }[] }
  assert.deepEqual(Object.keys(all), ['InvalidParameters', 'Parameters', 'ResultMetadata'])
  assert.deepEqual(
    all.Parameters.map(({ Value }) => Value),
    values,
  )
  assert.deepEqual(all.Parameters[0], (parse(text(parameters[0]!)) as { Parameter: unknown }).Parameter)
  assert.deepEqual(parse(text(pathBytes([]))), { NextToken: null, Parameters: [], ResultMetadata: {} })

  const secrets = values.map((SecretString) => bytes(secretBody({ Name: 'a', SecretString })))
  const errors = [{ ErrorCode: 'ResourceNotFoundException', Message: 'é', SecretId: 'none' }]
  const batch = parse(text(secretsBytes(secrets, errors))) as {
    Errors: unknown
    SecretValues: { SecretString: string }[]
  }
  assert.deepEqual(
    batch.SecretValues.map(({ SecretString }) => SecretString),
    values,
  )
  assert.deepEqual(batch.Errors, errors)
  assert.ok(!('ResultMetadata' in batch.SecretValues[0]!))
})

test('the list for an SDK has AWS’s own members', () => {
  const body = text(secretsBytes([bytes(secretBody({ Name: 'a', CreatedDate: new Date(1_500) }))], []))
  assert.deepEqual(parse(wireBody(body)), { Errors: [], SecretValues: [{ CreatedDate: 1.5, Name: 'a' }] })
})
