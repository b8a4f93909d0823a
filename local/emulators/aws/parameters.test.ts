import assert from 'node:assert/strict'
import { test } from 'node:test'

import { GetParameterCommand, GetParametersByPathCommand, GetParametersCommand } from '@aws-sdk/client-ssm'

import { begin, refusal } from './harness.ts'

const seed = {
  parameters: {
    root: 'at the root',
    '/app/plain': { value: 'three', previous: [{ value: 'one', labels: ['release'] }, 'two'] },
    '/app/list': { value: 'a,b', type: 'StringList' as const },
    '/app/secure': { value: 'clear text', type: 'SecureString' as const, labels: ['live'] },
    '/app/deep/er': 'below',
    '/aws/service/ami/latest': { value: 'ami-0123', dataType: 'aws:ec2:image' },
    '/theirs': { value: 'shared', account: '999999999999' },
  },
}

test('a parameter is found by name, with its type, version and ARN', async (t) => {
  const { parameters } = await begin(t, { seed })
  const { Parameter } = await parameters.send(new GetParameterCommand({ Name: '/app/list' }))
  const { LastModifiedDate, ...rest } = Parameter!
  assert.ok(LastModifiedDate instanceof Date)
  assert.deepEqual(rest, {
    ARN: 'arn:aws:ssm:us-east-1:123456789012:parameter/app/list',
    DataType: 'text',
    Name: '/app/list',
    Type: 'StringList',
    Value: 'a,b',
    Version: 1,
  })
})

test('a selector chooses a version by number or label, and is repeated in the answer', async (t) => {
  const { parameters } = await begin(t, { seed })
  const read = async (Name: string) => {
    const { Parameter } = await parameters.send(new GetParameterCommand({ Name }))
    return [Parameter!.Name, Parameter!.Selector, Parameter!.Value, Parameter!.Version]
  }
  assert.deepEqual(await read('/app/plain'), ['/app/plain', undefined, 'three', 3])
  assert.deepEqual(await read('/app/plain:2'), ['/app/plain', ':2', 'two', 2])
  assert.deepEqual(await read('/app/plain:release'), ['/app/plain', ':release', 'one', 1])
  const arn = 'arn:aws:ssm:us-east-1:123456789012:parameter/app/plain'
  assert.deepEqual(await read(arn), ['/app/plain', undefined, 'three', 3])
  assert.deepEqual(await read(`${arn}:2`), ['/app/plain', ':2', 'two', 2])
  assert.deepEqual(await read('arn:aws:ssm:us-east-1:123456789012:parameter/root'), [
    'root',
    undefined,
    'at the root',
    1,
  ])
  assert.deepEqual(await read(' /app/plain '), ['/app/plain', undefined, 'three', 3])
})

test('a SecureString shows its ciphertext unless decryption is requested', async (t) => {
  const { parameters } = await begin(t, { seed })
  const read = async (WithDecryption?: boolean) =>
    (await parameters.send(new GetParameterCommand({ Name: '/app/secure', WithDecryption }))).Parameter!
  assert.equal((await read(true)).Value, 'clear text')
  assert.match((await read()).Value!, /^AQICAHi[A-Za-z0-9+/]+=*$/)
  assert.deepEqual(await read(), await read(false))
})

test('what is not there, not a name or not allowed is refused in the words of AWS', async (t) => {
  const { aws, parameters } = await begin(t, { seed })
  aws.deny('/app/list')
  const read = (Name: string) => parameters.send(new GetParameterCommand({ Name }))
  await assert.rejects(read('/none'), refusal('ParameterNotFound'))
  await assert.rejects(
    read('/app/plain:9'),
    refusal(
      'ParameterVersionNotFound',
      'Systems Manager could not find version 9 of /app/plain. Verify the version and try again.',
    ),
  )
  for (const name of ['/app/plain:', '/app/plain:1:2']) {
    await assert.rejects(
      read(name),
      refusal(
        'ValidationException',
        'Invalid parameter name. Please use correct syntax for referencing a version/label  <name>:<version/label>',
      ),
    )
  }
  await assert.rejects(read('/app/two words'), refusal('ValidationException'))
  await assert.rejects(read('x'.repeat(2049)), refusal('ValidationException'))
  await assert.rejects(read('/app/list'), (error: Error) => {
    assert.equal(error.name, 'AccessDeniedException')
    assert.match(
      error.message,
      /ssm:GetParameter on resource: arn:aws:ssm:us-east-1:123456789012:parameter\/app\/list /,
    )
    return true
  })
})

