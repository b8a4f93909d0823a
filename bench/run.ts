import { argumentsOf, type Options, portNumber, wholeNumber } from '../tools/arguments.ts'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  createUnfinished,
  finishFolder,
  type GroupResult,
  readRun,
  type Run,
  writeGroup,
} from './storing/results.ts'
import { type Context, FULL, QUICK } from './measuring/context.ts'
import { type Entries, extensionOf, peerOf } from './contenders/contenders.ts'
import { buildLayers, installRuntimes, otherBuild } from './contenders/prepare.ts'
import { measureAhead } from './groups/ahead.ts'
import { measureEmulated } from './groups/emulated.ts'
import { measureFleet } from './groups/fleet.ts'
import { measureHit } from './groups/hit.ts'
import { measureInit } from './groups/init.ts'
import { measureMemory } from './groups/memory.ts'
import { measureMicro } from './groups/micro.ts'
import { measureMiss } from './groups/miss.ts'
import { measureSandbox } from './groups/sandbox.ts'
import { measureSmall } from './groups/small.ts'
import { measureStart } from './groups/start.ts'
import { measureWrapper } from './groups/wrapper.ts'
import { pinDriver } from './measuring/pinning.ts'
import { Progress } from './measuring/progress.ts'
import { folderName, type Meta, recordMeta } from './storing/record.ts'
import { runPage } from './report/page.ts'
import { terminalTables } from './report/terminal.ts'
import { recordSizes } from '../layer/sizes.ts'
import { writeReport } from './report/write.ts'
import { ROOT } from './contenders/runtimes.ts'
import { seeded } from '../tools/random.ts'

const GROUPS: Record<string, (context: Context) => Promise<GroupResult>> = {
  init: measureInit,
  start: measureStart,
  sandbox: measureSandbox,
  small: measureSmall,
  ahead: measureAhead,
  wrapper: measureWrapper,
  hit: measureHit,
  miss: measureMiss,
  micro: measureMicro,
  memory: measureMemory,
  fleet: measureFleet,
  emulated: measureEmulated,
}
/** Without a name, all that is measured on this machine's own processor; the others take a folder each. */
const NATIVE = ['init', 'start', 'sandbox', 'small', 'ahead', 'wrapper', 'hit', 'miss', 'micro', 'memory']

const HELP = `npm run bench -- [group …] [options]

Installs the pinned runtimes and builds the layers, unless they are there, and measures. With --quick a few minutes,
without it half an hour or more.

groups: ${NATIVE.join(', ')} (all of them without a name);
alone: lambda (on Lambda itself: npm run bench -- lambda --help), emulated (both architectures under qemu-user), fleet (many sandboxes, simulated in virtual time)

  --quick                few samples: shows that every part works, claims nothing
  --seed N               of the order in which contenders run; default: drawn, and printed
  --port N               where the servers listen; default 2773
  --peer NAME=COMMAND    another server of the same endpoint: a shell command that listens on $PORT and asks
                         $AWS_ENDPOINT_URL, both in its environment; may be repeated
  --extension NAME=PATH  a third-party extension, such as AWS's own: an executable that registers by itself and may
                         answer only after the first INVOKE; may be repeated
  --against DIR|REF      another build of this project in the same run, and a table of what has changed: a folder
                         with its three zips, or a commit whose layers are built then
  --probe NAME=/PATH     that peer is ready when this path answers 200; default: when its port takes a connection
  --dist DIR             where the layers' zips are. Then nothing is installed or built, and who is missing has a row
                         that says so; default: dist, where they are built anew
  --out DIR              parent of the results' folder; default: results for a full run, dist/bench/results else
  --help                 this text

A full run of all groups, and one of emulated or fleet, goes into results/ and writes its figures into the documents, as
npm run bench:report does.`

const OPTIONS = {
  quick: { type: 'boolean', default: false },
  seed: { type: 'string' },
  port: { type: 'string', default: '2773' },
  peer: { type: 'string', multiple: true, default: [] },
  extension: { type: 'string', multiple: true, default: [] },
  against: { type: 'string' },
  probe: { type: 'string', multiple: true, default: [] },
  dist: { type: 'string' },
  out: { type: 'string' },
} satisfies Options

