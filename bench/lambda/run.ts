// npm run bench -- lambda: both layers on Lambda itself, beside no extension, the SDK, and AWS's own layer.

import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { argumentsOf, type Options, wholeNumber } from '../../tools/arguments.ts'
import { seeded } from '../../tools/random.ts'
import { buildLayers, installRuntimes } from '../contenders/prepare.ts'
import { ROOT } from '../contenders/runtimes.ts'
import { Progress } from '../measuring/progress.ts'
import { runPage } from '../report/page.ts'
import { terminalTables } from '../report/terminal.ts'
import { writeReport } from '../report/write.ts'
import { folderName, type Meta, recordMeta } from '../storing/record.ts'
import { createFolder, type GroupResult, readRun, writeGroup } from '../storing/results.ts'
import { resourcesOf, deleteAll, type Left, noResources } from './resources.ts'
import { type Clients, clientsOf, otherEndpoints, textOf } from './clients.ts'
import { makeAll } from './make.ts'
import { measureAll } from './measure.ts'
import { ARCHITECTURES, CONTENDERS, type Plan, planOf, planText, RUN_PATTERN } from './plan.ts'

const HELP = `npm run bench -- lambda --region REGION [options]

Measures cold starts, reads and memory on Lambda itself, with the credentials of the environment or of AWS_PROFILE. It
shows what it will make and what that costs at most, asks, makes it, measures, and deletes all of it, also after Ctrl-C or
a failure. What the credentials must allow is in docs/bench-on-lambda.md.

  --region REGION        where
  --arch LIST            default ${ARCHITECTURES.join(',')}
  --runtimes LIST        Node and Python ones; default nodejs24.x,python3.13
  --memory LIST          in MB; default 128,512,1769
  --contenders LIST      default all: ${Object.keys(CONTENDERS).join(',')}
  --closed-arn ARN       a version of AWS's own layer, for the contender aws, once for each architecture; default: the
                         newest, by its public parameter
  --starts N             cold starts of each function; default 30
  --role ARN             the functions' role; default: one is made
  --yes                  does not ask
  --dry-run              shows the plan and what it costs, and asks AWS nothing
  --cleanup RUN          deletes what a run that was killed has left, and does nothing else
  --seed N               of the order in which functions are started; default: drawn
  --dist DIR             where the layers' zips are; default: dist, where they are built anew
  --out DIR              parent of the results' folder; default results
  --help                 this text`

const OPTIONS = {
  region: { type: 'string' },
  arch: { type: 'string', default: ARCHITECTURES.join(',') },
  runtimes: { type: 'string', default: 'nodejs24.x,python3.13' },
  memory: { type: 'string', default: '128,512,1769' },
  contenders: { type: 'string', default: Object.keys(CONTENDERS).join(',') },
  'closed-arn': { type: 'string', multiple: true, default: [] },
  starts: { type: 'string', default: '30' },
  role: { type: 'string' },
  yes: { type: 'boolean', default: false },
  'dry-run': { type: 'boolean', default: false },
  cleanup: { type: 'string' },
  seed: { type: 'string' },
  dist: { type: 'string' },
  out: { type: 'string' },
} satisfies Options

/** The whole command. Rejects with a sentence for the user. */
export async function runOnLambda(): Promise<void> {
  const wanted = argumentsOf(
    HELP,
    { allowPositionals: true, options: OPTIONS },
    ({ values, positionals }) => {
      if (positionals.length > 1) throw new RangeError(`lambda runs alone, got ${positionals.join(' and ')}`)
      if (values.cleanup !== undefined && !RUN_PATTERN.test(values.cleanup))
        throw new RangeError(`--cleanup: "${values.cleanup}" is no name of a run`)
      const plan = planOf({
        region: values.region ?? '',
        architectures: listOf(values.arch),
        runtimes: listOf(values.runtimes),
        memoryMb: listOf(values.memory).map((size) => wholeNumber('--memory', size)),
        contenders: listOf(values.contenders),
        closedArns: values['closed-arn'].flatMap(listOf),
        starts: wholeNumber('--starts', values.starts),
        ...(values.role !== undefined && { role: values.role }),
        run: values.cleanup ?? `psl-bench-${randomBytes(4).toString('hex')}`,
      })
      const seed =
        values.seed === undefined ? Math.floor(Math.random() * 1e6) : wholeNumber('--seed', values.seed)
      return { ...values, plan, seed, parent: parentOf(values.out) }
    },
  )
  const { plan, dist } = wanted
  const clients = clientsOf(plan.options.region)
  if (wanted.cleanup !== undefined) return cleanUp(clients, plan)
  console.log(planText(plan))
  if (wanted['dry-run']) return
  if (!wanted.yes && !(await isWanted())) throw new Error('Nothing was made.')
  if (dist === undefined) {
    installRuntimes()
    buildLayers()
  }
  await measure(clients, plan, { ...wanted, dist: resolve(dist ?? `${ROOT}/dist`) })
}

