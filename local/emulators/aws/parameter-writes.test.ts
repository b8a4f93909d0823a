import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  AddTagsToResourceCommand,
  DeleteParameterCommand,
  DeleteParametersCommand,
  DescribeParametersCommand,
  GetParameterCommand,
  GetParameterHistoryCommand,
  GetParametersByPathCommand,
  LabelParameterVersionCommand,
  ListTagsForResourceCommand,
  PutParameterCommand,
  type PutParameterCommandInput,
  RemoveTagsFromResourceCommand,
  type SSMClient,
  UnlabelParameterVersionCommand,
} from '@aws-sdk/client-ssm'

import { begin, refusal } from './harness.ts'

const seed = {
  parameters: {
    root: 'v',
    '/app/plain': { value: 'three', previous: [{ value: 'one', labels: ['release'] }, 'two'] },
    '/app/list': { value: 'a,b', type: 'StringList' as const, tags: { team: 'red' } },
    '/app/secure': { value: 'clear text', type: 'SecureString' as const, description: 'A key' },
    '/app/deep/er': { value: 'below', tier: 'Advanced' as const },
    '/theirs': { value: 'shared', account: '999999999999' },
    '/aws/service/ami': { value: 'ami-1', dataType: 'aws:ec2:image' },
  },
}

async function valueOf(parameters: SSMClient, Name: string) {
  return (await parameters.send(new GetParameterCommand({ Name, WithDecryption: true }))).Parameter!.Value
}

function putting(parameters: SSMClient) {
  return (Name: string, Value: string, input: Partial<PutParameterCommandInput> = {}) =>
    parameters.send(new PutParameterCommand({ Name, Value, Type: 'String', ...input }))
}

test('a new parameter needs a type, and one that is there needs the word to overwrite it', async (t) => {
  const { parameters } = await begin(t, { seed })
  const put = putting(parameters)
  await assert.rejects(
    parameters.send(new PutParameterCommand({ Name: '/new', Value: 'v' })),
    refusal('ValidationException', 'A parameter type is required when you create a parameter.'),
  )
  await assert.rejects(
    parameters.send(new PutParameterCommand({ Name: '/new', Value: 'v', Overwrite: true })),
    refusal('ValidationException'),
  )
  await assert.rejects(put('/new', 'v', { Type: 'Text' as 'String' }), refusal('ValidationException'))
  const { Version, Tier } = await put('/new', 'v')
  assert.deepEqual([Version, Tier], [1, 'Standard'])
  await assert.rejects(put('/new', 'w'), refusal('ParameterAlreadyExists'))
  await assert.rejects(
    put('/new', 'w', { Overwrite: true, Type: 'SecureString' }),
    refusal('HierarchyTypeMismatchException'),
  )
  const again = new PutParameterCommand({ Name: '/new', Value: 'w', Overwrite: true })
  assert.equal((await parameters.send(again)).Version, 2)
  assert.deepEqual([await valueOf(parameters, '/new'), await valueOf(parameters, '/new:1')], ['w', 'v'])
})

test('a SecureString stays one when it is overwritten', async (t) => {
  const { parameters } = await begin(t, { seed })
  await parameters.send(new PutParameterCommand({ Name: '/app/secure', Value: 'new', Overwrite: true }))
  const { Parameter } = await parameters.send(new GetParameterCommand({ Name: '/app/secure' }))
  assert.deepEqual([Parameter!.Type, Parameter!.Version], ['SecureString', 2])
  assert.notEqual(Parameter!.Value, 'new')
  assert.equal(await valueOf(parameters, '/app/secure'), 'new')
})

