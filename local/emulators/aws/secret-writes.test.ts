import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'

import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetRandomPasswordCommand,
  GetResourcePolicyCommand,
  GetSecretValueCommand,
  ListSecretVersionIdsCommand,
  ListSecretsCommand,
  type ListSecretsCommandInput,
  PutSecretValueCommand,
  RestoreSecretCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateSecretCommand,
  UpdateSecretVersionStageCommand,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager'

import { begin, refusal } from './harness.ts'

const DELETED = "You can't perform this operation on the secret because it was marked for deletion."
const seed = {
  secrets: { a: { value: 'first', tags: { app: 'orders' } }, gone: { value: 'x', deleted: true } },
}

async function valueOf(secrets: SecretsManagerClient, SecretId: string, VersionStage?: string) {
  return (await secrets.send(new GetSecretValueCommand({ SecretId, VersionStage }))).SecretString
}

test('a value that is put as AWSPENDING is not the current one until its stage is moved', async (t) => {
  const { secrets } = await begin(t, { seed })
  const { VersionId: current } = await secrets.send(new GetSecretValueCommand({ SecretId: 'a' }))
  const put = await secrets.send(
    new PutSecretValueCommand({ SecretId: 'a', SecretString: 'second', VersionStages: ['AWSPENDING'] }),
  )
  assert.deepEqual(put.VersionStages, ['AWSPENDING'])
  assert.equal(await valueOf(secrets, 'a'), 'first')
  assert.equal(await valueOf(secrets, 'a', 'AWSPENDING'), 'second')
  const move = (RemoveFromVersionId?: string, VersionStage = 'AWSCURRENT') =>
    secrets.send(
      new UpdateSecretVersionStageCommand({
        SecretId: 'a',
        VersionStage,
        MoveToVersionId: put.VersionId,
        RemoveFromVersionId,
      }),
    )
  await assert.rejects(move(), refusal('InvalidParameterException'))
  await assert.rejects(move(put.VersionId), refusal('InvalidParameterException'))
  await move(current)
  assert.equal(await valueOf(secrets, 'a'), 'second')
  assert.equal(await valueOf(secrets, 'a', 'AWSPREVIOUS'), 'first')
  const unstage = (VersionStage: string) =>
    secrets.send(
      new UpdateSecretVersionStageCommand({
        SecretId: 'a',
        VersionStage,
        RemoveFromVersionId: put.VersionId,
      }),
    )
  await unstage('AWSPENDING')
  await assert.rejects(valueOf(secrets, 'a', 'AWSPENDING'), refusal('ResourceNotFoundException'))
  await assert.rejects(unstage('AWSCURRENT'), refusal('InvalidParameterException'))
})

test('the first value of a secret is current whatever stage it is put with', async (t) => {
  const { secrets } = await begin(t, { seed })
  await secrets.send(new CreateSecretCommand({ Name: 'later' }))
  await assert.rejects(valueOf(secrets, 'later'), refusal('ResourceNotFoundException'))
  await secrets.send(
    new PutSecretValueCommand({ SecretId: 'later', SecretString: 'v', VersionStages: ['BLUE'] }),
  )
  assert.deepEqual([await valueOf(secrets, 'later'), await valueOf(secrets, 'later', 'BLUE')], ['v', 'v'])
})

