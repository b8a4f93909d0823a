import { createHash } from 'node:crypto'
import { VERSION } from '../../src/version.ts'
import { type Layer, STARTER_PATHS } from '../layers.ts'
import { recorded, starterFor } from '../starter/starter.ts'
import { licenceOf, type Package } from '../../build/notices.mjs'
import { BUN } from './notices.ts'

/**
 * What a zip contains as CycloneDX 1.5, the same text at every build: the packages of which the bundle holds bytes, and
 * for an executable its runtime, for the nodejs layer what runs before Node. `npm sbom` would list what is installed, most of which is in no zip.
 * https://cyclonedx.org/docs/1.5/json/
 */
export function sbomOf({ zip, kind }: Layer, packages: readonly Package[]): string {
  const npm = packages.map((one) => ({
    type: 'library',
    name: one.name,
    version: one.version,
    purl: `pkg:npm/${one.name.replace('@', '%40')}@${one.version}`,
    licenses: [{ license: { id: licenceOf(one).license } }],
  }))
  const runtime = {
    type: 'platform',
    name: 'bun',
    version: BUN.bun,
    purl: `pkg:github/oven-sh/bun@bun-v${BUN.bun}`,
    licenses: [{ license: { id: 'MIT' } }],
    components: BUN.parts.slice(1).map(({ name, license, url }) => ({
      type: 'library',
      name,
      licenses: [{ license: { name: license, url } }],
    })),
  }
  const starters = (['x86_64', 'arm64'] as const).map((architecture) => {
    const content = createHash('sha256').update(starterFor(architecture)).digest('hex')
    return {
      type: 'file',
      name: STARTER_PATHS[architecture],
      version: VERSION,
      hashes: [{ alg: 'SHA-256', content }],
      licenses: [{ license: { id: 'Apache-2.0' } }],
      properties: [{ name: 'compiler', value: recorded().compiler }],
    }
  })
  const document = {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: { component: { type: 'application', name: zip, version: VERSION } },
    components: kind === 'node' ? [...npm, ...starters] : [...npm, runtime],
  }
  return `${JSON.stringify(document, null, 2)}\n`
}