test('each tier holds what it holds, and what is refused leaves nothing behind', async (t) => {
  const { parameters } = await begin(t, { seed })
  const put = putting(parameters)
  const [standard, advanced] = ['x'.repeat(4096), 'x'.repeat(8192)]
  for (const [value, input] of [
    [`${standard}x`, {}],
    [`${standard}x`, { Tier: 'Standard' }],
    ['é'.repeat(2049), {}],
    [`${advanced}x`, { Tier: 'Advanced' }],
    [`${advanced}x`, { Tier: 'Intelligent-Tiering' }],
    ['', {}],
    ['v', { Tier: 'Gold' as 'Standard' }],
  ] as const) {
    await assert.rejects(put('/big', value, input), (error: Error) => {
      assert.equal(error.name, 'ValidationException')
      assert.ok(!error.message.includes('xxx'), 'no message repeats a value')
      return true
    })
    await assert.rejects(valueOf(parameters, '/big'), refusal('ParameterNotFound'))
  }
  const { Parameters } = await parameters.send(new GetParametersByPathCommand({ Path: '/' }))
  assert.deepEqual(
    Parameters!.map(({ Name }) => Name),
    ['root'],
  )
  for (const [name, value, Tier, became] of [
    ['/s', standard, undefined, 'Standard'],
    ['/a', advanced, 'Advanced', 'Advanced'],
    ['/a', 'small', undefined, 'Advanced'],
    ['/a', 'small', 'Intelligent-Tiering', 'Advanced'],
    ['/i', 'small', 'Intelligent-Tiering', 'Standard'],
    ['/i', advanced, 'Intelligent-Tiering', 'Advanced'],
  ] as const) {
    const answer = await put(name, value, { Overwrite: true, ...(Tier !== undefined && { Tier }) })
    assert.equal(answer.Tier, became, name)
    assert.equal(await valueOf(parameters, name), value)
  }
  await assert.rejects(put('/a', 'v', { Overwrite: true, Tier: 'Standard' }), refusal('ValidationException'))
  assert.equal(await valueOf(parameters, '/a'), 'small')
})

test('names that AWS refuses are refused', async (t) => {
  const { parameters } = await begin(t, { seed })
  const put = putting(parameters)
  const levels = (count: number) => '/l'.repeat(count)
  for (const [name, code] of [
    ['/two words', 'ValidationException'],
    ['/a:1', 'ValidationException'],
    ['a/b', 'ValidationException'],
    ['/a/', 'ValidationException'],
    ['/a//b', 'ValidationException'],
    ['/ü', 'ValidationException'],
    ['awsome', 'ValidationException'],
    ['/AWSome', 'ValidationException'],
    ['ssm-key', 'ValidationException'],
    ['/ssm/key', 'ValidationException'],
    ['/aws/reference/x', 'AccessDeniedException'],
    ['arn:aws:ssm:us-east-1:123456789012:parameter/app/plain', 'ValidationException'],
    [levels(16), 'HierarchyLevelLimitExceededException'],
    [`/${'x'.repeat(968)}`, 'ValidationException'],
    ['x'.repeat(2049), 'ValidationException'],
    ['', 'ValidationException'],
  ] as const)
    await assert.rejects(put(name, 'v'), refusal(code), name.slice(0, 40))
  for (const name of ['plain', '/a.b-c_d', levels(15), ' /trimmed ', '/my/aws/ssm', `/${'x'.repeat(960)}`]) {
    await put(name, 'v')
    assert.equal(await valueOf(parameters, name.trim()), 'v')
  }
})

test('a value may be held to a pattern, and never nests another parameter', async (t) => {
  const { parameters } = await begin(t, { seed })
  const put = putting(parameters)
  const AllowedPattern = '^\\d+$'
  await assert.rejects(put('/n', 'x', { AllowedPattern }), refusal('ParameterPatternMismatchException'))
  await assert.rejects(put('/n', 'x', { AllowedPattern: '(' }), refusal('InvalidAllowedPatternException'))
  await put('/n', '7', { AllowedPattern })
  await assert.rejects(put('/n', 'x', { Overwrite: true }), refusal('ParameterPatternMismatchException'))
  assert.equal(await valueOf(parameters, '/n'), '7')
  for (const value of ['{{ssm:/app/plain}}', 'a {{ssm:/app/plain}} b', '{{x}}'])
    await assert.rejects(put('/m', value), refusal('ValidationException'))
  await assert.rejects(put('/m', 'v', { DataType: 'TEXT' }), refusal('ValidationException'))
  const expiry = JSON.stringify([{ Type: 'Expiration', Version: '1.0', Attributes: {} }])
  await assert.rejects(put('/m', 'v', { Policies: expiry }), refusal('InvalidPolicyTypeException'))
  await assert.rejects(
    put('/n', '8', { Overwrite: true, Tags: [{ Key: 'a', Value: 'b' }] }),
    refusal('ValidationException'),
  )
})

