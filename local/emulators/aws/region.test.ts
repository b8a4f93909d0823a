import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  RemoveRegionsFromReplicationCommand,
  ReplicateSecretToRegionsCommand,
  SecretsManagerClient,
  StopReplicationToReplicaCommand,
} from '@aws-sdk/client-secrets-manager'
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
import type { TestContext } from 'node:test'

import { begin, refusal } from './harness.ts'
import { type Aws, LOCAL_CREDENTIALS } from './index.ts'

const seed = {
  secrets: {
    a: 'of every region',
    'eu-only': { value: 'of Frankfurt', region: 'eu-central-1' },
    copied: { value: 'of both', replicas: ['eu-central-1'] },
  },
  parameters: { '/p': 'of every region', '/eu': { value: 'of Frankfurt', region: 'eu-central-1' } },
}

function clients(t: TestContext, aws: Aws, region: string) {
  const common = { endpoint: aws.url, region, credentials: LOCAL_CREDENTIALS, maxAttempts: 1 }
  const [secrets, parameters] = [new SecretsManagerClient(common), new SSMClient(common)]
  t.after(() => {
    secrets.destroy()
    parameters.destroy()
  })
  const value = async (SecretId: string) =>
    (await secrets.send(new GetSecretValueCommand({ SecretId }))).SecretString
  const parameter = async (Name: string) =>
    (await parameters.send(new GetParameterCommand({ Name }))).Parameter!
  return { secrets, parameters, value, parameter }
}

test('every region of AWS answers, with ARNs of its own and of its partition', async (t) => {
  const { aws } = await begin(t, { seed, regions: 'any' })
  for (const [region, partition] of [
    ['us-east-1', 'aws'],
    ['eu-central-1', 'aws'],
    ['ap-southeast-7', 'aws'],
    ['cn-north-1', 'aws-cn'],
    ['us-gov-west-1', 'aws-us-gov'],
    ['eusc-de-east-1', 'aws-eusc'],
  ] as const) {
    const { secrets, value, parameter } = clients(t, aws, region)
    const { ARN, SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: 'a' }))
    assert.equal(SecretString, 'of every region')
    assert.ok(ARN!.startsWith(`arn:${partition}:secretsmanager:${region}:123456789012:secret:a-`), ARN)
    assert.equal(await value(ARN!), 'of every region')
    assert.equal((await parameter('/p')).ARN, `arn:${partition}:ssm:${region}:123456789012:parameter/p`)
  }
  const nowhere = clients(t, aws, 'moon-1')
  await assert.rejects(nowhere.value('a'), refusal('InvalidSignatureException'))
})

test('what a seed gives to one region is there and nowhere else', async (t) => {
  const { aws } = await begin(t, { seed, regions: 'any' })
  const [home, europe] = [clients(t, aws, 'us-east-1'), clients(t, aws, 'eu-central-1')]
  assert.equal(await europe.value('eu-only'), 'of Frankfurt')
  assert.equal((await europe.parameter('/eu')).Value, 'of Frankfurt')
  await assert.rejects(home.value('eu-only'), refusal('ResourceNotFoundException'))
  await assert.rejects(home.parameter('/eu'), refusal('ParameterNotFound'))
  aws.putSecret('eu-only', 'new')
  aws.putParameter('/eu', 'new')
  assert.deepEqual([await europe.value('eu-only'), (await europe.parameter('/eu')).Value], ['new', 'new'])
  await assert.rejects(home.value('eu-only'), refusal('ResourceNotFoundException'))
})