test("public parameters have no account, and another account's answers to its ARN alone", async (t) => {
  const { parameters } = await begin(t, { seed })
  const read = async (Name: string) => (await parameters.send(new GetParameterCommand({ Name }))).Parameter!
  const ami = await read('/aws/service/ami/latest')
  assert.equal(ami.ARN, 'arn:aws:ssm:us-east-1::parameter/aws/service/ami/latest')
  assert.equal(ami.DataType, 'aws:ec2:image')
  const arn = 'arn:aws:ssm:us-east-1:999999999999:parameter/theirs'
  assert.equal((await read(arn)).Name, arn)
  await assert.rejects(read('/theirs'), refusal('ParameterNotFound'))
})

test('several parameters come in order of name, and what is missing is listed', async (t) => {
  const { aws, parameters } = await begin(t, { seed })
  const Names = ['root', '/none', '/app/plain:9', '/app/plain:release', '/app/list']
  const { Parameters, InvalidParameters } = await parameters.send(new GetParametersCommand({ Names }))
  assert.deepEqual(
    Parameters!.map(({ Name, Value }) => [Name, Value]),
    [
      ['/app/list', 'a,b'],
      ['/app/plain', 'one'],
      ['root', 'at the root'],
    ],
  )
  assert.deepEqual(InvalidParameters, ['/none', '/app/plain:9'])
  assert.equal(aws.calls('root'), 1)
  await assert.rejects(
    parameters.send(new GetParametersCommand({ Names: Array.from({ length: 11 }, (_, i) => `p${i}`) })),
    refusal('ValidationException'),
  )
})

test('a path lists one level or all, page by page', async (t) => {
  const { parameters } = await begin(t, { seed })
  const names = async (input: {
    Recursive?: boolean
    MaxResults?: number
    NextToken?: string | undefined
  }) => {
    const { Parameters, NextToken } = await parameters.send(
      new GetParametersByPathCommand({ Path: '/app', ...input }),
    )
    return { names: Parameters!.map(({ Name }) => Name), NextToken }
  }
  assert.deepEqual((await names({})).names, ['/app/list', '/app/plain', '/app/secure'])
  const first = await names({ Recursive: true, MaxResults: 3 })
  assert.deepEqual(first.names, ['/app/deep/er', '/app/list', '/app/plain'])
  const rest = await names({ Recursive: true, MaxResults: 3, NextToken: first.NextToken })
  assert.deepEqual(rest, { names: ['/app/secure'], NextToken: undefined })
  await assert.rejects(names({ NextToken: first.NextToken }), refusal('InvalidNextToken'))
  await assert.rejects(names({ MaxResults: 11 }), refusal('ValidationException'))
})

test('filters leave short and even empty pages that still have a successor', async (t) => {
  const { parameters } = await begin(t, { seed })
  const find = (
    ParameterFilters: { Key: string; Values?: string[]; Option?: string }[],
    NextToken?: string,
  ) =>
    parameters.send(
      new GetParametersByPathCommand({ Path: '/app', MaxResults: 1, ParameterFilters, NextToken }),
    )
  const secure = [{ Key: 'Type', Values: ['SecureString'] }]
  const first = await find(secure)
  assert.deepEqual(first.Parameters, [])
  const second = await find(secure, first.NextToken)
  const third = await find(secure, second.NextToken)
  assert.deepEqual(
    third.Parameters!.map(({ Name }) => Name),
    ['/app/secure'],
  )
  const labelled = await find([{ Key: 'Label', Values: ['release'] }], first.NextToken)
  assert.deepEqual(
    labelled.Parameters!.map(({ Value }) => Value),
    ['one'],
  )
  await assert.rejects(find([{ Key: 'Colour', Values: ['x'] }]), refusal('InvalidFilterKey'))
  await assert.rejects(
    find([{ Key: 'Type', Option: 'Contains', Values: ['x'] }]),
    refusal('InvalidFilterOption'),
  )
  await assert.rejects(find([{ Key: 'Type' }]), refusal('InvalidFilterValue'))
})

test('a put makes a new version, and a label moves from one version to another', async (t) => {
  const { aws, parameters } = await begin(t, { seed })
  const read = async (Name: string) =>
    (await parameters.send(new GetParameterCommand({ Name }))).Parameter!.Value
  assert.equal(aws.putParameter('/app/plain', 'four'), 4)
  assert.equal(await read('/app/plain'), 'four')
  assert.equal(await read('/app/plain:release'), 'one')
  aws.label('/app/plain', 'release')
  assert.equal(await read('/app/plain:release'), 'four')
  assert.equal(aws.putParameter('/brand/new', 'first'), 1)
  assert.equal(await read('/brand/new'), 'first')
  aws.deleteParameter('/brand/new')
  await assert.rejects(read('/brand/new'), refusal('ParameterNotFound'))
})