test('a token that was used is answered again with the same value, and refused with another', async (t) => {
  const { secrets } = await begin(t, { seed })
  const ClientRequestToken = randomUUID()
  const put = (SecretString: string) =>
    secrets.send(new PutSecretValueCommand({ SecretId: 'a', SecretString, ClientRequestToken }))
  const first = await put('second')
  assert.equal(first.VersionId, ClientRequestToken)
  assert.equal((await put('second')).VersionId, ClientRequestToken)
  const { Versions } = await secrets.send(new ListSecretVersionIdsCommand({ SecretId: 'a' }))
  assert.equal(Versions!.length, 2)
  await assert.rejects(put('third'), refusal('ResourceExistsException'))
  assert.equal(await valueOf(secrets, 'a'), 'second')
  const update = new UpdateSecretCommand({ SecretId: 'a', SecretString: 'second', ClientRequestToken })
  await assert.rejects(secrets.send(update), refusal('ResourceExistsException'))

  const create = (Name: string, SecretString: string, token = ClientRequestToken) =>
    secrets.send(new CreateSecretCommand({ Name, SecretString, ClientRequestToken: token }))
  const { ARN } = await create('b', 'v')
  assert.equal((await create('b', 'v')).ARN, ARN)
  await assert.rejects(create('b', 'w'), refusal('ResourceExistsException'))
  await assert.rejects(
    create('b', 'v', randomUUID()),
    refusal('ResourceExistsException', 'The operation failed because the secret b already exists.'),
  )
})

test('bytes are stored and come back as bytes', async (t) => {
  const { secrets } = await begin(t, { seed })
  const bytes = Uint8Array.from([0, 1, 2, 254, 255])
  const read = async (SecretId: string) => {
    const { SecretBinary, SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId }))
    assert.equal(SecretString, undefined)
    return [...SecretBinary!]
  }
  await secrets.send(new CreateSecretCommand({ Name: 'bytes', SecretBinary: bytes }))
  assert.deepEqual(await read('bytes'), [...bytes])
  await secrets.send(new PutSecretValueCommand({ SecretId: 'a', SecretBinary: bytes.subarray(2) }))
  assert.deepEqual(await read('a'), [2, 254, 255])
  await secrets.send(new UpdateSecretCommand({ SecretId: 'a', SecretBinary: bytes.subarray(3) }))
  assert.deepEqual(await read('a'), [254, 255])
})

test('a value is text or bytes, one of them, and of 65,536 bytes at most', async (t) => {
  const { secrets, call } = await begin(t, { seed })
  const SecretBinary = Uint8Array.of(1)
  const both = { SecretString: 'v', SecretBinary }
  const largest = 'é'.repeat(32_768)
  for (const [command, code] of [
    [new PutSecretValueCommand({ SecretId: 'a' }), 'InvalidRequestException'],
    [new PutSecretValueCommand({ SecretId: 'a', ...both }), 'InvalidParameterException'],
    [new CreateSecretCommand({ Name: 'b', ...both }), 'InvalidParameterException'],
    [new UpdateSecretCommand({ SecretId: 'a', ...both }), 'InvalidParameterException'],
    [new PutSecretValueCommand({ SecretId: 'a', SecretString: `${largest}x` }), 'ValidationException'],
    [new CreateSecretCommand({ Name: 'b', SecretString: `${largest}x` }), 'ValidationException'],
    [new CreateSecretCommand({ Name: 'b', SecretString: '' }), 'ValidationException'],
    [new CreateSecretCommand({ Name: 'b', SecretBinary: new Uint8Array(65_537) }), 'ValidationException'],
  ] as const) {
    await assert.rejects(secrets.send(command as PutSecretValueCommand), (error: Error) => {
      assert.equal(error.name, code)
      assert.ok(!error.message.includes('éé'), 'no message repeats a value')
      return true
    })
  }
  assert.equal(await valueOf(secrets, 'a'), 'first')
  await assert.rejects(valueOf(secrets, 'b'), refusal('ResourceNotFoundException'))
  await secrets.send(new PutSecretValueCommand({ SecretId: 'a', SecretString: largest }))
  assert.equal(await valueOf(secrets, 'a'), largest)
  const broken = await call('secretsmanager.PutSecretValue', { SecretId: 'a', SecretBinary: '%%' })
  assert.match(broken.text, /"SerializationException"/)
})

test('names that AWS refuses are refused', async (t) => {
  const { secrets } = await begin(t, { seed })
  const create = (Name: string) => secrets.send(new CreateSecretCommand({ Name, SecretString: 'v' }))
  for (const name of ['two words', 'a:b', 'ü', 'rds!db', 'a*', '', 'x'.repeat(513), '${x}', 'a\n'])
    await assert.rejects(create(name), refusal('ValidationException'), JSON.stringify(name))
  for (const name of ['/_+=.@-', 'x'.repeat(512)]) assert.equal((await create(name)).Name, name)
})

