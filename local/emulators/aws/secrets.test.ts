import assert from 'node:assert/strict'
import { test } from 'node:test'

import { BatchGetSecretValueCommand, GetSecretValueCommand } from '@aws-sdk/client-secrets-manager'

import { begin, refusal } from './harness.ts'

const NOT_FOUND = "Secrets Manager can't find the specified secret."

const seed = {
  secrets: {
    plain: 'just a string',
    json: { value: { user: 'app', port: 5432 } },
    binary: { binary: 'AAEC/w==' },
    rotated: {
      value: 'new',
      versionId: 'new-00000000-0000-0000-0000-000000000000',
      previous: { value: 'old', versionId: 'old-00000000-0000-0000-0000-000000000000' },
      versions: [
        {
          value: 'next',
          versionId: 'next-0000000-0000-0000-0000-000000000000',
          stages: ['AWSPENDING', 'blue'],
        },
        { value: 'gone', versionId: 'gone-0000000-0000-0000-0000-000000000000' },
      ],
    },
    'tail-abcdef': 'a name that ends like an ARN suffix',
    gone: { value: 'x', deleted: true },
    theirs: { value: 'of another account', account: '999999999999', arnSuffix: 'AbCdEf' },
  },
}

test('a secret is found by name, by full ARN and by its ARN without suffix', async (t) => {
  const { secrets } = await begin(t, { seed })
  const byName = await secrets.send(new GetSecretValueCommand({ SecretId: 'plain' }))
  assert.equal(byName.SecretString, 'just a string')
  assert.match(byName.ARN!, /^arn:aws:secretsmanager:us-east-1:123456789012:secret:plain-[A-Za-z0-9]{6}$/)
  for (const SecretId of [byName.ARN!, byName.ARN!.slice(0, -7)]) {
    const found = await secrets.send(new GetSecretValueCommand({ SecretId }))
    assert.deepEqual({ ...found, $metadata: 0 }, { ...byName, $metadata: 0 })
  }
})

test('a name with the suffix of its ARN is not found', async (t) => {
  const { secrets } = await begin(t, { seed })
  const { ARN } = await secrets.send(new GetSecretValueCommand({ SecretId: 'plain' }))
  const SecretId = ARN!.split(':secret:')[1]!
  await assert.rejects(
    secrets.send(new GetSecretValueCommand({ SecretId })),
    refusal('ResourceNotFoundException', NOT_FOUND),
  )
})

test('the partial ARN of a name that itself ends like a suffix is taken for a full one, and not found', async (t) => {
  const { secrets } = await begin(t, { seed })
  const { ARN } = await secrets.send(new GetSecretValueCommand({ SecretId: 'tail-abcdef' }))
  await assert.rejects(
    secrets.send(new GetSecretValueCommand({ SecretId: ARN!.slice(0, -7) })),
    refusal('ResourceNotFoundException'),
  )
})

test("another account's secret answers to its full ARN alone", async (t) => {
  const { secrets } = await begin(t, { seed })
  const arn = 'arn:aws:secretsmanager:us-east-1:999999999999:secret:theirs-AbCdEf'
  const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: arn }))
  assert.equal(SecretString, 'of another account')
  for (const SecretId of ['theirs', arn.slice(0, -7)]) {
    await assert.rejects(
      secrets.send(new GetSecretValueCommand({ SecretId })),
      refusal('ResourceNotFoundException'),
    )
  }
})

test('JSON values are stored as compact text and binary ones come back as bytes', async (t) => {
  const { secrets } = await begin(t, { seed })
  const json = await secrets.send(new GetSecretValueCommand({ SecretId: 'json' }))
  assert.equal(json.SecretString, '{"user":"app","port":5432}')
  const binary = await secrets.send(new GetSecretValueCommand({ SecretId: 'binary' }))
  assert.deepEqual(Buffer.from(binary.SecretBinary!), Buffer.from([0, 1, 2, 255]))
  assert.equal(binary.SecretString, undefined)
})

