import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Run } from '../storing/results.ts'
import { fleetTable } from './fleet.ts'
import { type Column, column, grid, type Line, paragraph, peersOf, sourceOf } from './grid.ts'
import { isKnown, plainly } from './legend.ts'
import { readSizes, type Sizes } from '../../layer/sizes.ts'
import { linesOf, OURS, summary } from './summary.ts'

// Every figure of the newest run that a document of the project has stands in a block between two comments, and is
// written there by `npm run bench:report`. A test compares them. What a document has of its own beside them says how it
// was measured.

/** Those that have blocks. */
const DOCUMENTS = [
  'README.md',
  'docs/compare.md',
  'docs/configure.md',
  'docs/freshness.md',
  'docs/operate.md',
  'docs/performance.md',
  'layer/README.md',
]

/** What the blocks are made of. */
export interface Material {
  /** The newest run on each kind of machine. */
  readonly measured: readonly Run[]
  /** The newest of fleets in virtual time. */
  readonly simulated: Run | undefined
  readonly sizes: Sizes
  /** Of results, from the folder of the document. */
  readonly results: string
}

const BLOCKS: Readonly<Record<string, (material: Material) => string>> = {
  summary: ({ measured, results }) => summary(measured, results),
  layers,
  sizes: weights,
  compare,
  init,
  wrapper,
  fleet: ({ simulated, results }) => fleetTable(simulated, results) ?? NOT_YET,
}

const BLOCK = /(<!-- bench:begin ([\w-]+) -->\n)[\s\S]*?(<!-- bench:end -->)/g

/** The text with every block made anew. Throws where a block has no maker. */
export function withFigures(text: string, material: Material): string {
  return text.replace(BLOCK, (_, begin: string, name: string, end: string) => {
    const make = BLOCKS[name]
    if (make === undefined) throw new Error(`no block ${name}; there are ${Object.keys(BLOCKS).join(', ')}`)
    return `${begin}\n${make(material)}\n\n${end}`
  })
}

/** The text without its blocks. */
export function withoutFigures(text: string): string {
  return text.replace(BLOCK, '')
}

export interface Runs {
  readonly measured: readonly Run[]
  readonly simulated: Run | undefined
}

/** The documents of the project in that folder that change, with their new texts. */
export function documentsWith(
  root: string,
  results: string,
  runs: Runs,
): { readonly path: string; readonly text: string; readonly isNew: boolean }[] {
  const sizes = readSizes(root)
  return DOCUMENTS.map((name) => join(root, name))
    .filter((path) => existsSync(path))
    .map((path) => {
      const before = readFileSync(path, 'utf8')
      const material = { ...runs, sizes, results: relative(join(path, '..'), results) }
      const text = withFigures(before, material)
      return { path, text, isNew: text !== before }
    })
}

export function writeDocuments(root: string, results: string, runs: Runs): void {
  for (const { path, text, isNew } of documentsWith(root, results, runs)) if (isNew) writeFileSync(path, text)
}

const NOT_YET = 'The newest run has no figure of it.'

function native({ measured }: Material): Run | undefined {
  return measured.find(({ meta }) => !meta.emulated)
}

/** What people choose a layer by. */
function layers(material: Material): string {
  const run = native(material)
  const { nodejs, x86_64: executable } = material.sizes
  const more = [
    ['the zip', megabytes(nodejs.zip), megabytes(executable.zip)],
    [
      'unpacked, of the 250 MB for function and layers',
      megabytes(nodejs.unpacked),
      megabytes(executable.unpacked),
    ],
  ]
  const columns = [column(OURS.nodejs, '`nodejs`, Node 24'), column(OURS.executable, 'executable')]
  const table = grid(run, linesOf('layers'), columns, { more })
  return run === undefined || table === undefined ? NOT_YET : `${table}\n\n${caption(run, material)}`
}

function weights({ sizes: { nodejs, x86_64, arm64 } }: Material): string {
  const rows = Object.entries({ nodejs, x86_64, arm64 }).map(
    ([kind, { zip, unpacked }]) =>
      `| \`parameters-secrets-${kind}.zip\` | ${megabytes(zip)} | ${megabytes(unpacked)} |`,
  )
  return ['| zip | bytes | unpacked |', '|---|---:|---:|', ...rows].join('\n')
}

/** A megabyte is 10⁶ bytes, as in every other figure. */
function megabytes(bytes: number): string {
  const mb = bytes / 1e6
  return `${mb.toFixed(mb < 10 ? 2 : 0)} MB`
}

const SDK: Column = {
  head: 'SDK in the function',
  contenders: ['naive, Node 24', 'SDK in the function, Node 24', 'SDK in the function'],
}

function compare(material: Material): string {
  const run = native(material)
  if (run === undefined) return NOT_YET
  const columns = [
    column(OURS.nodejs, 'this, `nodejs` on Node 24'),
    column(OURS.executable, 'this, executable'),
    ...peersOf(run, isKnown).map((peer) => column(peer)),
    SDK,
  ]
  const table = grid(run, linesOf('compare'), columns)
  return table === undefined ? NOT_YET : `${table}\n\n${caption(run, material)}`
}

/** INIT beside a real runtime, with this build and with the one that it was measured against. */
function init(material: Material): string {
  const run = native(material)
  const group = run?.groups.find((one) => one.group === 'init')
  if (run === undefined || group === undefined) return NOT_YET
  const lines: Line[] = [
    ...group.scenarios.map((scenario) => ({
      label: plainly(scenario),
      group: 'init',
      scenario,
      metric: 'initMs',
    })),
    ...['', ', cold'].map((when) => ({
      label: `registered after${when}`,
      group: 'init',
      scenario: `Node reads nothing while it loads${when}`,
      metric: 'registeredMs',
    })),
  ]
  const table = grid(
    run,
    lines,
    group.contenders.map((one) => column(one)),
  )
  return table === undefined ? NOT_YET : `${table}\n\n${caption(run, material)}`
}

/** What the wrapper of secrets as environment variables adds to a start. */
function wrapper(material: Material): string {
  const run = native(material)
  const group = run?.groups.find((one) => one.group === 'wrapper')
  if (run === undefined || group === undefined) return NOT_YET
  const lines = group.scenarios.flatMap((scenario) => {
    const variables = scenario.replace(/^1 variables/, 'one variable').replace(/^0 /, 'no ')
    return [
      { label: `${variables}, the values held`, group: 'wrapper', scenario, metric: 'wrapperMs' },
      { label: `${variables}, waiting for AWS`, group: 'wrapper', scenario, metric: 'wrapperFirstMs' },
    ]
  })
  const columns = [column(OURS.nodejs, '`nodejs`, Node 24'), column(OURS.executable, 'executable')]
  const table = grid(run, lines, columns)
  return table === undefined ? NOT_YET : `${table}\n\n${caption(run, material)}`
}

function caption(run: Run, { results }: Pick<Material, 'results'>): string {
  return paragraph(`Medians; [every table with its intervals](${results}/README.md) (${sourceOf(run)}).`)
}
