import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { compareBuilds, compareRuns, comparisonTable } from './comparison.ts'
import { FLOOR, hits, META, OURS } from './fixture.ts'
import type { Meta } from '../storing/record.ts'
import {
  createFolder,
  createUnfinished,
  finishFolder,
  type GroupResult,
  readRun,
  readRuns,
  writeGroup,
} from '../storing/results.ts'
import { oursFirst } from './legend.ts'
import { writeReport } from './write.ts'

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

/** The least that a project has for a report: a README with a block, and what its layers weigh. */
function projectIn(parent: string): string {
  const root = join(parent, 'project')
  mkdirSync(join(root, 'layer'), { recursive: true })
  const size = { zip: 1e6, unpacked: 2e6 }
  writeFileSync(join(root, 'layer/sizes.json'), JSON.stringify({ nodejs: size, x86_64: size, arm64: size }))
  const block = '<!-- bench:begin summary -->\nold\n<!-- bench:end -->'
  writeFileSync(join(root, 'README.md'), `before\n${block}\nafter\n`)
  return root
}

function reported(t: TestContext, ...runs: { name: string; group: GroupResult; meta?: Meta }[]) {
  const parent = folderOf(t)
  for (const { name, group, meta } of runs) stored(parent, name, group, meta)
  const root = projectIn(parent)
  writeReport(parent, root)
  const read = (path: string) => readFileSync(join(parent, path), 'utf8')
  return {
    index: read('README.md'),
    report: existsSync(join(parent, 'x86_64.md')) ? read('x86_64.md') : '',
    readme: read('project/README.md'),
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

test('the figures of a run go between the markers of a document and touch nothing else', (t) => {
  const { readme } = reported(t, { name: 'run', group: hits(60) })
  assert.match(
    readme,
    /^before\n<!-- bench:begin summary -->\n\nMedians [^\n]* \(run: x86_64, Some CPU, 2 cores; [\s\S]*\| a hit, p50 \|[\s\S]*<!-- bench:end -->\nafter\n$/,
  )
  assert.doesNotMatch(readme, /old/)
})

test('plots follow the light or dark scheme of their reader', (t) => {
  const { plots, read } = reported(t, { name: 'run', group: hits(60) })
  assert.deepEqual(plots.sort(), ['x86_64-cpu-per-hit.svg', 'x86_64-latency.svg'])
  for (const plot of plots) {
    const svg = read(`plots/${plot}`)
    assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/)
    assert.match(svg, /prefers-color-scheme:dark/)
    assert.match(svg, /role="img" aria-labelledby="title"><title id="title">[A-Z]/)
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
  assert.match(svg, />Memory of the extension</)
  assert.match(svg, />its own</)
  assert.match(svg, />40\.0</)
  const widths = [...svg.matchAll(/<rect [^>]*\bwidth="([\d.]+)"/g)].map(([, width]) => Number(width))
  assert.equal(widths.length, 2)
  assert.ok(Math.abs(widths[0]! / widths[1]! - 4) < 0.01)
})

test('two architectures stand side by side in the first table, and what is emulated says so', (t) => {
  const arm = { ...META, arch: 'arm64', cpu: 'Other CPU' }
  const emulated = { ...META, emulated: true }
  const [HIT, LAYER] = ['emulated hit, c1, 100 B', 'nodejs layer on Node 24, emulated']
  const names = new Map([
    [FLOOR, `${LAYER} x86_64`],
    [OURS, `${LAYER} arm64`],
  ])
  const plain = hits(9_000)
  const samples = plain.samples.map((sample) => ({
    ...sample,
    scenario: HIT,
    contender: names.get(sample.contender)!,
  }))
  const contenders = [...names.values()]
  const { index, read, readme, report } = reported(
    t,
    { name: 'a', group: hits(60) },
    { name: 'b', group: hits(66), meta: arm },
    {
      name: 'c',
      group: { ...plain, group: 'emulated', scenarios: [HIT], contenders, floors: {}, samples },
      meta: emulated,
    },
  )
  const titles = index.match(/^## .*$/gm) ?? []
  assert.deepEqual(titles.slice(0, 4), [
    '## x86_64',
    '## arm64',
    '## arm64 beside x86_64',
    '## arm64 beside x86_64, emulated',
  ])
  const [, , , beside = '', emulation = ''] = index.split(/^## .*$/m)
  assert.match(
    beside,
    /\| a hit, processor, one client \| nodejs layer, Node 24 \| 63\.5.µs<br>\[[^|]+\| 69\.5.µs<br>\[[^|]+\| 1\.09×/,
  )
  assert.match(beside, /- x86_64: Some CPU, 2 cores \(a\)\n- arm64: Other CPU, 2 cores \(b\)\n/)
  assert.match(emulation, /under qemu-user/)
  assert.match(emulation, /\| processor of a hit \| nodejs layer on Node 24 \| 53\.5.µs<br>[^|]+\| 9,004.µs/)
  assert.doesNotMatch(readme, /9,00/)
  assert.doesNotMatch(report, /9,00/)
  assert.match(read('x86_64-emulated.md'), /EMULATED by qemu-user/)
  assert.match(index, /- \[arm64\]\(arm64\.md\): hit/)
})

test('the report opens with what was measured, and has no row for what was not', (t) => {
  const { index } = reported(t, { name: 'a', group: hits(60) })
  assert.match(index, /^# Results\n\n.*\n\n## x86_64\n/)
  assert.match(index, /\| a hit, processor, one client \| 63\.5.µs<br>/)
  assert.doesNotMatch(index, /not measured|start →/)
})

test('the report shows every plot that it has drawn', (t) => {
  const { index, plots } = reported(t, { name: 'a', group: hits(60) })
  assert.ok(plots.length > 1)
  for (const plot of plots) assert.match(index, new RegExp(`\\]\\(plots/${plot}\\)`))
})

test('a contender that failed in a scenario has a row there that says how', (t) => {
  const failed = [{ scenario: 'c1, 100 B', contender: 'peer', reason: '429 | too many\nits log' }]
  const { report } = reported(t, { name: 'a', group: { ...hits(60), failed } })
  assert.match(report, /\| peer \| failed: 429 \\\| too many \|/)
  assert.doesNotMatch(report, /its log/)
})

test('a page says who its contenders are', (t) => {
  const { report } = reported(t, { name: 'a', group: hits(60) })
  assert.match(report, /^# x86_64: a\n\n- bare node:http: a server without a cache/)
})

test('a plot says what was measured and where, keeps its colours, and has no row for who is missing', (t) => {
  const group = hits(60)
  const extra = { ...group, contenders: [FLOOR, 'naive, Node 24', OURS] }
  const svgs = [group, extra].map((one) =>
    reported(t, { name: 'run', group: one }).read('plots/x86_64-cpu-per-hit.svg'),
  )
  for (const svg of svgs) {
    assert.match(svg, /Medians with 95 % intervals\. x86_64, Some CPU, 2 cores; 2026-11-23, commit 0123456/)
    assert.match(svg, />Processor time of a hit</)
    assert.match(svg, />one client, 100 B</)
    assert.match(svg, />a fixture</)
    assert.match(svg, /bare node:http: a server without a cache/)
    assert.doesNotMatch(svg, /naive/)
  }
  const bars = svgs.map((svg) => [...svg.matchAll(/<rect [^>]*fill="(#\w{6})"/g)].map(([, colour]) => colour))
  assert.equal(bars[0]!.length, 2)
  assert.deepEqual(bars[0], bars[1])
})

test('a plot cuts off no text, however many contenders it has and however long their names are', (t) => {
  const WIDTH = 860
  const group = hits(60)
  const peers = Array.from({ length: 9 }, (_, i) => `a peer with a long name, version ${i}`)
  const samples = peers.flatMap((contender) =>
    group.samples.filter((one) => one.contender === OURS).map((one) => ({ ...one, contender })),
  )
  const all = {
    ...group,
    contenders: [...group.contenders, ...peers],
    samples: [...group.samples, ...samples],
  }
  const { plots, read } = reported(t, { name: 'run', group: all })
  for (const plot of plots) {
    const texts = [...read(`plots/${plot}`).matchAll(/<text x="(\d+(?:\.\d+)?)" [^>]*>([^<]*)</g)]
    assert.ok(texts.length > 2)
    const ends = texts.map(([, x, text = '']) => ({ text, end: Number(x) + 6 * text.length }))
    assert.deepEqual(
      ends.filter(({ end }) => end > WIDTH),
      [],
    )
  }
  for (const peer of peers) assert.match(read('plots/x86_64-latency.svg'), new RegExp(`>${peer}<`))
})

test('ours are on top of each group, the nodejs layer before the executable', () => {
  const given = ['peer', 'executable, arm64', FLOOR, 'executable', `${OURS}, arm64`, OURS]
  const shown = [`${OURS}, arm64`, OURS, 'executable, arm64', 'executable', 'peer', FLOOR]
  assert.deepEqual(oursFirst(given), shown)
})

test('comparing two runs claims what is clear and nothing else', (t) => {
  const parent = folderOf(t)
  const [a, b] = [stored(parent, 'a', hits(60)), stored(parent, 'b', hits(80))].map(readRun)
  const findings = compareRuns(a!, b!)
  const of = (contender: string, label: string) =>
    findings.find(({ figure }) => figure.includes(contender) && figure.includes(label))?.effect.verdict
  assert.equal(of(OURS, 'CPU per hit'), 'higher')
  assert.equal(of(OURS, 'p50'), 'no claim')
  assert.match(comparisonTable(findings, ['A', 'B']), /\+?31\.5 % \[[\d.]+–[\d.]+\] \| higher \|/)
})

test('an hour in which the whole machine is slower changes no figure of a run', (t) => {
  const parent = folderOf(t)
  const slowed = hits(60)
  const slower = slowed.samples.map(({ values, ...sample }) => ({
    ...sample,
    values: Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value * 1.4])),
  }))
  const group = { ...slowed, samples: slower }
  const [a, b] = [stored(parent, 'a', hits(60)), stored(parent, 'b', group)].map(readRun)
  const findings = compareRuns(a!, b!)
  assert.ok(findings.length > 0)
  assert.deepEqual(
    findings.filter(({ effect }) => effect.verdict !== 'no claim'),
    [],
  )
  // The floors are the measure, and have none of their own.
  assert.ok(findings.every(({ figure }) => !figure.includes(FLOOR)))
})

test('two builds of one run are compared with each other, sample by sample of the same hour', (t) => {
  const OLD = `${OURS}, abc1234`
  const [now, old] = [hits(60), hits(80)]
  const others = old.samples
    .filter(({ contender }) => contender === OURS)
    .map((sample) => ({ ...sample, contender: OLD }))
  const group = {
    ...now,
    contenders: [FLOOR, OURS, OLD],
    before: { [OURS]: OLD },
    samples: [...now.samples, ...others],
  }
  const meta = { ...META, against: 'abc1234' }
  const findings = compareBuilds({ folder: 'a', meta, groups: [group] })
  assert.deepEqual(
    findings.filter(({ effect }) => effect.verdict === 'lower').map(({ figure }) => figure),
    [`hit, c1, 100 B | ${OURS} | CPU per hit, µs`],
  )
  const { report, read } = reported(t, { name: 'a', group, meta })
  assert.match(
    report,
    /## Against abc1234\n\n\| \| contender \| figure \| abc1234 \| now \| now against abc1234 \| \|/,
  )
  assert.doesNotMatch(read('plots/x86_64-cpu-per-hit.svg'), /abc1234/)
})

test('an emulated run is compared with no other', (t) => {
  const parent = folderOf(t)
  const a = readRun(stored(parent, 'a', hits(60)))
  const b = readRun(stored(parent, 'b', hits(60), { ...META, emulated: true }))
  assert.throws(() => compareRuns(a, b), /one of the two is emulated/)
})

test('the plot of fleets has the groups in which settings differ, and says that it is simulated', (t) => {
  const settings = ['as the original', 'all three']
  const sample = (scenario: string, contender: string, failedPercent: number) => ({
    scenario,
    contender,
    round: 0,
    values: { failedPercent, waitedPercent: 12.3 },
  })
  const group = {
    ...hits(60),
    group: 'fleet',
    contenders: settings,
    scenarios: ['a small fleet', 'a large fleet'],
    floors: {},
    skipped: [],
    samples: settings.flatMap((contender, i) => [
      sample('a small fleet', contender, 0),
      sample('a large fleet', contender, 30 - 30 * i),
    ]),
  }
  const svg = reported(t, { name: 'run', group }).read('plots/fleets-simulated-fleet.svg')
  assert.match(svg, />a large fleet</)
  assert.doesNotMatch(svg, /a small fleet|Medians|cores/)
  assert.match(svg, /Simulated in virtual time/)
  assert.match(svg, />reads that failed<[\s\S]*>reads that waited for AWS/)
})