test('a version is chosen by stage, by id, or by both when they agree', async (t) => {
  const { secrets } = await begin(t, { seed })
  const value = async (question: { VersionId?: string; VersionStage?: string }) =>
    (await secrets.send(new GetSecretValueCommand({ SecretId: 'rotated', ...question }))).SecretString
  assert.equal(await value({}), 'new')
  assert.equal(await value({ VersionStage: 'AWSPREVIOUS' }), 'old')
  assert.equal(await value({ VersionStage: 'AWSPENDING' }), 'next')
  assert.equal(await value({ VersionStage: 'blue' }), 'next')
  assert.equal(await value({ VersionId: 'gone-0000000-0000-0000-0000-000000000000' }), 'gone')
  const old = 'old-00000000-0000-0000-0000-000000000000'
  assert.equal(await value({ VersionId: old, VersionStage: 'AWSPREVIOUS' }), 'old')
  await assert.rejects(
    value({ VersionId: old, VersionStage: 'AWSCURRENT' }),
    refusal(
      'InvalidRequestException',
      'You provided a VersionStage that is not associated to the provided VersionId.',
    ),
  )
  await assert.rejects(
    value({ VersionStage: 'green' }),
    refusal(
      'ResourceNotFoundException',
      NOT_FOUND.replace('secret.', 'secret value for staging label: green'),
    ),
  )
  await assert.rejects(
    value({ VersionId: 'none-0000000-0000-0000-0000-000000000000' }),
    refusal(
      'ResourceNotFoundException',
      NOT_FOUND.replace('secret.', 'secret value for VersionId: none-0000000-0000-0000-0000-000000000000'),
    ),
  )
})

test('missing, deleted, denied and ill-named secrets are refused in the words of AWS', async (t) => {
  const { aws, secrets } = await begin(t, { seed })
  aws.deny('plain')
  const { ARN } = await secrets.send(new GetSecretValueCommand({ SecretId: 'json' }))
  aws.deny('json', 'Access to KMS is not allowed')
  const read = (SecretId: string) => secrets.send(new GetSecretValueCommand({ SecretId }))
  await assert.rejects(read('none'), refusal('ResourceNotFoundException', NOT_FOUND))
  await assert.rejects(
    read('gone'),
    refusal(
      'InvalidRequestException',
      "You can't perform this operation on the secret because it was marked for deletion.",
    ),
  )
  await assert.rejects(read('plain'), (error: Error) => {
    assert.equal(error.name, 'AccessDeniedException')
    assert.match(
      error.message,
      /^User: arn:aws:sts::123456789012:assumed-role\/\S+ is not authorized to perform: secretsmanager:GetSecretValue on resource: /,
    )
    return true
  })
  await assert.rejects(read(ARN!), refusal('AccessDeniedException', 'Access to KMS is not allowed'))
  await assert.rejects(
    read('two words'),
    refusal(
      'ValidationException',
      'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
    ),
  )
  await assert.rejects(read('x'.repeat(2049)), refusal('ValidationException'))
  aws.allow('plain')
  assert.equal((await read('plain')).SecretString, 'just a string')
})

test('a new version takes AWSCURRENT, the last one keeps AWSPREVIOUS, the one before loses it', async (t) => {
  const { aws, secrets } = await begin(t, { seed })
  const read = async (VersionStage?: string, VersionId?: string) =>
    secrets.send(new GetSecretValueCommand({ SecretId: 'rotated', VersionStage, VersionId }))
  const id = aws.putSecret('rotated', 'newest')
  assert.deepEqual((await read()).VersionStages, ['AWSCURRENT'])
  assert.equal((await read()).VersionId, id)
  assert.equal((await read('AWSPREVIOUS')).SecretString, 'new')
  const oldest = await read(undefined, 'old-00000000-0000-0000-0000-000000000000')
  assert.equal(oldest.SecretString, 'old')
  assert.deepEqual(oldest.VersionStages ?? [], [])
  const pending = aws.putSecret('rotated', 'tomorrow', { stages: ['AWSPENDING'] })
  assert.equal((await read()).SecretString, 'newest')
  aws.moveStage('rotated', 'AWSCURRENT', pending)
  assert.equal((await read()).SecretString, 'tomorrow')
  assert.equal((await read('AWSPREVIOUS')).SecretString, 'newest')
})

