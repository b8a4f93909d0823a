import { basename } from 'node:path'
import { type Run, valuesOf } from '../storing/results.ts'
import { beside, type Cells } from './architectures.ts'
import { column, grid, type Line, peersOf, sourceOf } from './grid.ts'
import { isKnown } from './legend.ts'
import { linesOf, OURS } from './summary.ts'

// What the report of all runs opens with: the newest native run of each architecture, both layers beside the floors;
// then arm64 beside x86_64. Native runs are two machines, and their ratio shows that as much as the processors;
// emulated ones are one machine, and processor time alone.

const LAYERS = [OURS.nodejs, OURS.executable]
const FLOORS = ['bare node:http, Node 24', 'bare node:http, Bun', 'naive, Node 24']
const EMULATED: readonly Line[] = [
  {
    label: 'processor to registered',
    group: 'emulated',
    scenario: 'emulated start',
    metric: 'cpuRegisteredMs',
  },
  {
    label: 'processor to first secret',
    group: 'emulated',
    scenario: 'emulated start',
    metric: 'cpuFirstSecretMs',
  },
  {
    label: 'processor of a hit',
    group: 'emulated',
    scenario: 'emulated hit, c1, 100 B',
    metric: 'cpuUsPerHit',
  },
]
const EMULATED_LAYERS = ['nodejs layer on Node 24', 'executable']
const EMULATED_MEANING = `Processor time, user and system, of the same work on both architectures, each under qemu-user on one x86_64 machine. qemu
translates the instructions of either, so a figure is many times that of a real processor. The ratio says how much more
qemu has to do for arm64's instructions than for x86_64's. It holds nothing of a Graviton's clock, caches or memory, and
no figure here compares with one that was measured without qemu.`

export function overview(latest: readonly Run[]): string {
  const native = latest.filter(({ meta }) => !meta.emulated)
  const emulated = latest.find(({ meta }) => meta.emulated)
  const sections = [...native.map(figures), ...together(native), ...(emulated ? [emulation(emulated)] : [])]
  return sections.filter((one) => one !== '').join('\n')
}

function figures(run: Run): string {
  const columns = [...LAYERS, ...peersOf(run, isKnown), ...FLOORS].map((one) => column(one))
  const table = grid(run, linesOf(), columns, { hasIntervals: true })
  if (table === undefined) return ''
  return `## ${run.meta.arch}\n\nMedians with 95 % intervals (${sourceOf(run)}).\n\n${table}\n`
}

/** Where both were measured on processors of their own. */
function together(native: readonly Run[]): string[] {
  const [x86, arm] = ['x86_64', 'arm64'].map((arch) => native.find(({ meta }) => meta.arch === arch))
  if (x86 === undefined || arm === undefined) return []
  const rows = linesOf().flatMap((line) =>
    LAYERS.map((layer) => cellsOf(line, layer, samplesOf(x86, line, layer), samplesOf(arm, line, layer))),
  )
  const machines = [x86, arm].map(
    ({ folder, meta }) => `- ${meta.arch}: ${meta.cpu}, ${meta.cores} cores (${basename(folder)})`,
  )
  return [`## arm64 beside x86_64\n\n${beside(rows)}\n\n${machines.join('\n')}\n`]
}

function emulation(run: Run): string {
  const rows = EMULATED.flatMap((line) =>
    EMULATED_LAYERS.map((layer) => {
      const [a, b] = ['x86_64', 'arm64'].map((arch) => samplesOf(run, line, `${layer}, emulated ${arch}`))
      return cellsOf(line, layer, a!, b!)
    }),
  )
  return `## arm64 beside x86_64, emulated\n\n${EMULATED_MEANING}\n\n${beside(rows)}\n\n(${sourceOf(run)})\n`
}

function samplesOf({ groups }: Run, { group: name, scenario, metric }: Line, contender: string): number[] {
  const group = groups.find((one) => one.group === name)
  return group === undefined ? [] : valuesOf(group, scenario, contender, metric)
}

function cellsOf({ label, metric }: Line, layer: string, x86: number[], arm: number[]): Cells {
  return { label, layer, metric, x86, arm }
}