test('several are deleted at once, and what is not there is listed', async (t) => {
  const { parameters } = await begin(t, { seed })
  const { DeletedParameters, InvalidParameters } = await parameters.send(
    new DeleteParametersCommand({ Names: ['/app/plain', '/none', 'root'] }),
  )
  assert.deepEqual([DeletedParameters, InvalidParameters], [['/app/plain', 'root'], ['/none']])
  await assert.rejects(valueOf(parameters, 'root'), refusal('ParameterNotFound'))
  const eleven = Array.from({ length: 11 }, (_, i) => `/p${i}`)
  await assert.rejects(
    parameters.send(new DeleteParametersCommand({ Names: eleven })),
    refusal('ValidationException'),
  )
  const remove = (Name: string) => parameters.send(new DeleteParameterCommand({ Name }))
  await assert.rejects(remove('/none'), refusal('ParameterNotFound'))
  const arn = 'arn:aws:ssm:us-east-1:123456789012:parameter/app/list'
  await assert.rejects(remove(arn), refusal('ValidationException'))
  assert.equal(await valueOf(parameters, '/app/list'), 'a,b')
  await remove('/app/list')
  await assert.rejects(valueOf(parameters, '/app/list'), refusal('ParameterNotFound'))
})

test('the history lists every version, oldest first, with its labels', async (t) => {
  const { parameters } = await begin(t, { seed })
  const history = async (Name: string, input: object = {}) =>
    parameters.send(new GetParameterHistoryCommand({ Name, ...input }))
  const { Parameters } = await history('/app/plain')
  assert.deepEqual(
    Parameters!.map(({ Version, Value, Labels }) => [Version, Value, Labels]),
    [
      [1, 'one', ['release']],
      [2, 'two', []],
      [3, 'three', []],
    ],
  )
  const first = await history('/app/plain', { MaxResults: 2 })
  const rest = await history('/app/plain', { MaxResults: 2, NextToken: first.NextToken })
  assert.deepEqual([first.Parameters!.length, rest.Parameters!.length, rest.NextToken], [2, 1, undefined])
  const [hidden] = (await history('/app/secure')).Parameters!
  const [shown] = (await history('/app/secure', { WithDecryption: true })).Parameters!
  assert.match(hidden!.Value!, /^AQICAHi/)
  assert.deepEqual([shown!.Value, shown!.KeyId, shown!.Description], ['clear text', 'alias/aws/ssm', 'A key'])
  await assert.rejects(history('/none'), refusal('ParameterNotFound'))
  await assert.rejects(history('/app/plain', { MaxResults: 51 }), refusal('ValidationException'))
})

test('a hundred versions are kept, unless the oldest has a label', async (t) => {
  const { aws, parameters } = await begin(t, { seed })
  for (let i = 0; i < 150; i++) aws.putParameter('/many', `${i}`)
  const history = new GetParameterHistoryCommand({ Name: '/many', MaxResults: 50 })
  assert.equal((await parameters.send(history)).Parameters![0]!.Version, 51)
  aws.label('/many', 'keep', 51)
  const put = () => putting(parameters)('/many', 'v', { Overwrite: true })
  await assert.rejects(put(), refusal('ParameterMaxVersionLimitExceeded'))
  aws.label('/many', 'keep', 52)
  assert.equal((await put()).Version, 151)
})

test('labels are given, moved, refused one by one, and taken away', async (t) => {
  const { parameters } = await begin(t, { seed })
  const label = (Labels: string[], ParameterVersion?: number, Name = '/app/plain') =>
    parameters.send(new LabelParameterVersionCommand({ Name, Labels, ParameterVersion }))
  const moved = await label(['release', '1st', 'aws-x', 'SSMx', 'a b'])
  assert.equal(moved.ParameterVersion, 3)
  assert.deepEqual(moved.InvalidLabels, ['1st', 'aws-x', 'SSMx', 'a b'])
  assert.equal(await valueOf(parameters, '/app/plain:release'), 'three')
  await label(['release'], 2)
  assert.equal(await valueOf(parameters, '/app/plain:release'), 'two')
  await assert.rejects(label(['x'], 9), refusal('ParameterVersionNotFound'))
  await assert.rejects(label(['x'], 1, '/none'), refusal('ParameterNotFound'))
  await assert.rejects(label(['x'.repeat(101)]), refusal('ValidationException'))
  const nine = Array.from({ length: 9 }, (_, i) => `l${i}`)
  await label(nine, 2)
  await assert.rejects(label(['one-more'], 2), refusal('ParameterVersionLabelLimitExceeded'))
  const { RemovedLabels, InvalidLabels } = await parameters.send(
    new UnlabelParameterVersionCommand({
      Name: '/app/plain',
      ParameterVersion: 2,
      Labels: ['release', 'never'],
    }),
  )
  assert.deepEqual([RemovedLabels, InvalidLabels], [['release'], ['never']])
  await assert.rejects(valueOf(parameters, '/app/plain:release'), refusal('ParameterVersionNotFound'))
})

