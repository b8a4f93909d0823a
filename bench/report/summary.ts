import type { Run } from '../storing/results.ts'
import { column, grid, type Line, paragraph, sourceOf } from './grid.ts'

// The figures that people choose by; a few of them, and one plot, are in the README, for each native architecture.

/** As every group calls them. */
export const OURS = { nodejs: 'nodejs layer, Node 24', executable: 'executable (Bun)' } as const

/** The documents that show a line. The report of all runs has every line. */
type Place = 'summary' | 'layers' | 'compare'

interface Shown extends Line {
  readonly places: readonly Place[]
}

const NODE = 'Node reads nothing while it loads'
const PYTHON = 'Python reads nothing while it loads'
const LATER = 'warm, secret asked 250 ms after registering'
const ONE_CLIENT = 'c1, 100 B'
/** Each: what it says, the group, the scenario, the metric, and the documents that have it. */
const LINES = [
  line('added to INIT of a Node function', 'init', NODE, 'addedMs', 'summary', 'layers'),
  line('the same, cold page cache', 'init', `${NODE}, cold`, 'addedMs', 'layers'),
  line('the same with 128 MB', 'init', `${NODE}, 128 MB`, 'addedMs', 'layers'),
  line('added to INIT of a Python function', 'init', PYTHON, 'addedMs', 'layers'),
  line('the same for Python, cold page cache', 'init', `${PYTHON}, cold`, 'addedMs', 'layers'),
  line('the same for Python with 128 MB', 'init', `${PYTHON}, 128 MB`, 'addedMs', 'layers'),
  line('start → registered', 'start', 'warm', 'registeredMs', 'summary', 'layers'),
  line('start → registered, cold page cache', 'start', 'cold', 'registeredMs', 'layers'),
  line('start → first secret', 'start', 'warm', 'firstSecretMs', 'layers', 'compare'),
  line('start → first secret, cold page cache', 'start', 'cold', 'firstSecretMs', 'compare'),
  line('first secret, asked 250 ms after registering', 'start', LATER, 'laterSecretMs', 'layers', 'compare'),
  line(
    'start → first secret, 7 % of a processor after INIT',
    'small',
    '128 MB, 7 % of a processor after INIT',
    'firstSecretMs',
    'layers',
  ),
  line('a hit, p50', 'hit', ONE_CLIENT, 'p50Us', 'summary', 'layers', 'compare'),
  line('a hit, p99', 'hit', ONE_CLIENT, 'p99Us', 'layers', 'compare'),
  line('a hit, processor, ten clients', 'hit', 'c10, 100 B', 'cpuUsPerHit', 'compare'),
  line('a hit, processor, one client', 'hit', ONE_CLIENT, 'cpuUsPerHit', 'layers'),
  line('the same, asked by boto3', 'hit', 'c1, 100 B, asked by boto3', 'cpuUsPerHit', 'layers'),
  line('a miss, processor', 'miss', 'one after the other', 'cpuUsPerMiss', 'compare'),
  line('memory, idle (RSS)', 'memory', 'idle', 'rssMb', 'summary', 'compare'),
  line('memory that it adds, idle (proportional, PSS)', 'memory', 'idle', 'shareMb', 'layers', 'compare'),
  line('memory, 1,000 secrets of 1 KB (RSS)', 'memory', '1,000 entries of 1KB', 'rssMb'),
  line(
    'memory that it adds, 1,000 secrets of 1 KB (PSS)',
    'memory',
    '1,000 entries of 1KB',
    'shareMb',
    'layers',
  ),
]

function line(
  label: string,
  group: string,
  scenario: string,
  metric: string,
  ...places: readonly Place[]
): Shown {
  return { label, group, scenario, metric, places }
}

/** In their order; all of them without a place. */
export function linesOf(place?: Place): readonly Line[] {
  return LINES.filter(({ places }) => place === undefined || places.includes(place))
}

/** In the README: ours beside the floor of the same runtime. */
const CONTENDERS = [OURS.nodejs, 'bare node:http, Node 24', OURS.executable, 'bare node:http, Bun']

/** For each native architecture a table and a plot. */
export function summary(latest: readonly Run[], results: string): string {
  const native = latest.filter(({ meta }) => !meta.emulated)
  if (native.length === 0) return 'No results yet: `npm run bench`.'
  return native.map((run) => section(run, results)).join('\n\n')
}

function section(run: Run, results: string): string {
  const columns = CONTENDERS.map((one) => column(one))
  const table = grid(run, linesOf('summary'), columns, { hasIntervals: true }) ?? 'No figure of these.'
  const caption = paragraph(`Medians with 95 % intervals (${sourceOf(run)}).`)
  return `${caption}\n\n${table}\n\n${plotOf(run, results)}`.trimEnd()
}

/** Of INIT, or of a start where INIT was not measured. */
function plotOf({ meta: { arch }, groups }: Run, results: string): string {
  const has = (name: string) => groups.some(({ group }) => group === name)
  if (has('init'))
    return `![What the extension adds to INIT, ${arch}](${results}/plots/${arch}-added-to-init.svg)`
  if (has('start'))
    return `![From the start of the process to the first secret, ${arch}](${results}/plots/${arch}-start.svg)`
  return ''
}
