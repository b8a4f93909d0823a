// npm run layer:publish: the three zips as layers in many regions, with whoever may use them.

import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { argumentsOf } from '../tools/arguments.ts'
import { createPublisher, type Granted, type Published } from './publisher.ts'
import { LAYERS } from './layers.ts'

const HELP = `npm run layer:publish -- --regions eu-west-1,us-east-1 [options]

Publishes the zips of dist/ with the credentials of the environment or of AWS_PROFILE, and prints their ARNs. A zip whose
bytes are those of the newest version already is not published again.

  --regions LIST       where; between commas
  --prefix NAME        of the layers' names; default parameters-secrets
  --organization o-…   everybody in that organization may use them
  --accounts LIST      these accounts may use them; between commas
  --out FILE           the ARNs as JSON; default dist/layers.json
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
      out: { type: 'string', default: join(ROOT, 'dist/layers.json') },
      'dry-run': { type: 'boolean', default: false },
    },
  },
  ({ values }) => ({
    ...values,
    regions: listOf('--regions', values.regions ?? '', /^[a-z]{2,4}(-[a-z]+)+-\d$/, 1),
    accounts: listOf('--accounts', values.accounts, /^\d{12}$/, 0),
    organization: organizationOf(values.organization),
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
    for (const { name, zip } of named()) console.log(`${region}: dist/${zip} as ${name}`)
    for (const grant of grants)
      console.log(`${region}: for ${'account' in grant ? grant.account : grant.organization}`)
  }
}

async function publish(): Promise<void> {
  const published: Published[] = []
  try {
    for (const region of options.regions) {
      const publisher = createPublisher(region)
      for (const layer of named()) {
        const contents = readFileSync(join(ROOT, 'dist', layer.zip))
        const one = await publisher.publish({ ...layer, contents, grants })
        published.push(one)
        console.log(`${one.arn}  ${one.isNew ? 'published' : 'the same bytes already'}`)
      }
    }
  } catch (error) {
    console.error(`failed: ${(error as Error).name}: ${(error as Error).message}`)
    process.exitCode = 1
  } finally {
    // Also after a failure: what was published is there.
    writeFileSync(resolve(options.out), `${JSON.stringify(published, null, 2)}\n`)
  }
}

function named() {
  return LAYERS.map(({ zip, kind }) => ({
    zip,
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