async function measure(
  clients: Clients,
  plan: Plan,
  { seed, dist, parent }: { seed: number; dist: string; parent: string },
): Promise<void> {
  const { run } = plan.options
  const meta = metaOf(plan, seed, dist)
  const resources = noResources()
  const { signal } = interruption(plan)
  const progress = new Progress()
  const say = (text: string): void => console.error(text)
  const making = { clients, plan, dist, resources, ownLayers: new Map<string, string>(), signal, say }
  const show = (text: string, done: number, of: number): void => progress.show(text, done, of)
  const result = await makeAll(making)
    .then(() => measureAll(making, seeded(seed), show))
    .catch((error: unknown) =>
      signal.aborted ? new Error('Interrupted.') : new Error(textOf(error), { cause: error }),
    )
  progress.end()
  say(`deleting what ${run} has made`)
  const left = await deleteAll(clients, run, resources)
  // Also where something is left: the figures are good.
  if (!(result instanceof Error)) write(meta, result, parent)
  const problems = [
    ...(result instanceof Error ? [result.message] : failuresIn(result)),
    ...remains(left, plan),
  ]
  if (problems.length > 0) throw new Error(problems.join('\n'))
}

function write(meta: Meta, result: GroupResult, parent: string): void {
  const folder = createFolder(parent, folderName(meta))
  writeGroup(folder, meta, result)
  const stored = readRun(folder)
  console.log(terminalTables(stored))
  // The report of all runs has the page of the newest.
  if (isPublished(parent)) writeReport(parent, ROOT)
  else writeFileSync(join(folder, 'README.md'), runPage(stored))
  console.log(`${isPublished(parent) ? parent : folder}/README.md`)
}

function failuresIn({ failed = [] }: GroupResult): string[] {
  return failed.map(({ scenario, contender, reason }) => `${contender}, ${scenario}, has failed: ${reason}`)
}

function remains(left: readonly Left[], { options }: Plan): string[] {
  if (left.length === 0) return []
  return [
    'Not deleted:',
    ...left.map(({ what, why }) => `  ${what}: ${why}`),
    `Delete it by: ${again(options)}`,
  ]
}

function again({ run, region }: Plan['options']): string {
  return `npm run bench -- lambda --region ${region} --cleanup ${run}`
}

async function cleanUp(clients: Clients, plan: Plan): Promise<void> {
  const { run, region } = plan.options
  const left = await deleteAll(clients, run, await resourcesOf(clients, run))
  if (left.length > 0) throw new Error(remains(left, plan).join('\n'))
  console.log(`Nothing of ${run} is left in ${region}.`)
}

/** The first Ctrl-C ends what is being done and deletes; a second one ends the process at once. */
function interruption({ options }: Plan): AbortController {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      if (controller.signal.aborted) {
        console.error(`What is left is deleted by: ${again(options)}`)
        process.exit(1)
      }
      console.error('\ninterrupted: ends what it has begun, and deletes it')
      controller.abort()
    })
  return controller
}

async function isWanted(): Promise<boolean> {
  process.stderr.write(
    `With ${process.env['AWS_PROFILE'] ?? 'the credentials of the environment'}. Go on? [y/N] `,
  )
  const lines = createInterface({ input: process.stdin })
  try {
    for await (const line of lines) return /^y(es)?$/i.test(line.trim())
    return false
  } finally {
    lines.close()
  }
}

function metaOf({ options }: Plan, seed: number, dist: string): Meta {
  const command = ['npm run bench --', ...process.argv.slice(2)].join(' ')
  const emulated = otherEndpoints(process.env).length > 0
  return {
    ...recordMeta({ dist, seed, quick: false, emulated, command }),
    arch: 'lambda',
    place: emulated
      ? 'an emulated Lambda'
      : `AWS Lambda, ${options.region}, ${options.memoryMb.join(', ')} MB`,
  }
}

/** Throws where figures of an emulated Lambda would come among those that are published. */
function parentOf(out: string | undefined): string {
  const parent = resolve(out ?? join(ROOT, 'results'))
  const [variable] = otherEndpoints(process.env)
  if (variable !== undefined && isPublished(parent))
    throw new RangeError(
      `${variable} is set: figures of an emulated Lambda do not go into results/. Give --out`,
    )
  return parent
}

function isPublished(parent: string): boolean {
  return !relative(join(ROOT, 'results'), parent).startsWith('..')
}

function listOf(text: string): string[] {
  return text.split(',').filter((item) => item !== '')
}