test('a secret is marked for deletion for 7 to 30 days, and comes back when it is restored', async (t) => {
  const { secrets } = await begin(t, { seed })
  const remove = (input: object) => secrets.send(new DeleteSecretCommand({ SecretId: 'a', ...input }))
  for (const RecoveryWindowInDays of [-1, 0, 3, 6, 31])
    await assert.rejects(
      remove({ RecoveryWindowInDays }),
      refusal(
        'InvalidParameterException',
        'The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).',
      ),
    )
  await assert.rejects(
    remove({ RecoveryWindowInDays: 7, ForceDeleteWithoutRecovery: true }),
    refusal('InvalidParameterException'),
  )
  assert.equal(await valueOf(secrets, 'a'), 'first')
  const days = async (input: object) =>
    Math.round(((await remove(input)).DeletionDate!.getTime() - Date.now()) / 86_400_000)
  assert.equal(await days({ RecoveryWindowInDays: 7 }), 7)
  await assert.rejects(remove({}), refusal('InvalidRequestException'))
  const ClientRequestToken = randomUUID()
  for (const command of [
    new GetSecretValueCommand({ SecretId: 'a' }),
    new PutSecretValueCommand({ SecretId: 'a', SecretString: 'v' }),
    new UpdateSecretCommand({ SecretId: 'a', Description: 'd' }),
    new TagResourceCommand({ SecretId: 'a', Tags: [] }),
    new UntagResourceCommand({ SecretId: 'a', TagKeys: [] }),
  ])
    await assert.rejects(
      secrets.send(command as GetSecretValueCommand),
      refusal('InvalidRequestException', DELETED),
    )
  await assert.rejects(
    secrets.send(new CreateSecretCommand({ Name: 'a', SecretString: 'v', ClientRequestToken })),
    refusal('InvalidRequestException'),
  )
  const described = await secrets.send(new DescribeSecretCommand({ SecretId: 'a' }))
  assert.ok(described.DeletedDate instanceof Date)
  await secrets.send(new RestoreSecretCommand({ SecretId: 'a' }))
  assert.equal(await valueOf(secrets, 'a'), 'first')
  assert.equal(await days({}), 30)
})

test('a secret that is deleted at once is gone, its name is free, and deleting it again is no error', async (t) => {
  const { secrets } = await begin(t, { seed })
  const forced = { ForceDeleteWithoutRecovery: true }
  for (const SecretId of ['a', 'gone', 'a', 'never']) {
    assert.equal((await secrets.send(new DeleteSecretCommand({ SecretId, ...forced }))).Name, SecretId)
    await assert.rejects(valueOf(secrets, SecretId), refusal('ResourceNotFoundException'))
  }
  await secrets.send(new CreateSecretCommand({ Name: 'a', SecretString: 'anew' }))
  assert.equal(await valueOf(secrets, 'a'), 'anew')
  for (const command of [
    new DeleteSecretCommand({ SecretId: 'none' }),
    new RestoreSecretCommand({ SecretId: 'none' }),
  ])
    await assert.rejects(secrets.send(command), refusal('ResourceNotFoundException'))
})

test('an update changes what it names, and makes a version only of a value', async (t) => {
  const { secrets } = await begin(t, { seed })
  const update = (input: object) => secrets.send(new UpdateSecretCommand({ SecretId: 'a', ...input }))
  const described = () => secrets.send(new DescribeSecretCommand({ SecretId: 'a' }))
  assert.equal((await update({ Description: 'of the shop', KmsKeyId: 'alias/shop' })).VersionId, undefined)
  assert.equal(await valueOf(secrets, 'a'), 'first')
  const { VersionId } = await update({ SecretString: 'second' })
  assert.equal(await valueOf(secrets, 'a'), 'second')
  const { Description, KmsKeyId, VersionIdsToStages, Tags } = await described()
  assert.deepEqual([Description, KmsKeyId], ['of the shop', 'alias/shop'])
  assert.deepEqual(Tags, [{ Key: 'app', Value: 'orders' }])
  assert.deepEqual(VersionIdsToStages![VersionId!], ['AWSCURRENT'])
  await update({ KmsKeyId: '' })
  assert.equal((await described()).KmsKeyId, undefined)
})