test('parameters are described in pages and by filters, without values', async (t) => {
  const { parameters } = await begin(t, { seed })
  const describe = async (input: ConstructorParameters<typeof DescribeParametersCommand>[0] = {}) => {
    const answer = await parameters.send(new DescribeParametersCommand(input))
    return { ...answer, names: answer.Parameters!.map(({ Name }) => Name) }
  }
  const all = ['/app/deep/er', '/app/list', '/app/plain', '/app/secure', 'root']
  assert.deepEqual((await describe()).names, all)
  assert.ok(!JSON.stringify((await describe()).Parameters).includes('clear text'))
  const first = await describe({ MaxResults: 3 })
  const rest = await describe({ MaxResults: 3, NextToken: first.NextToken })
  assert.deepEqual([...first.names, ...rest.names], all)
  await assert.rejects(describe({ MaxResults: 51 }), refusal('ValidationException'))
  await assert.rejects(describe({ NextToken: 'x' }), refusal('InvalidNextToken'))
  assert.deepEqual((await describe({ Shared: true })).names, ['/theirs'])
  for (const [Key, Option, Values, names] of [
    ['Name', undefined, ['root', '/app/list'], ['/app/list', 'root']],
    ['Name', 'BeginsWith', ['/app/p'], ['/app/plain']],
    ['Name', 'Contains', ['l'], ['/app/list', '/app/plain']],
    ['Type', 'Equals', ['SecureString'], ['/app/secure']],
    ['KeyId', 'Equals', ['alias/aws/ssm'], ['/app/secure']],
    ['Path', undefined, ['/app'], ['/app/list', '/app/plain', '/app/secure']],
    ['Path', 'Recursive', ['/app'], all.slice(0, 4)],
    ['Tier', 'Equals', ['Advanced'], ['/app/deep/er']],
    ['DataType', 'Equals', ['aws:ec2:image'], []],
    ['tag:team', 'Equals', ['red'], ['/app/list']],
    ['tag:team', undefined, undefined, ['/app/list']],
    ['tag:none', undefined, undefined, []],
  ] as const) {
    const ParameterFilters = [{ Key, Option, ...(Values !== undefined && { Values: [...Values] }) }]
    assert.deepEqual((await describe({ ParameterFilters })).names, names, `${Key} ${Option}`)
  }
  assert.deepEqual((await describe({ Filters: [{ Key: 'Name', Values: ['/app/s'] }] })).names, [
    '/app/secure',
  ])
  for (const [filter, code] of [
    [{ Key: 'Label', Values: ['release'] }, 'InvalidFilterKey'],
    [{ Key: 'Type', Option: 'Contains', Values: ['x'] }, 'InvalidFilterOption'],
    [{ Key: 'Name' }, 'InvalidFilterValue'],
  ] as const)
    await assert.rejects(describe({ ParameterFilters: [filter as { Key: string }] }), refusal(code))
})

test('tags of a parameter are added, listed and taken away', async (t) => {
  const { parameters } = await begin(t, { seed })
  const resource = (ResourceId: string) => ({ ResourceType: 'Parameter' as const, ResourceId })
  const tags = async (id: string) =>
    (await parameters.send(new ListTagsForResourceCommand(resource(id)))).TagList
  await putting(parameters)('/new', 'v', { Tags: [{ Key: 'a', Value: '1' }] })
  const Tags = [
    { Key: 'a', Value: '2' },
    { Key: 'b', Value: '' },
  ]
  await parameters.send(new AddTagsToResourceCommand({ ...resource('/new'), Tags }))
  assert.deepEqual(await tags('/new'), Tags)
  await parameters.send(new RemoveTagsFromResourceCommand({ ...resource('/new'), TagKeys: ['a', 'x'] }))
  assert.deepEqual(await tags('/new'), [{ Key: 'b', Value: '' }])
  await assert.rejects(tags('/none'), refusal('InvalidResourceId'))
  const many = Array.from({ length: 51 }, (_, i) => ({ Key: `k${i}`, Value: '' }))
  await assert.rejects(
    parameters.send(new AddTagsToResourceCommand({ ...resource('/new'), Tags: many })),
    refusal('TooManyTagsError'),
  )
})
