import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { VERSION } from '../../src/version.ts'
import { type Layer, STARTER_PATHS } from '../layers.ts'
import { recorded, starterFor } from '../starter/starter.ts'
import { licenceOf, type Package } from '../../build/notices.mjs'
import { BUN } from './notices.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** The zip itself, and when the commit was made that it is of. */
export interface Made {
  readonly content: Uint8Array
  readonly committedAt: Date
}

/**
 * What a zip contains as CycloneDX 1.5, the same text for the same commit: the packages of which the bundle holds
 * bytes, and for an executable its runtime, for the nodejs layer what runs before Node. `npm sbom` would list what is
 * installed, most of which is in no zip. https://cyclonedx.org/docs/1.5/json/
 */
export function sbomOf(
  { zip, kind }: Layer,
  packages: readonly Package[],
  { content, committedAt }: Made,
): string {
  const npm = packages.map((one) => ({
    type: 'library',
    'bom-ref': purlOf(one),
    name: one.name,
    version: one.version,
    purl: purlOf(one),
    hashes: [{ alg: 'SHA-512', content: publishedHash(one) }],
    licenses: [{ license: { id: licenceOf(one).license } }],
  }))
  const others = kind === 'node' ? starters() : [runtime()]
  const self = `pkg:generic/${zip}@${VERSION}`
  const components = [...npm, ...others]
  const document = {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: {
      timestamp: committedAt.toISOString(),
      component: {
        type: 'application',
        'bom-ref': self,
        name: zip,
        version: VERSION,
        hashes: [{ alg: 'SHA-256', content: sha256(content) }],
        licenses: [{ license: { id: 'Apache-2.0' } }],
      },
    },
    components,
    dependencies: [
      { ref: self, dependsOn: components.map((one) => one['bom-ref']) },
      ...packages.map((one) => ({ ref: purlOf(one), dependsOn: dependenciesOf(one, packages) })),
    ],
  }
  const serialNumber = `urn:uuid:${uuidOf(JSON.stringify(document))}`
  return `${JSON.stringify({ ...document, serialNumber }, null, 2)}\n`
}

function runtime() {
  const purl = `pkg:github/oven-sh/bun@bun-v${BUN.bun}`
  return {
    type: 'platform',
    'bom-ref': purl,
    name: 'bun',
    version: BUN.bun,
    purl,
    licenses: [{ license: { id: 'MIT' } }],
    components: BUN.parts.slice(1).map(({ name, license, url }) => ({
      type: 'library',
      name,
      licenses: [{ license: { name: license, url } }],
    })),
  }
}

function starters() {
  return (['x86_64', 'arm64'] as const).map((architecture) => ({
    type: 'file',
    'bom-ref': STARTER_PATHS[architecture],
    name: STARTER_PATHS[architecture],
    version: VERSION,
    hashes: [{ alg: 'SHA-256', content: sha256(starterFor(architecture)) }],
    licenses: [{ license: { id: 'Apache-2.0' } }],
    properties: [{ name: 'compiler', value: recorded().compiler }],
  }))
}

function purlOf({ name, version }: Package): string {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`
}

/** Of the package as it was published, from the lock file. */
function publishedHash({ folder }: Package): string {
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { integrity?: string }>
  }
  const base64 = /^sha512-(\S+)$/.exec(lock.packages[folder]?.integrity ?? '')?.[1]
  if (base64 === undefined) throw new Error(`package-lock.json has no SHA-512 of ${folder}`)
  return Buffer.from(base64, 'base64').toString('hex')
}

/** Those of its dependencies that are in the bundle, too. */
function dependenciesOf({ folder }: Package, packages: readonly Package[]): string[] {
  const { dependencies = {} } = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8')) as {
    dependencies?: Record<string, string>
  }
  return packages.filter(({ name }) => name in dependencies).map(purlOf)
}

function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}

/** Of the text's own bits: RFC 9562, version 8. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  const variant = ((parseInt(hex[16]!, 16) & 0x3) | 0x8).toString(16)
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    variant + hex.slice(17, 20),
    hex.slice(20, 32),
  ].join('-')
}
