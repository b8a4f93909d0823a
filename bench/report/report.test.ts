import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { compareRuns, comparisonTable } from './comparison.ts'
import type { Meta } from '../storing/record.ts'
import {
  createFolder,
  createUnfinished,
  finishFolder,
  type GroupResult,
  readRun,
  readRuns,
  type Sample,
  writeGroup,
} from '../storing/results.ts'
import { BEGIN, between, END, writeReport } from './write.ts'

const META: Meta = {
  startedAt: '2026-11-23T12:00:00.000Z',
  commit: '0123456789abcdef',
  dirty: false,
  arch: 'x86_64',
  emulated: false,
  quick: false,
  command: 'npm run bench --',
  seed: 42,
  cpu: 'Some CPU',
  cores: 2,
  memoryMb: 8_000,
  kernel: '6.1.0',
  loadAverage: [0.1, 0.2, 0.3],
  pinning: 'none',
  runtimes: { 'Node 24': '24.21.0' },
  artefacts: {},
}
const FLOOR = 'bare node:http, Node 24'
const OURS = 'nodejs layer, Node 24'

function hits(cpuUs: number, jitter = 1): GroupResult {
  const sample = (contender: string, round: number, cpu: number): Sample => ({
    scenario: 'c1, 100 B',
    contender,
    round,
    values: { p50Us: 60 + round, p99Us: 90, cpuUsPerHit: cpu + jitter * round, responses: 1_000 },
    latency: [
      [60, 900],
      [90, 99],
      [400, 1],
    ],
  })
  const rounds = Array.from({ length: 8 }, (_, round) => round)
  return {
    group: 'hit',
    method: 'a fixture',
    contenders: [FLOOR, OURS],
    scenarios: ['c1, 100 B'],
    floors: { [OURS]: FLOOR },
    skipped: [{ contender: 'executable (Bun)', reason: 'there is no zip' }],
    samples: rounds.flatMap((round) => [sample(FLOOR, round, 50), sample(OURS, round, cpuUs)]),
  }
}

/** WCAG 2.2, "contrast ratio". */
function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number]
  return (high + 0.05) / (low + 0.05)
}

function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'bench-report-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

function stored(parent: string, name: string, group: GroupResult, meta: Meta = META): string {
  const folder = createFolder(parent, name)
  writeGroup(folder, meta, group)
  return folder
}

function reported(t: TestContext, ...runs: { name: string; group: GroupResult; meta?: Meta }[]) {
  const parent = folderOf(t)
  for (const { name, group, meta } of runs) stored(parent, name, group, meta)
  const readme = join(parent, 'main.md')
  writeFileSync(readme, `before\n${BEGIN}\nold\n${END}\nafter\n`)
  writeReport(parent, readme)
  const read = (path: string) => readFileSync(join(parent, path), 'utf8')
  return {
    report: read('README.md'),
    readme: read('main.md'),
    plots: readdirSync(join(parent, 'plots')),
    read,
  }
}

test('results are read as they were written', (t) => {
  const group = hits(55)
  const { meta, groups } = readRun(stored(folderOf(t), 'run', group))
  assert.deepEqual(meta, META)
  assert.deepEqual(
    groups.map(({ samples }) => samples),
    [group.samples],
  )
})

test('a second run of the same day and commit gets a folder of its own', (t) => {
  const parent = folderOf(t)
  assert.notEqual(createFolder(parent, 'run'), createFolder(parent, 'run'))
})

test('a run is shown when it is finished, and not before', (t) => {
  const parent = folderOf(t)
  const names = () => readRuns(parent).map(({ folder }) => basename(folder))
  stored(parent, 'run', hits(55))
  const unfinished = createUnfinished(parent, 'run')
  writeGroup(unfinished, META, hits(60))
  assert.deepEqual(names(), ['run'])
  finishFolder(unfinished, 'run')
  assert.deepEqual(names().sort(), ['run', 'run-2'])
  assert.deepEqual(readdirSync(parent).sort(), ['run', 'run-2'])
})

test('a table has its four lines, medians with intervals, ratios to the floor, and a row for who is missing', (t) => {
  const { report } = reported(t, { name: 'run', group: hits(60) })
  const [machine, runtimes, run, method] = report.slice(report.indexOf('Machine: ')).split('\n')
  assert.match(
    machine ?? '',
    /^Machine: x86_64, Some CPU, 2 cores, 8\.0 GB, Linux 6\.1\.0; none; load before 0\.1 0\.2 0\.3/,
  )
  assert.match(runtimes ?? '', /^Node: Node 24 24\.21\.0/)
  assert.match(run ?? '', /^Run: 2026-11-23, commit 0123456, run, seed 42/)
  assert.match(method ?? '', /^Method: `npm run bench --`; a fixture/)
  assert.match(report, /\| nodejs layer, Node 24 \| 63\.5 \[60\.0–67\.0\] \|.* 1\.19× \[1\.\d\d–1\.\d\d\]/)
  assert.match(report, /\| executable \(Bun\) \| not run: there is no zip \|/)
})