test('a region that is first requested later has what changed in all, and not what one wrote', async (t) => {
  const { aws } = await begin(t, { seed, regions: 'any' })
  const home = clients(t, aws, 'us-east-1')
  aws.putSecret('a', 'rotated')
  aws.putParameter('/p', 'changed')
  aws.removeSecret('copied')
  await home.secrets.send(new CreateSecretCommand({ Name: 'here', SecretString: 'v' }))
  await home.secrets.send(new PutSecretValueCommand({ SecretId: 'a', SecretString: 'here alone' }))
  const late = clients(t, aws, 'eu-west-1')
  assert.deepEqual([await late.value('a'), (await late.parameter('/p')).Value], ['rotated', 'changed'])
  for (const name of ['here', 'copied'])
    await assert.rejects(late.value(name), refusal('ResourceNotFoundException'))
  assert.equal(await home.value('a'), 'here alone')
  const { ARN } = await late.secrets.send(new GetSecretValueCommand({ SecretId: 'a' }))
  aws.putSecret(ARN!, 'by ARN')
  assert.deepEqual([await home.value('a'), await late.value('a')], ['by ARN', 'by ARN'])
})

test('a replica has the name, the versions and the ARN of its region, and is written at its primary', async (t) => {
  const { aws } = await begin(t, { seed, regions: 'any' })
  const [home, europe] = [clients(t, aws, 'us-east-1'), clients(t, aws, 'eu-central-1')]
  const read = (region: typeof home) => region.secrets.send(new GetSecretValueCommand({ SecretId: 'copied' }))
  assert.equal((await read(europe)).ARN, (await read(home)).ARN!.replace('us-east-1', 'eu-central-1'))
  await home.secrets.send(new PutSecretValueCommand({ SecretId: 'copied', SecretString: 'second' }))
  assert.equal(await europe.value('copied'), 'second')
  assert.equal((await read(europe)).VersionId, (await read(home)).VersionId)
  aws.putSecret('copied', 'third')
  assert.deepEqual([await home.value('copied'), await europe.value('copied')], ['third', 'third'])
  const put = new PutSecretValueCommand({ SecretId: 'copied', SecretString: 'x' })
  await assert.rejects(europe.secrets.send(put), refusal('InvalidParameterException'))
  const { PrimaryRegion, ReplicationStatus } = await europe.secrets.send(
    new DescribeSecretCommand({ SecretId: 'copied' }),
  )
  assert.equal(PrimaryRegion, 'us-east-1')
  assert.deepEqual(
    ReplicationStatus!.map(({ Region, Status }) => [Region, Status]),
    [['eu-central-1', 'InSync']],
  )
  await assert.rejects(clients(t, aws, 'eu-west-1').value('copied'), refusal('ResourceNotFoundException'))
})

test('a secret is replicated and taken back, and a replica made a secret of its own', async (t) => {
  const { aws } = await begin(t, { seed, regions: 'any' })
  const [home, europe] = [clients(t, aws, 'us-east-1'), clients(t, aws, 'eu-west-1')]
  await home.secrets.send(new CreateSecretCommand({ Name: 'new', SecretString: 'v' }))
  const replicate = (Region: string, SecretId = 'new') =>
    home.secrets.send(new ReplicateSecretToRegionsCommand({ SecretId, AddReplicaRegions: [{ Region }] }))
  await replicate('eu-west-1')
  assert.equal(await europe.value('new'), 'v')
  for (const region of ['us-east-1', 'moon-1'])
    await assert.rejects(replicate(region), refusal('InvalidParameterException'))
  await assert.rejects(replicate('eu-west-1', 'a'), refusal('ResourceExistsException'))
  const remove = new DeleteSecretCommand({ SecretId: 'new', ForceDeleteWithoutRecovery: true })
  await assert.rejects(home.secrets.send(remove), refusal('InvalidParameterException'))
  await europe.secrets.send(new StopReplicationToReplicaCommand({ SecretId: 'new' }))
  await home.secrets.send(new PutSecretValueCommand({ SecretId: 'new', SecretString: 'w' }))
  assert.deepEqual([await home.value('new'), await europe.value('new')], ['w', 'v'])
  await replicate('eu-west-2')
  const end = new RemoveRegionsFromReplicationCommand({
    SecretId: 'new',
    RemoveReplicaRegions: ['eu-west-2'],
  })
  await home.secrets.send(end)
  await assert.rejects(clients(t, aws, 'eu-west-2').value('new'), refusal('ResourceNotFoundException'))
  await home.secrets.send(remove)
})