test('tags are added, take another value, and are taken away', async (t) => {
  const { secrets } = await begin(t, { seed })
  const tag = (Tags: { Key: string; Value: string }[]) =>
    secrets.send(new TagResourceCommand({ SecretId: 'a', Tags }))
  const tags = async () => (await secrets.send(new DescribeSecretCommand({ SecretId: 'a' }))).Tags
  await tag([
    { Key: 'app', Value: 'shop' },
    { Key: 'team', Value: 'red' },
  ])
  assert.deepEqual(await tags(), [
    { Key: 'app', Value: 'shop' },
    { Key: 'team', Value: 'red' },
  ])
  await secrets.send(new UntagResourceCommand({ SecretId: 'a', TagKeys: ['app', 'none'] }))
  assert.deepEqual(await tags(), [{ Key: 'team', Value: 'red' }])
  const many = Array.from({ length: 50 }, (_, i) => ({ Key: `k${i}`, Value: '' }))
  await assert.rejects(tag(many), refusal('InvalidParameterException'))
  await assert.rejects(tag([{ Key: 'aws:x', Value: '' }]), refusal('InvalidParameterException'))
  assert.equal((await tags())!.length, 1)
})

test('secrets are listed in pages, by filters, and without those marked for deletion', async (t) => {
  const { secrets } = await begin(t, {
    seed: {
      secrets: {
        'prod/orders/db': { value: 'v', tags: { app: 'orders' }, description: 'Main database' },
        'prod/orders/key': { value: 'v', tags: { app: 'orders', tier: 'gold' } },
        'prod/Orders': 'v',
        'test/shop': { value: 'v', tags: { App: 'orders' } },
        gone: { value: 'v', deleted: true },
      },
    },
  })
  const list = async (input: ListSecretsCommandInput) => {
    const { SecretList, NextToken } = await secrets.send(new ListSecretsCommand(input))
    return { names: SecretList!.map(({ Name }) => Name), NextToken }
  }
  const byName = { SortBy: 'name', SortOrder: 'asc' } as const
  const all = ['prod/Orders', 'prod/orders/db', 'prod/orders/key', 'test/shop']
  assert.deepEqual((await list(byName)).names, all)
  assert.deepEqual((await list({ ...byName, SortOrder: 'desc' })).names, all.toReversed())
  assert.deepEqual((await list({ ...byName, IncludePlannedDeletion: true })).names, ['gone', ...all])
  const first = await list({ ...byName, MaxResults: 3 })
  assert.deepEqual(first.names, all.slice(0, 3))
  const rest = await list({ ...byName, MaxResults: 3, NextToken: first.NextToken })
  assert.deepEqual(rest, { names: all.slice(3), NextToken: undefined })
  await assert.rejects(list({ NextToken: first.NextToken }), refusal('InvalidNextTokenException'))
  for (const [filters, names] of [
    [[['name', ['prod/orders/']]], ['prod/orders/db', 'prod/orders/key']],
    [[['name', ['!prod/orders/']]], ['prod/Orders', 'test/shop']],
    [[['tag-key', ['app']]], ['prod/orders/db', 'prod/orders/key']],
    [
      [
        ['tag-key', ['tier']],
        ['tag-value', ['orders']],
      ],
      ['prod/orders/key'],
    ],
    [[['tag-value', ['gold', 'ord']]], ['prod/orders/db', 'prod/orders/key', 'test/shop']],
    [[['description', ['main']]], ['prod/orders/db']],
    [[['all', ['DATABASE main']]], ['prod/orders/db']],
    [[['primary-region', ['us']]], []],
    [[['owning-service', ['rds']]], []],
  ] as const) {
    const Filters = filters.map(([Key, Values]) => ({ Key, Values: [...Values] }))
    assert.deepEqual((await list({ ...byName, Filters })).names, names, JSON.stringify(filters))
  }
  for (const Filters of [
    [{ Key: 'colour' as 'name', Values: ['x'] }],
    [{ Key: 'name' as const, Values: [] }],
  ])
    await assert.rejects(list({ Filters }), refusal('ValidationException'))
  const { SecretList } = await secrets.send(new ListSecretsCommand(byName))
  const { SecretVersionsToStages, Description, Tags } = SecretList![1]!
  assert.deepEqual(Object.values(SecretVersionsToStages!), [['AWSCURRENT']])
  assert.deepEqual([Description, Tags], ['Main database', [{ Key: 'app', Value: 'orders' }]])
})

