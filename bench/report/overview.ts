import { basename } from 'node:path'
import { type Run, valuesOf } from '../storing/results.ts'
import { beside, type Cells } from './architectures.ts'
import { type Line, LINES } from './summary.ts'

// The first table of the report: arm64 beside x86_64, of both layers. Native runs are two machines, and their ratio
// shows that as much as the processors; emulated ones are one machine, and processor time alone.

const LAYERS = ['nodejs layer, Node 24', 'executable (Bun)']
const EMULATED: readonly Line[] = [
  { label: 'CPU to registered', group: 'emulated', scenario: 'emulated start', metric: 'cpuRegisteredMs' },
  { label: 'CPU to first secret', group: 'emulated', scenario: 'emulated start', metric: 'cpuFirstSecretMs' },
  { label: 'CPU of a hit', group: 'emulated', scenario: 'emulated hit, c1, 100 B', metric: 'cpuUsPerHit' },
]
const EMULATED_LAYERS = ['nodejs layer on Node 24', 'executable']

export function overview(latest: readonly Run[]): string {
  const native = (arch: string) => latest.find(({ meta }) => meta.arch === arch && !meta.emulated)
  const [x86, arm] = [native('x86_64'), native('arm64')]
  const emulated = latest.find(({ meta }) => meta.emulated)
  const rows = [
    ...LINES.flatMap((line) =>
      LAYERS.map((layer) => cellsOf(line, layer, samplesOf(x86, line, layer), samplesOf(arm, line, layer))),
    ),
    ...EMULATED.flatMap((line) =>
      EMULATED_LAYERS.map((layer) => {
        const [a, b] = ['x86_64', 'arm64'].map((arch) =>
          samplesOf(emulated, line, `${layer}, emulated ${arch}`),
        )
        return cellsOf({ ...line, label: `${line.label}, **emulated**` }, layer, a!, b!)
      }),
    ),
  ]
  const table = beside(rows)
  if (table === '') return ''
  const machines = [x86, arm, emulated].flatMap((run) => (run === undefined ? [] : [machineOf(run)]))
  return `## arm64 beside x86_64\n\n${table}\n\n${machines.join('\n')}\n`
}

function samplesOf(
  run: Run | undefined,
  { group: name, scenario, metric }: Line,
  contender: string,
): number[] {
  const group = run?.groups.find((one) => one.group === name)
  return group === undefined ? [] : valuesOf(group, scenario, contender, metric)
}

function cellsOf({ label, metric }: Line, layer: string, x86: number[], arm: number[]): Cells {
  return { label, layer, metric, x86, arm }
}

function machineOf({ folder, meta }: Run): string {
  const how = meta.emulated ? 'emulated: both architectures under qemu-user on' : `${meta.arch}:`
  return `- ${how} ${meta.cpu}, ${meta.cores} cores (${basename(folder)})`
}
