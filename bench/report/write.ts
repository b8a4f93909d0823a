import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { readRuns, type Run } from '../storing/results.ts'
import { overview } from './overview.ts'
import { figuresOf } from './plots.ts'
import { runPage } from './page.ts'
import { sideBySide } from './side-by-side.ts'
import { writeDocuments } from './documents.ts'

const INTRO = `# Results

Written by \`npm run bench:report\` from the folders beside this file; not edited by hand.
`

const HOW = `## How to read them

A cell is the median with its 95 % interval in brackets; p99 and p99.9 are medians over the rounds. Ratios compare
medians, with the interval by bootstrap: where it includes 1.00 no difference is claimed. A megabyte is 10⁶ bytes. The raw
samples of every run are in its folder.

Except on Lambda, these figures come from one machine without a network between anything: they say what the software
costs, not what AWS, a VPC or a busy host adds.

Again: \`npm ci && npm run bench\`, then \`npm run bench -- emulated\`, \`npm run bench -- fleet\` and \`npm run bench --
lambda\`; two runs by \`npm run bench:compare -- A B\`; this checkout and another commit in one run by \`npm run bench --
--against REF\`.
`

/**
 * Writes the report of all runs in the folder: the figures that people choose by, every plot, a page for the latest run
 * of each kind, and a line for every run. Writes the figures into the documents of the project in `root`.
 */
export function writeReport(results: string, root: string): void {
  const runs = readRuns(results)
  const plots = join(results, 'plots')
  rmSync(plots, { recursive: true, force: true })
  mkdirSync(plots, { recursive: true })
  const { latest, onLambda, measured, simulated } = newest(runs)
  const drawings = latest.map((run) => draw(run, plots))
  for (const [i, run] of latest.entries())
    writeFileSync(
      join(results, pageOf(run)),
      runPage(run, (group) => drawings[i]!.get(group) ?? []),
    )
  const text = [
    INTRO,
    ...onLambda.map(sideBySide),
    overview(measured),
    HOW,
    allPlots(drawings),
    pages(latest),
    everyRun(runs),
  ].filter((part) => part !== '')
  writeFileSync(join(results, 'README.md'), text.join('\n'))
  writeDocuments(root, results, { measured, simulated })
}

/** The newest run of each kind. */
export function newest(runs: readonly Run[]): {
  readonly latest: readonly Run[]
  readonly onLambda: readonly Run[]
  readonly measured: readonly Run[]
  readonly simulated: Run | undefined
} {
  const latest = latestOf(runs)
  const onLambda = latest.filter(({ meta }) => meta.arch === 'lambda')
  const measured = latest.filter((run) => !isSimulated(run) && !onLambda.includes(run))
  return { latest, onLambda, measured, simulated: latest.find(isSimulated) }
}

function kindOf({ meta, groups }: Run): string {
  if (isSimulated({ groups })) return 'fleets, simulated'
  return `${meta.arch}${meta.emulated ? ', emulated' : ''}`
}

/** Virtual time is the same on every machine, so such a run stands for no architecture. */
function isSimulated({ groups }: Pick<Run, 'groups'>): boolean {
  return groups.every(({ group }) => group === 'fleet')
}

function latestOf(runs: readonly Run[]): Run[] {
  const latest = new Map(runs.map((run) => [kindOf(run), run]))
  const place = (run: Run) => (isSimulated(run) ? 2 : Number(run.meta.emulated))
  return [...latest.values()].sort((a, b) => place(a) - place(b))
}

/** Writes the plots of a run, and gives the Markdown that shows those of each group. */
function draw(run: Run, folder: string): ReadonlyMap<string, readonly string[]> {
  const images = run.groups.map((group) => {
    const figures = figuresOf(run, group).map((figure) => {
      const file = `${kindOf(run).replaceAll(', ', '-')}-${figure.name}.svg`
      writeFileSync(join(folder, file), figure.svg)
      return `![${figure.alt}, ${kindOf(run)}](plots/${file})`
    })
    return [group.group, figures] as const
  })
  return new Map(images)
}

function allPlots(drawings: readonly ReadonlyMap<string, readonly string[]>[]): string {
  const images = drawings.flatMap((one) => [...one.values()].flat())
  return images.length === 0 ? '' : `## Plots\n\n${images.join('\n\n')}\n`
}

function pages(latest: readonly Run[]): string {
  const lines = latest.map((run) => {
    const groups = run.groups.map(({ group }) => group).join(', ')
    return `- [${kindOf(run)}](${pageOf(run)}): ${groups}`
  })
  return ['## All tables', '', ...lines, ''].join('\n')
}

function pageOf(run: Run): string {
  return `${kindOf(run).replaceAll(', ', '-')}.md`
}

function everyRun(runs: readonly Run[]): string {
  const rows = runs.map(({ folder, meta, groups }) => {
    const commit = `${meta.commit.slice(0, 7)}${meta.dirty ? ' (with changes)' : ''}`
    return `| [${basename(folder)}](${basename(folder)}/) | ${kindOf({ folder, meta, groups })} | ${commit} | ${meta.cpu} | ${groups.map(({ group }) => group).join(', ')} |`
  })
  return [
    '## All runs',
    '',
    '| folder | | commit | CPU | groups |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}