test('versions are listed, those without a stage on request', async (t) => {
  const { secrets } = await begin(t, { seed })
  for (const SecretString of ['second', 'third'])
    await secrets.send(new PutSecretValueCommand({ SecretId: 'a', SecretString }))
  const list = async (input: object) => {
    const command = new ListSecretVersionIdsCommand({ SecretId: 'a', ...input })
    const { Versions, NextToken } = await secrets.send(command)
    return { stages: Versions!.map(({ VersionStages = [] }) => VersionStages), NextToken }
  }
  assert.deepEqual((await list({})).stages, [['AWSPREVIOUS'], ['AWSCURRENT']])
  const first = await list({ IncludeDeprecated: true, MaxResults: 2 })
  assert.deepEqual(first.stages, [[], ['AWSPREVIOUS']])
  const { NextToken } = first
  assert.deepEqual((await list({ IncludeDeprecated: true, MaxResults: 2, NextToken })).stages, [
    ['AWSCURRENT'],
  ])
})

test('a hundred versions without a stage are kept, and no more', async (t) => {
  const { aws, secrets } = await begin(t, { seed })
  for (let i = 0; i < 150; i++) aws.putSecret('a', `value ${i}`)
  const { Versions } = await secrets.send(
    new ListSecretVersionIdsCommand({ SecretId: 'a', IncludeDeprecated: true }),
  )
  assert.equal(Versions!.length, 100)
  assert.equal(new Set(Versions!.map(({ VersionId }) => VersionId)).size, 100)
  assert.deepEqual(
    [await valueOf(secrets, 'a'), await valueOf(secrets, 'a', 'AWSPREVIOUS')],
    ['value 149', 'value 148'],
  )
})

test('passwords come as they are requested, and a policy is never there', async (t) => {
  const { secrets } = await begin(t, { seed })
  const password = async (input: object) =>
    (await secrets.send(new GetRandomPasswordCommand(input))).RandomPassword!
  assert.equal((await password({})).length, 32)
  const digits = { ExcludeLowercase: true, ExcludeUppercase: true, ExcludePunctuation: true }
  assert.match(await password({ ...digits, PasswordLength: 9, ExcludeCharacters: '0' }), /^[1-9]{9}$/)
  await assert.rejects(password({ PasswordLength: 3 }), refusal('InvalidParameterException'))
  const policy = await secrets.send(new GetResourcePolicyCommand({ SecretId: 'a' }))
  assert.deepEqual([policy.Name, policy.ResourcePolicy], ['a', undefined])
})

test('a write that is denied changes nothing', async (t) => {
  const { aws, secrets } = await begin(t, { seed })
  aws.deny('secretsmanager:PutSecretValue')
  const put = new PutSecretValueCommand({ SecretId: 'a', SecretString: 'second' })
  await assert.rejects(secrets.send(put), refusal('AccessDeniedException'))
  assert.equal(await valueOf(secrets, 'a'), 'first')
})
