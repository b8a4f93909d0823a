// npm run layer:publish: the three zips as layers in many regions, with whoever may use them.

import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { argumentsOf } from '../tools/arguments.ts'
import { partition } from '@aws-sdk/core/client'
import { VERSION } from '../src/version.ts'
import { parameterNames, writeArn } from './parameter-store.ts'
import { createPublisher, type Granted } from './publisher.ts'
import { LAYERS } from './layers.ts'

const HELP = `npm run layer:publish -- --regions eu-west-1,us-east-1 [options]

Publishes the zips of dist/ with the credentials of the environment or of AWS_PROFILE, and prints their ARNs. A zip whose
bytes are those of the newest version already is not published again.

  --regions LIST       where; between commas
  --prefix NAME        of the layers' names; default parameters-secrets
  --organization o-…   everybody in that organization may use them
  --accounts LIST      these accounts may use them; between commas
  --parameters PATH    the ARNs in Parameter Store too, in each region: PATH/x86_64/latest, PATH/x86_64/<version>, …
  --reference s3://BUCKET/PREFIX
                       the zips are there, and Lambda refers to them instead of keeping a copy; {region} in it stands
                       for each region
  --out FILE           the ARNs as JSON, by region and layer; default dist/layers.json
  --dry-run            says what would be done, and asks AWS nothing
  --help               this text`

const ROOT = fileURLToPath(new URL('../', import.meta.url))

const options = argumentsOf(
  HELP,
  {
    options: {
      regions: { type: 'string' },
      prefix: { type: 'string', default: 'parameters-secrets' },
      organization: { type: 'string' },
      accounts: { type: 'string', default: '' },
      parameters: { type: 'string' },
      reference: { type: 'string' },
      out: { type: 'string', default: join(ROOT, 'dist/layers.json') },
      'dry-run': { type: 'boolean', default: false },
    },
  },
  ({ values }) => ({
    ...values,
    regions: ofOnePartition(listOf('--regions', values.regions ?? '', /^[a-z]{2,4}(-[a-z]+)+-\d$/, 1)),
    accounts: listOf('--accounts', values.accounts, /^\d{12}$/, 0),
    organization: organizationOf(values.organization),
    parameters: pathOf(values.parameters),
    reference: referenceOf(values.reference),
  }),
)

const grants: Granted[] = [
  ...(options.organization === undefined ? [] : [{ organization: options.organization }]),
  ...options.accounts.map((account) => ({ account })),
]
if (options['dry-run']) describe()
else await publish()

function describe(): void {
  for (const region of options.regions) {
    for (const { name, zip, layer } of named()) {
      const { bucket, key } = inRegion(zip, region) ?? {}
      const where =
        bucket === undefined ? `dist/${zip}` : `s3://${bucket}/${key}, which has the bytes of dist/${zip},`
      console.log(`${region}: ${where} as ${name}`)
      if (options.parameters === undefined) continue
      for (const parameter of parameterNames(options.parameters, layer))
        console.log(`${region}: its ARN as ${parameter}`)
    }
    for (const grant of grants)
      console.log(`${region}: for ${'account' in grant ? grant.account : grant.organization}`)
  }
}

async function publish(): Promise<void> {
  const arns: Record<string, Record<string, string>> = {}
  try {
    for (const region of options.regions) {
      const publishLayer = createPublisher(region)
      for (const { layer, zip, name, architectures } of named()) {
        const contents = readFileSync(join(ROOT, 'dist', zip))
        const reference = inRegion(zip, region)
        const { arn, isNew, granted } = await publishLayer({
          name,
          architectures,
          contents,
          reference,
          grants,
        })
        ;(arns[region] ??= {})[layer] = arn
        console.log(`${arn}  ${isNew ? 'published' : 'the same bytes already'}`)
        for (const one of granted)
          console.log(`${arn}  ${one.isNew ? 'granted' : 'was granted'} to ${one.to}`)
        if (options.parameters === undefined) continue
        const written = await writeArn(region, options.parameters, layer, arn)
        for (const parameter of written) console.log(`${arn}  as ${parameter}`)
      }
    }
  } catch (error) {
    console.error(`failed: ${(error as Error).name}: ${(error as Error).message}`)
    process.exitCode = 1
  } finally {
    // Also after a failure: what was published is there.
    writeFileSync(resolve(options.out), `${JSON.stringify({ version: VERSION, layers: arns }, null, 2)}\n`)
  }
}

function named() {
  return LAYERS.map(({ zip, kind }) => ({
    zip,
    layer: kind === 'node' ? 'nodejs' : kind,
    name: `${options.prefix}-${kind === 'node' ? 'nodejs' : kind}`,
    architectures: kind === 'node' ? (['x86_64', 'arm64'] as const) : ([kind] as const),
  }))
}

function listOf(name: string, text: string, pattern: RegExp, least: number): string[] {
  const items = text.split(/[\s,]+/).filter((item) => item !== '')
  const bad = items.find((item) => !pattern.test(item))
  if (bad !== undefined) throw new RangeError(`${name} has ${bad}`)
  if (items.length < least) throw new RangeError(`${name} is missing`)
  return items
}

function organizationOf(text: string | undefined): string | undefined {
  if (text !== undefined && !/^o-[a-z0-9]{10,32}$/.test(text))
    throw new RangeError(`--organization must be like o-a1b2c3d4e5, got ${text}`)
  return text
}

/** The credentials are of one partition. */
function ofOnePartition(regions: string[]): string[] {
  const partitions = new Set(regions.map((region) => partition(region).name))
  if (partitions.size > 1)
    throw new RangeError(`--regions are of several partitions: ${[...partitions].join(', ')}`)
  return regions
}

/** Parameter Store allows 15 levels, two of which are ours, and keeps `aws` and `ssm` for itself. */
function pathOf(text: string | undefined): string | undefined {
  if (text !== undefined && (!/^(\/[\w.-]+){1,13}$/.test(text) || /^\/(aws|ssm)/i.test(text)))
    throw new RangeError(`--parameters must be like /layers/parameters-secrets, got ${text}`)
  return text
}

function referenceOf(text: string | undefined): { bucket: string; prefix: string } | undefined {
  if (text === undefined) return undefined
  const [, bucket, prefix = ''] = /^s3:\/\/([a-z0-9.{}-]{3,80})(?:\/(.*?)\/?)?$/.exec(text) ?? []
  if (bucket === undefined)
    throw new RangeError(`--reference must be like s3://layers-{region}/0.1.0, got ${text}`)
  return { bucket, prefix: prefix === '' ? '' : `${prefix}/` }
}

function inRegion(zip: string, region: string): { bucket: string; key: string } | undefined {
  if (options.reference === undefined) return undefined
  const { bucket, prefix } = options.reference
  return { bucket: bucket.replaceAll('{region}', region), key: prefix.replaceAll('{region}', region) + zip }
}