test('the summary goes between the markers of the README and touches nothing else', (t) => {
  const { readme } = reported(t, { name: 'run', group: hits(60) })
  assert.match(
    readme,
    /^before\n<!-- bench:begin -->\n\*\*x86_64\*\* \(run\)\n\nMachine: [\s\S]*a hit, CPU[\s\S]*<!-- bench:end -->\nafter\n$/,
  )
  assert.doesNotMatch(readme, /old/)
})

test('a README without markers gets a section, and keeps it', () => {
  const once = between('# Title\n', 'first')
  assert.equal(once, `# Title\n\n## Benchmarks\n\n${BEGIN}\nfirst\n${END}\n`)
  assert.equal(between(once, 'second'), once.replace('first', 'second'))
})

test('plots follow the light or dark scheme of their reader', (t) => {
  const { plots, read } = reported(t, { name: 'run', group: hits(60) })
  assert.deepEqual(plots.sort(), ['x86_64-cpu-per-hit.svg', 'x86_64-latency.svg'])
  for (const plot of plots) {
    const svg = read(`plots/${plot}`)
    assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/)
    assert.match(svg, /prefers-color-scheme:dark/)
    assert.match(svg, /nodejs layer, Node 24/)
  }
})

test('every colour of a plot has a contrast of 3 or more to the light and to the dark background', (t) => {
  const { read } = reported(t, { name: 'run', group: hits(60) })
  const svg = read('plots/x86_64-latency.svg')
  const [light = '', dark = ''] = [...svg.matchAll(/background:(#\w{6})/g)].map(([, colour]) => colour)
  const drawn = [...svg.matchAll(/(?:fill|stroke)="(#\w{6})"/g)].map(([, colour = '']) => colour)
  assert.ok(new Set(drawn).size > 1)
  for (const background of [light, dark]) {
    for (const colour of drawn) assert.ok(contrast(colour, background) >= 3, `${colour} on ${background}`)
  }
})

test("a bar of memory shows how much of it is the process' own", (t) => {
  const sample = { scenario: 'idle', contender: OURS, round: 0, values: { rssMb: 40, anonMb: 10 } }
  const group = { ...hits(60), group: 'memory', scenarios: ['idle'], samples: [sample] }
  const { read } = reported(t, { name: 'run', group })
  const svg = read('plots/x86_64-memory.svg')
  assert.match(svg, /RSS, solid: own \(anonymous\), MB/)
  const widths = [...svg.matchAll(/<rect [^>]*\bwidth="([\d.]+)"/g)].map(([, width]) => Number(width))
  assert.equal(widths.length, 2)
  assert.ok(Math.abs(widths[0]! / widths[1]! - 4) < 0.01)
})

test('two architectures stand side by side, and an emulated run beside neither', (t) => {
  const arm = { ...META, arch: 'arm64', cpu: 'Other CPU' }
  const emulated = { ...META, emulated: true }
  const { report, readme } = reported(
    t,
    { name: 'a', group: hits(60) },
    { name: 'b', group: hits(66), meta: arm },
    { name: 'c', group: { ...hits(9_000), group: 'emulated' }, meta: emulated },
  )
  const beside = report.slice(report.indexOf('## arm64 beside x86_64'), report.indexOf('## All runs'))
  assert.match(beside, /Two machines: Some CPU \(a\) and Other CPU \(b\)/)
  assert.doesNotMatch(beside, /emulated|9,00/)
  assert.doesNotMatch(readme, /9,00/)
  const own = report.slice(report.indexOf('## x86_64, emulated'), report.indexOf('## arm64 beside'))
  assert.match(own, /EMULATED by qemu-user/)
})

test('comparing two runs claims what is clear and nothing else', (t) => {
  const parent = folderOf(t)
  const [a, b] = [stored(parent, 'a', hits(60)), stored(parent, 'b', hits(80))].map(readRun)
  const findings = compareRuns(a!, b!)
  const of = (contender: string, label: string) =>
    findings.find(({ figure }) => figure.includes(contender) && figure.includes(label))?.effect.verdict
  assert.equal(of(OURS, 'CPU per hit'), 'higher')
  assert.equal(of(FLOOR, 'CPU per hit'), 'no claim')
  assert.equal(of(OURS, 'p50'), 'no claim')
  assert.match(comparisonTable(findings), /\+?31\.5 % \[[\d.]+–[\d.]+\] \| higher \|/)
})

test('an emulated run is compared with no other', (t) => {
  const parent = folderOf(t)
  const a = readRun(stored(parent, 'a', hits(60)))
  const b = readRun(stored(parent, 'b', hits(60), { ...META, emulated: true }))
  assert.throws(() => compareRuns(a, b), /one of the two is emulated/)
})