test('a batch answers what it can and lists the rest as errors', async (t) => {
  const { aws, secrets } = await begin(t, { seed })
  aws.deny('json')
  const { SecretValues, Errors } = await secrets.send(
    new BatchGetSecretValueCommand({ SecretIdList: ['plain', 'none', 'json', 'rotated'] }),
  )
  assert.deepEqual(
    SecretValues!.map(({ SecretString }) => SecretString),
    ['just a string', 'new'],
  )
  assert.deepEqual(
    Errors!.map(({ SecretId, ErrorCode }) => [SecretId, ErrorCode]),
    [
      ['none', 'ResourceNotFoundException'],
      ['json', 'AccessDeniedException'],
    ],
  )
  assert.equal(Errors![0]!.Message, NOT_FOUND)
  assert.equal(aws.calls('rotated'), 1)
})

test('a batch by filter comes in pages, and only its own token continues it', async (t) => {
  const secretsByName = Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`app/${i}`, `value ${i}`]))
  const { secrets } = await begin(t, { seed: { secrets: { ...secretsByName, other: 'x' } } })
  const Filters = [{ Key: 'name' as const, Values: ['app/'] }]
  const first = await secrets.send(new BatchGetSecretValueCommand({ Filters, MaxResults: 3 }))
  assert.deepEqual(
    first.SecretValues!.map(({ Name }) => Name),
    ['app/0', 'app/1', 'app/2'],
  )
  const { NextToken } = first
  const rest = await secrets.send(new BatchGetSecretValueCommand({ Filters, MaxResults: 3, NextToken }))
  assert.deepEqual(
    rest.SecretValues!.map(({ Name }) => Name),
    ['app/3', 'app/4'],
  )
  assert.equal(rest.NextToken, undefined)
  const negated = [{ Key: 'name' as const, Values: ['!app'] }]
  const others = await secrets.send(new BatchGetSecretValueCommand({ Filters: negated }))
  assert.deepEqual(
    others.SecretValues!.map(({ Name }) => Name),
    ['other'],
  )
  const strange = new BatchGetSecretValueCommand({ Filters: negated, NextToken })
  await assert.rejects(secrets.send(strange), refusal('InvalidNextTokenException'))
})

test('a batch needs a list or filters, not both, and at most twenty ids', async (t) => {
  const { secrets } = await begin(t, { seed })
  const both = { SecretIdList: ['plain'], Filters: [{ Key: 'all' as const, Values: ['x'] }] }
  for (const input of [{}, both, { SecretIdList: ['plain'], MaxResults: 3 }]) {
    await assert.rejects(
      secrets.send(new BatchGetSecretValueCommand(input)),
      refusal('InvalidParameterException'),
    )
  }
  const many = Array.from({ length: 21 }, (_, i) => `s${i}`)
  await assert.rejects(
    secrets.send(new BatchGetSecretValueCommand({ SecretIdList: many })),
    refusal('ValidationException'),
  )
})

test('a batch needs its own right, that of each secret, and for filters the right to list', async (t) => {
  const { aws, secrets } = await begin(t, { seed })
  const byName = new BatchGetSecretValueCommand({ SecretIdList: ['plain'] })
  const byFilter = new BatchGetSecretValueCommand({ Filters: [{ Key: 'name', Values: ['plain'] }] })
  const codes = async (): Promise<(string | undefined)[]> => {
    const code = (command: BatchGetSecretValueCommand) =>
      secrets.send(command).then(
        ({ Errors }) => Errors![0]?.ErrorCode,
        (error: Error) => error.name,
      )
    return [await code(byName), await code(byFilter)]
  }
  const denied = 'AccessDeniedException'
  for (const [action, expected] of [
    ['secretsmanager:ListSecrets', [undefined, denied]],
    ['secretsmanager:BatchGetSecretValue', [denied, denied]],
    ['secretsmanager:GetSecretValue', [denied, denied]],
  ] as const) {
    aws.deny(action)
    assert.deepEqual(await codes(), expected, action)
    aws.allowAll()
  }
  assert.deepEqual(await codes(), [undefined, undefined])
})
