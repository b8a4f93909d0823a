import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LAYERS } from './layers.ts'
import { entriesOf } from './zip.ts'

// What the layers weigh, recorded where the documents take it from: layer/sizes.json.

interface Size {
  /** Bytes to upload. */
  readonly zip: number
  /** Bytes of its files. */
  readonly unpacked: number
}
export type Sizes = Readonly<Record<'nodejs' | 'x86_64' | 'arm64', Size>>

const FILE = 'layer/sizes.json'

export function readSizes(root: string): Sizes {
  return JSON.parse(readFileSync(join(root, FILE), 'utf8')) as Sizes
}

/** Of the zips in that folder; undefined unless all are there. */
export async function sizesIn(dist: string): Promise<Sizes | undefined> {
  const paths = LAYERS.map(({ zip }) => join(dist, zip))
  if (!paths.every((path) => existsSync(path))) return undefined
  const sizes = await Promise.all(paths.map(sizeOf))
  const kinds = LAYERS.map(({ zip }) => zip.replace(/^parameters-secrets-|\.zip$/g, ''))
  return Object.fromEntries(kinds.map((kind, i) => [kind, sizes[i]])) as unknown as Sizes
}

/** Records those of the zips in dist/, where they have been built. */
export async function recordSizes(root: string): Promise<void> {
  const sizes = await sizesIn(join(root, 'dist'))
  if (sizes !== undefined) writeFileSync(join(root, FILE), `${JSON.stringify(sizes, null, 2)}\n`)
}

async function sizeOf(path: string): Promise<Size> {
  const zip = readFileSync(path)
  const files = await Promise.all((await entriesOf(zip)).map((entry) => entry.read()))
  return { zip: zip.length, unpacked: files.reduce((sum, { length }) => sum + length, 0) }
}
