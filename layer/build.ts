import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { argumentsOf } from '../tools/arguments.ts'
import { bundle } from '../tools/bundle.ts'
import { faultsOf } from './check.ts'
import { codeFor, missingFor } from './code/record.ts'
import { executable } from './executable.ts'
import { nodejsExtension } from './launcher.ts'
import {
  EXTENSION_PATH,
  FILE_MODE,
  type Layer,
  LAYERS,
  TEXT_MODE,
  NOTICES_PATH,
  STARTER_PATHS,
  WRAPPER_PATH,
} from './layers.ts'
import { bundledPackages, noticesOf } from './notices/notices.ts'
import { ARCHITECTURES, NODE_MAJORS } from './runtimes.ts'
import { starterFor } from './starter/starter.ts'
import { zipOf, type ZipFile } from './zip.ts'

const ROOT = fileURLToPath(new URL('../', import.meta.url))

const HELP = `npm run layer

Makes the three zips in dist/, the same bytes every time, and ends with 1 where Lambda would not take one. What Node
compiles is recorded for both architectures; where one cannot run here, its code is missing in the nodejs zip.

  --help  this text`
argumentsOf(HELP, {}, () => undefined)

if (process.platform !== 'linux') {
  console.error('npm run layer needs Linux: it records what Node compiles there')
  process.exit(1)
}

// The second is left behind in dist/, as `npm run build` leaves it.
const inlineBundle = bundle('--inline-upstream')
const textBundle = bundle()

const packages = bundledPackages()
const wrapper = readFileSync(`${ROOT}layer/exec/${WRAPPER_PATH}`)

const code: ZipFile[] = []
for (const architecture of ARCHITECTURES) {
  const missing = missingFor(architecture)
  if (missing !== undefined) {
    console.error(`The nodejs zip has no code for ${architecture}, as a release has: it needs ${missing}`)
    continue
  }
  for (const major of NODE_MAJORS) {
    const files = await codeFor(major, architecture, `${ROOT}dist/extension.cjs`)
    code.push(...files.map((one) => ({ ...one, mode: TEXT_MODE })))
  }
}

mkdirSync(`${ROOT}dist`, { recursive: true })
let isPublishable = true
for (const layer of LAYERS) {
  const zip = await zipOf(
    { path: EXTENSION_PATH, file: fileOf(layer), mode: FILE_MODE },
    ...startersOf(layer),
    { path: WRAPPER_PATH, file: wrapper, mode: FILE_MODE },
    { path: NOTICES_PATH, file: Buffer.from(noticesOf(layer.kind, packages)), mode: TEXT_MODE },
    ...(layer.kind === 'node' ? code : []),
  )
  writeFileSync(`${ROOT}dist/${layer.zip}`, zip)
  console.log(
    `dist/${layer.zip}  ${zip.length} bytes  sha256 ${createHash('sha256').update(zip).digest('hex')}`,
  )
  for (const fault of await faultsOf(layer, zip)) {
    isPublishable = false
    console.error(`dist/${layer.zip}: ${fault}`)
  }
}
process.exitCode = isPublishable ? 0 : 1

function fileOf({ kind }: Layer): Buffer {
  return kind === 'node' ? nodejsExtension(textBundle) : executable(inlineBundle, kind)
}

function startersOf({ kind }: Layer): ZipFile[] {
  if (kind !== 'node') return []
  return ARCHITECTURES.map((architecture) => ({
    path: STARTER_PATHS[architecture],
    file: starterFor(architecture),
    mode: FILE_MODE,
  }))
}
