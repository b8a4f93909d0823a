// The tables of a run on Lambda, made of a recorded run in front of the emulated one: bench/lambda/run.ts, 2026-11-25,
// without the single latencies.

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import { type GroupResult, writeGroup } from '../storing/results.ts'
import type { Meta } from '../storing/record.ts'
import { hits, META } from './fixture.ts'
import { runPage } from './page.ts'
import { sideBySide } from './side-by-side.ts'
import { writeReport } from './write.ts'

const FILE = fileURLToPath(new URL('recorded-lambda.json', import.meta.url))
const recorded = JSON.parse(readFileSync(FILE, 'utf8')) as GroupResult & { meta: Meta }
const { meta, ...group } = recorded
const run = { folder: '/results/recorded', meta, groups: [group] }

/** The cells of the row that begins so, in the table of that scenario. */
function rowIn(text: string, scenario: string, ...begins: string[]): string[] {
  const [, table = ''] = text.split(`**${scenario}**`)
  const row = table.split('\n').find((line) => line.startsWith(`| ${begins.join(' | ')} |`))
  return (row ?? '').split('|').map((cell) => cell.trim())
}

test('each memory size has a table, with both architectures and their ratio in a row', () => {
  const text = sideBySide(run)
  assert.deepEqual(text.match(/^\*\*.*\*\*$/gm), ['**nodejs24.x, 128 MB**', '**nodejs24.x, 1769 MB**'])
  const [, , , x86, arm, ratio] = rowIn(text, 'nodejs24.x, 128 MB', 'INIT', 'no extension')
  assert.match(x86 ?? '', /^158.ms<br>\[98.–.319\]$/)
  assert.match(arm ?? '', /^236.ms<br>\[11[56].–.309\]$/)
  assert.match(ratio ?? '', /^1\.50×<br>\[[\d.]+.–.[\d.]+\]$/)
  assert.match(rowIn(text, 'nodejs24.x, 1769 MB', 'max memory used', 'nodejs layer')[3] ?? '', /^141.MB/)
})

test('who reads nothing has no row of reads, and an architecture without figures says so', () => {
  assert.deepEqual(rowIn(sideBySide(run), 'nodejs24.x, 128 MB', 'first read', 'no extension'), [''])
  const samples = group.samples.filter(({ contender }) => !contender.endsWith('arm64'))
  const text = sideBySide({ groups: [{ ...group, samples }] })
  assert.equal(rowIn(text, 'nodejs24.x, 128 MB', 'INIT', 'nodejs layer')[4], 'not measured')
})

test('a page says what the extension adds to no extension, and that the Lambda was emulated', () => {
  const page = runPage(run)
  assert.match(page, /Machine: an emulated Lambda; \*\*EMULATED\*\*/)
  assert.match(page, /added to INIT \| added memory/)
  assert.match(page, /\| nodejs layer, x86_64 \|.*\| 77 MB \[77–80\] \| 6 \|/)
})

test('a run on Lambda itself is the first of all tables, and leaves the summary of the README alone', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'report-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const real = { ...recorded, meta: { ...meta, emulated: false, place: 'AWS Lambda, eu-west-1' } }
  const results = join(folder, 'results')
  mkdirSync(join(results, 'lambda'), { recursive: true })
  writeFileSync(join(results, 'lambda/lambda.json'), JSON.stringify(real))
  writeGroup(join(results, 'native'), META, hits(60))
  mkdirSync(join(folder, 'layer'))
  writeFileSync(join(folder, 'layer/sizes.json'), '{}')
  writeFileSync(join(folder, 'README.md'), '<!-- bench:begin summary -->\n<!-- bench:end -->\n')
  writeReport(results, folder)
  const text = readFileSync(join(results, 'README.md'), 'utf8')
  const [first, second] = text.match(/^## .*$/gm) ?? []
  assert.deepEqual([first, second], ['## arm64 beside x86_64, on Lambda', '## x86_64'])
  assert.match(text, /\[lambda\]\(lambda\.md\): lambda/)
  assert.match(readFileSync(join(results, 'lambda.md'), 'utf8'), /Machine: AWS Lambda, eu-west-1/)
  const readme = readFileSync(join(folder, 'README.md'), 'utf8')
  assert.match(readme, /native: x86_64/)
  assert.doesNotMatch(readme, /lambda/i)
})
