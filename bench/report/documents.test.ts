// The documents of the project against the results that it holds, and the figures in them that are of nothing else.

import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import { readRuns } from '../storing/results.ts'
import { documentsWith, withFigures, withoutFigures } from './documents.ts'
import { newest } from './write.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const RESULTS = join(ROOT, 'results')

/** How a figure was measured, or who published it. */
const METHOD =
  /\bmedians?\b|\bmeasured\b|\bsingle runs?\b|\bruns? each\b|\bin turn\b|`npm run [^`]+`|built (?:it )?from source|\bpublished\b/i
const FIGURE =
  /(?<![\w.,/=-])\d[\d,.]*(?:\s?[–-]\s?\d[\d,.]*)?[\s\u00a0]?(?:ms|µs|ns|MB|KB|MiB|KiB|%|×)(?![\w×])/g

/** What nobody measured: a setting, a limit, or arithmetic. Who adds one here has made sure of that. */
const CONSTANTS = new Set([
  // Functions, by their memory, and what Lambda allows.
  '128 MB',
  '192 MB',
  '512 MB',
  '885 MB',
  '1,024 MB',
  '1769 MB',
  '7 %',
  '250 MB',
  '4 KB',
  '300 ms',
  // Bounds of ours, and sizes of what is requested.
  '100 ms',
  '250 ms',
  '16 MB',
  '15 KB',
  '64 KB',
  '64 KiB',
  '128 KiB',
  '1 MiB',
  '4 MiB',
  '16 MiB',
  '1.5 MiB',
  '2 MiB',
  '1 KB',
  // A bound in virtual time, which src/core/outage.test.ts holds.
  '600 ms',
  // Linux' read-ahead; intervals; what a percentile of autocannon's is called.
  '128 KB',
  '95 %',
  '99%',
  // docs/freshness.md: a window, how much it is varied, and what it costs in calls, computed.
  '50 %',
  '20 %',
  '60 %',
  // docs/operate.md: what INIT costs, 720 starts a month.
  '720 ×',
])

const DOCUMENTS = globSync('{*,docs/*,layer/**/*,local/**/*}.md', {
  cwd: ROOT,
  exclude: (path) => path.includes('node_modules'),
})
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

/** Paragraphs, items of lists and tables, each with what introduces it: its section's first, that before a table. */
function passagesOf(markdown: string): { readonly text: string; readonly context: string }[] {
  const sections = withoutFigures(markdown)
    .replaceAll(/```[\s\S]*?```/g, '')
    .split(/^(?=#)/m)
  return sections.flatMap((section) => {
    const [, ...passages] = section
      .split(/\n{2,}/)
      .flatMap((one) => (/^(- |\d+\. )/.test(one) ? one.split(/\n(?=- |\d+\. )/) : [one]))
    return passages.map((text, i) => {
      const before = /^\s*\|/.test(text) ? (passages[i - 1] ?? '') : ''
      return { text, context: [passages[0] ?? '', before, text].join('\n') }
    })
  })
}

/** The figures that say nothing of where they come from. */
function unexplained(markdown: string): string[] {
  return passagesOf(markdown)
    .filter(({ context }) => !METHOD.test(context))
    .flatMap(({ text }) => text.match(FIGURE) ?? [])
    .map((figure) => figure.replaceAll(/\s/g, ' '))
    .filter((figure) => !CONSTANTS.has(figure))
}

test('the figures in the documents are those of the newest runs', () => {
  const documents = documentsWith(ROOT, RESULTS, newest(readRuns(RESULTS)))
  assert.ok(documents.length > 3)
  const old = documents.filter(({ isNew }) => isNew).map(({ path }) => path)
  assert.deepEqual(old, [], 'npm run bench:report')
})

test('a figure outside those is a constant, or stands beside how it was measured', () => {
  const found = DOCUMENTS.flatMap((path) => unexplained(read(path)).map((figure) => `${path}: ${figure}`))
  assert.deepEqual(found, [])
})

test('no document quotes a folder of results by hand', () => {
  const quoting = DOCUMENTS.filter((path) => /\d{4}-\d\d-\d\d-[0-9a-f]{7}/.test(withoutFigures(read(path))))
  assert.deepEqual(quoting, [])
})

test('a figure without its method is found, in a paragraph, a list and a table', () => {
  const text =
    '# Title\n\nIt is fast.\n\nIt takes 3.7 ms.\n\n- A\n- 42 MB, measured\n- 43 MB\n\n| a |\n|---|\n| 5 µs |\n'
  assert.deepEqual(unexplained(text), ['3.7 ms', '43 MB', '5 µs'])
  const explained = text.replace('It is fast.', 'Medians of 9:')
  assert.deepEqual(unexplained(explained), [])
})

test('a block that nobody makes is refused', () => {
  const material = { measured: [], simulated: undefined, results: 'results' }
  const size = { zip: 1, unpacked: 1 }
  const sizes = { nodejs: size, x86_64: size, arm64: size }
  assert.throws(
    () => withFigures('<!-- bench:begin speed -->\n<!-- bench:end -->', { ...material, sizes }),
    /no block speed; there are summary, /,
  )
})
