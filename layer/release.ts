// npm run release:check: everything of a release but its publication.

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { argumentsOf } from '../tools/arguments.ts'
import { VERSION } from '../src/version.ts'
import { missingFor } from './code/record.ts'
import { LAYERS } from './layers.ts'
import { bundledPackages } from './notices/notices.ts'
import { sbomOf } from './notices/sbom.ts'
import { notesOf, versionFaults } from './release-notes.ts'
import { ARCHITECTURES } from './runtimes.ts'

const HELP = `npm run release:check [-- --tag vX.Y.Z]

Checks that the version is the same everywhere and that nothing is uncommitted, builds the layers twice, and leaves in
dist/release what a release consists of: the zips, their sha256, the lists of what is in them (CycloneDX), its notes.

  --tag vX.Y.Z  the tag that is to be released; without one, CHANGELOG.md may say "unreleased",
                and code that V8 compiled may be missing for an architecture that cannot run here
  --help        this text`

const ROOT = fileURLToPath(new URL('../', import.meta.url))
const RELEASE = join(ROOT, 'dist/release')
const textOf = (path: string) => readFileSync(join(ROOT, path), 'utf8')

const tag = argumentsOf(HELP, { options: { tag: { type: 'string' } } }, ({ values }) => values.tag)

const faults = [...versionFaults(textOf, tag), ...uncommitted(), ...(tag === undefined ? [] : unrecorded())]
if (faults.length > 0) fail(faults)
const [first, second] = [builtLayers(), builtLayers()]
const differing = LAYERS.filter(({ zip }) => first.get(zip) !== second.get(zip))
if (differing.length > 0) fail(differing.map(({ zip }) => `${zip} has other bytes at its second build`))
write()
console.log(`${VERSION} can be released: ${RELEASE}`)

function uncommitted(): string[] {
  const changes = run('git', 'status', '--porcelain').trim()
  return changes === '' ? [] : [`not committed:\n${changes}`]
}

function unrecorded(): string[] {
  const missing = ARCHITECTURES.map(missingFor).filter((one) => one !== undefined)
  return missing.map((one) => `to record what Node compiles: apt-get install ${one}`)
}

/** The sha256 of each zip. */
function builtLayers(): Map<string, string> {
  run('npm', 'run', '--silent', 'layer')
  return new Map(LAYERS.map(({ zip }) => [zip, sha256(join(ROOT, 'dist', zip))]))
}

function write(): void {
  rmSync(RELEASE, { recursive: true, force: true })
  mkdirSync(RELEASE, { recursive: true })
  for (const { zip } of LAYERS) copyFileSync(join(ROOT, 'dist', zip), join(RELEASE, zip))
  const sums = [...second].map(([zip, sum]) => `${sum}  ${zip}\n`)
  writeFileSync(join(RELEASE, 'sha256.txt'), sums.join(''))
  writeFileSync(join(RELEASE, 'notes.md'), notesOf(textOf('CHANGELOG.md'), VERSION))
  const packages = bundledPackages()
  const committedAt = new Date(run('git', 'log', '-1', '--format=%cI').trim())
  for (const layer of LAYERS) {
    const made = { content: readFileSync(join(ROOT, 'dist', layer.zip)), committedAt }
    writeFileSync(join(RELEASE, layer.zip.replace('.zip', '.cdx.json')), sbomOf(layer, packages, made))
  }
}

function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}

function run(command: string, ...args: string[]): string {
  return execFileSync(command, args, {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

function fail(sentences: readonly string[]): never {
  console.error(sentences.join('\n'))
  return process.exit(1)
}