async function main(): Promise<void> {
  // Ends by `exit`, because the emulated host then kills what it has started.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  const wanted = argumentsOf(
    HELP,
    { allowPositionals: true, options: OPTIONS },
    ({ values, positionals }) => ({
      ...values,
      groups: groupsOf(positionals),
      isFull:
        !values.quick && (positionals.length === 0 || positionals.some((name) => !NATIVE.includes(name))),
      seed: values.seed === undefined ? Math.floor(Math.random() * 1e6) : wholeNumber('--seed', values.seed),
      port: portNumber('--port', values.port, 1),
      peers: [...values.peer.map((peer) => peerOf(peer, values.probe)), ...values.extension.map(extensionOf)],
    }),
  )
  const { quick, groups, isFull, seed, port } = wanted
  const entries = prepare(groups, wanted)
  const { dist } = entries
  const emulated = groups.includes('emulated')
  const command = commandOf(process.argv.slice(2))
  const against = entries.against?.name
  const meta = recordMeta({ dist, seed, quick, emulated, command, ...(against !== undefined && { against }) })
  console.error(`seed ${seed}, load ${meta.loadAverage.join(' ')}, ${meta.pinning}`)
  pinDriver()
  const progress = new Progress()
  const context: Context = {
    ...entries,
    amount: quick ? QUICK : FULL,
    port,
    random: seeded(seed),
    progress: (text, done, of) => progress.show(text, done, of),
  }
  const parent = wanted.out ?? `${ROOT}/${isFull ? 'results' : 'dist/bench/results'}`
  const folder = await measure(groups, context, meta, { parent, progress })
  progress.end()
  const run = readRun(folder)
  console.log(terminalTables(run))
  const failed = failuresOfOurs(run, entries.peers)
  // The report of all runs has the page of the newest; it would hide that something has failed.
  const isReported = isFull && failed.length === 0
  if (isReported) await reportAll(parent)
  else writeFileSync(join(folder, 'README.md'), runPage(run))
  console.log(`${isReported ? parent : folder}/README.md`)
  if (failed.length > 0) throw new Error(failed.join('\n'))
}

async function reportAll(results: string): Promise<void> {
  await recordSizes(ROOT)
  writeReport(results, ROOT)
}

/** A peer may fail, and the other build where it cannot do something yet: their cells say so. */
function failuresOfOurs(run: Run, peers: Entries['peers']): string[] {
  return run.groups.flatMap(({ group, failed = [], before = {} }) =>
    failed
      .filter(({ contender }) => !Object.values(before).includes(contender))
      .filter(({ contender }) => !peers.some(({ name }) => name === contender))
      .map(({ scenario, contender, reason }) => `${group}, ${scenario}: ${contender} has failed: ${reason}`),
  )
}

/** What the groups need, made where it is missing. Throws with the command that mends it. */
function prepare(
  groups: readonly string[],
  { dist, against, peers }: { dist?: string; against?: string; peers: Entries['peers'] },
): Entries {
  const needsLayers = groups.some((group) => !['micro', 'fleet'].includes(group))
  if (needsLayers && dist === undefined) {
    installRuntimes()
    buildLayers()
  }
  const other = against === undefined ? {} : { against: otherBuild(against) }
  return { dist: dist ?? `${ROOT}/dist`, ...other, peers }
}

/**
 * Each group is written, and how long it took is said, as soon as it is done. An error says where the groups before it
 * are.
 */
async function measure(
  groups: readonly string[],
  context: Context,
  meta: Meta,
  { parent, progress }: { parent: string; progress: Progress },
): Promise<string> {
  const unfinished = createUnfinished(parent, folderName(meta))
  try {
    for (const group of groups) {
      const startedAt = performance.now()
      writeGroup(unfinished, meta, await GROUPS[group]!(context))
      progress.took(group, performance.now() - startedAt)
    }
  } catch (error) {
    const where = `The groups that were done before are in ${unfinished}`
    throw new Error(`${(error as Error).message}\n${where}`, { cause: error })
  }
  return finishFolder(unfinished, folderName(meta))
}

function groupsOf(names: readonly string[]): readonly string[] {
  if (names.length === 0) return NATIVE
  const unknown = names.find((name) => !Object.hasOwn(GROUPS, name))
  if (unknown !== undefined)
    throw new RangeError(`no group ${unknown}; there are ${Object.keys(GROUPS).join(', ')}`)
  const alone = names.find((name) => !NATIVE.includes(name))
  if (alone !== undefined && names.length > 1)
    throw new RangeError(`${alone} runs alone: never mixed with latencies`)
  return names
}

/** As it is recorded: how a peer is started says nothing to a reader, and is of this machine alone. */
function commandOf(args: readonly string[]): string {
  const recorded = args.map((word, i) =>
    /^--(peer|extension)$/.test(args[i - 1] ?? '') || /^--(peer|extension)=/.test(word)
      ? word.replace(/^((?:--\w+=)?[^=]*)=.*$/s, '$1=…')
      : word,
  )
  return ['npm run bench --', ...recorded.map(quoted)].join(' ')
}

function quoted(argument: string): string {
  return /^[\w./=:,…-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`
}

try {
  // Has options of its own, and needs clients of AWS that no other group does.
  if (process.argv[2] === 'lambda') await (await import('./lambda/run.ts')).runOnLambda()
  else await main()
} catch (error) {
  console.error(`\n${(error as Error).message}`)
  process.exitCode = 1
}
