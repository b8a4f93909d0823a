import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { startAws } from '../../local/emulators/aws/index.ts'
import { UpstreamError } from '../errors.ts'
import { parameterLookup, secretLookup } from '../lookup.ts'
import { bodyOf } from '../../test/body-of.ts'
import { settingsFor } from '../../test/upstream-settings.ts'
import { endpointIn, regionOfArn } from './place.ts'
import { createUpstream } from './index.ts'
import type { UpstreamSettings } from '../config/upstream.ts'

const SEED = { secrets: { a: { value: 'x' } }, parameters: { '/a': { value: 'y' } } }

async function setUp(t: TestContext, changes: Partial<UpstreamSettings> = {}) {
  const aws = await startAws({ seed: SEED, regions: ['eu-central-1'] })
  const upstream = createUpstream(settingsFor(aws.url, changes))
  t.after(async () => {
    upstream.reset()
    await aws.close()
  })
  return { aws, upstream }
}

const arnIn = (region: string) => `arn:aws:ssm:${region}:123456789012:parameter/a`

test('a parameter of another region is requested in that region', async (t) => {
  const { aws, upstream } = await setUp(t)
  const body = JSON.parse(await bodyOf(upstream.fetch(parameterLookup(arnIn('eu-central-1')))))
  assert.equal(body.Parameter.ARN, arnIn('eu-central-1'))
  assert.equal(aws.requests.at(-1)?.region, 'eu-central-1')
})

test('a secret of another region is requested in that region', async (t) => {
  const { aws, upstream } = await setUp(t)
  const arn = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:a'
  const body = JSON.parse(await bodyOf(upstream.fetch(secretLookup(arn))))
  assert.match(body.ARN, /^arn:aws:secretsmanager:eu-central-1:/)
  assert.equal(aws.requests.at(-1)?.region, 'eu-central-1')
})

test('names are requested in the region of the function, also after an ARN of another', async (t) => {
  const { aws, upstream } = await setUp(t)
  await upstream.fetch(parameterLookup(arnIn('eu-central-1')))
  await upstream.fetch(parameterLookup('/a'))
  await upstream.fetch(parameterLookup(arnIn('us-east-1')))
  assert.deepEqual(
    aws.requests.map(({ region }) => region),
    ['eu-central-1', 'us-east-1', 'us-east-1'],
  )
})

test('without a region a name is a RegionError and an ARN is still answered', async (t) => {
  const { aws, upstream } = await setUp(t, { region: undefined })
  await assert.rejects(upstream.fetch(parameterLookup('/a')), (error) => {
    assert.ok(error instanceof UpstreamError)
    assert.equal(error.code, 'RegionError')
    assert.match(error.report, /^GetParameter request encountered an error: .*AWS_REGION is not set$/)
    return true
  })
  assert.match(await bodyOf(upstream.fetch(parameterLookup(arnIn('us-east-1')))), /"Value":"y"/)
  assert.equal(aws.calls(), 1)
})

test('callers who name many regions leave the function with few clients', async (t) => {
  const { aws, upstream } = await setUp(t)
  for (let i = 0; i < 40; i++) {
    await assert.rejects(upstream.fetch(parameterLookup(arnIn(`us-nowhere-${i}`))))
  }
  assert.equal(aws.calls(), 40)
  assert.ok(aws.openConnections() <= 33, `${aws.openConnections()} sockets are open`)
  assert.match(await bodyOf(upstream.fetch(parameterLookup('/a'))), /"Value":"y"/)
})

test('only the region of a well-formed ARN of the service is taken', () => {
  assert.equal(regionOfArn('ssm', arnIn('us-west-1'), 'eu-west-1'), 'us-west-1')
  assert.equal(
    regionOfArn('ssm', 'arn:aws-cn:ssm:cn-north-1:1:parameter/a:3', 'cn-northwest-1'),
    'cn-north-1',
  )
  const gov = 'arn:aws-us-gov:ssm:us-gov-west-1:1:parameter/a'
  assert.equal(regionOfArn('ssm', gov, 'us-gov-east-1'), 'us-gov-west-1')
  assert.equal(regionOfArn('ssm', gov, undefined), 'us-gov-west-1')
  assert.equal(regionOfArn('ssm', 'arn:aws:secretsmanager:eu-west-1:1:secret:a', 'us-east-1'), undefined)
  assert.equal(regionOfArn('ssm', 'arn:aws:ssm:evil.example/:1:parameter/a', 'us-east-1'), undefined)
  assert.equal(regionOfArn('ssm', 'arn:aws:ssm::1:parameter/a', 'us-east-1'), undefined)
  assert.equal(regionOfArn('secretsmanager', 'prod/db', 'us-east-1'), undefined)
})

for (const [what, arn] of [
  ['a region of no partition', arnIn('evil-zone-1')],
  ['a region of another partition', 'arn:aws-cn:ssm:cn-north-1:123456789012:parameter/a'],
  ['a region that is not of the partition it names', arnIn('cn-north-1')],
] as const) {
  test(`an ARN that names ${what} is requested in the function's own region`, async (t) => {
    const { aws, upstream } = await setUp(t)
    await upstream.fetch(parameterLookup(arn)).catch((error: unknown) => {
      assert.ok(error instanceof UpstreamError)
    })
    assert.deepEqual(
      aws.requests.map(({ region }) => region),
      ['us-east-1'],
    )
    assert.match(await bodyOf(upstream.fetch(parameterLookup('/a'))), /"Value":"y"/)
  })
}

test('an endpoint of AWS that names the own region serves no other; another host serves all', () => {
  const [own, other] = ['us-east-1', 'eu-west-1']
  for (const host of [
    'vpce-1-2.secretsmanager.us-east-1.vpce.amazonaws.com',
    'vpce-1-2-us-east-1a.secretsmanager.us-east-1.vpce.amazonaws.com:8443',
    'secretsmanager.us-east-1.amazonaws.com',
    'secretsmanager.us-east-1.amazonaws.com.',
    'SECRETSMANAGER.us-east-1.api.aws',
  ]) {
    assert.equal(endpointIn(`https://${host}/`, other, own), undefined, host)
    assert.equal(endpointIn(`https://${host}/`, own, own), `https://${host}/`, host)
  }
  for (const host of [
    'localhost:4566',
    'secrets.us-east-1.example',
    'us-east-1.amazonaws.com.example',
    '10.0.0.1',
  ])
    assert.equal(endpointIn(`http://${host}`, other, own), `http://${host}`, host)
  assert.equal(endpointIn(undefined, other, own), undefined)
  assert.equal(
    endpointIn('https://secretsmanager.cn-north-1.amazonaws.com.cn', 'cn-northwest-1', 'cn-north-1'),
    undefined,
  )
})
