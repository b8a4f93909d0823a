// Runs the life of an environment for some minutes, prints what it costs, and fails if memory or descriptors grow.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { NODE_FLAGS } from '../../src/engine.ts'
import { descriptorsOf, memoryOf } from '../../tools/proc.ts'
import { argumentsOf, type Options, positiveNumber, wholeNumber } from '../../tools/arguments.ts'
import { bundle } from '../../tools/bundle.ts'
import { artefactName, startExtension } from '../artefact.ts'
import { LIFE_ENVIRONMENT, seedOf, startLife, type Tally } from './life.ts'
import { limitDescriptors } from '../abuse/limit-descriptors.ts'
import { credentialsOf, SOAK_TOKEN, startRotation } from './rotation.ts'
import { growth, median } from './trend.ts'

const BUNDLE = new URL('../../dist/extension.cjs', import.meta.url)

const HELP = `npm run soak [-- options]

  --minutes M  how long (default: 10)
  --managed    Lambda Managed Instances: 64 invocations at once and more callers, credentials that rotate every few
               seconds, 4,096 descriptors, no freezes (the column has the rotations)
  --seed N     of the traffic: equal seeds, equal traffic (default: drawn, and printed)
  --help       this text`

const OPTIONS = {
  minutes: { type: 'string', default: '10' },
  managed: { type: 'boolean', default: false },
  seed: { type: 'string' },
} satisfies Options

const { minutes, seed, managed } = argumentsOf(HELP, { options: OPTIONS }, ({ values }) => ({
  managed: values.managed,
  minutes: positiveNumber('--minutes', values.minutes),
  seed: values.seed === undefined ? Date.now() % 1_000_000 : wholeNumber('--seed', values.seed),
}))
bundle()
// Where nothing else is said, the bundle as its layer starts it.
process.env['EXTENSION_UNDER_TEST'] ||= JSON.stringify({
  name: `dist/extension.cjs on Node ${process.versions.node}, with the flags of its layer`,
  command: [process.execPath, ...NODE_FLAGS, fileURLToPath(BUNDLE)],
})
const name = artefactName()
/** Lambda's, of an environment of Managed Instances. */
if (managed) limitDescriptors(4_096)

const SAMPLES = 60
/** The caches, the heap and the code are as large as they get after this part of the time. */
const WARM_UP = 0.4
/**
 * Growth allowed between the warm-up and the end. The heap of V8 grows in steps of 10 to 15 MB, and in a short run one
 * step may come after the warm-up. A leak goes on, so less is allowed in a run of ten minutes or more.
 */
const MOST_GROWTH = { ofMemory: minutes < 10 ? 0.3 : 0.15, descriptors: 8 }

interface Sample extends Tally {
  readonly at: number
  /** Requests that arrived at AWS. */
  readonly calls: number
  readonly rssMb: number
  readonly descriptors: number
}

test(`soak for ${minutes} minutes, seed ${seed} (${name}${managed ? ', Managed Instances' : ''})`, async (t) => {
  const stderr: string[] = []
  const extension = await startExtension(t, {
    seed: seedOf(seed),
    env: LIFE_ENVIRONMENT,
    ...(managed && { aws: { credentials: credentialsOf(0) } }),
    lambda: {
      onLog: ({ stream, text }) => void (stream === 'stderr' && stderr.push(text)),
      ...(managed && {
        mode: 'lambda-managed-instances',
        containerCredentials: true,
        credentials: credentialsOf(0),
      }),
    },
  })
  const [pid = 0] = extension.lambda.pids
  const life = await startLife(
    extension,
    seed,
    managed ? startRotation(extension.aws, extension.lambda) : undefined,
  )
  const samples: Sample[] = []
  const startedAt = Date.now()
  const seconds = (): number => (Date.now() - startedAt) / 1_000
  const everySeconds = (minutes * 60) / SAMPLES
  let sampleAt = everySeconds
  console.log(HEADINGS.map((heading) => heading.padStart(WIDTH)).join(''))
  while (seconds() < minutes * 60) {
    await life.live()
    if (seconds() < sampleAt) continue
    sampleAt = seconds() + everySeconds
    const [rssMb, descriptors] = [Math.round(memoryOf(pid).rssMb), descriptorsOf(pid)]
    const sample = { ...life.tally, at: seconds(), calls: extension.aws.calls(), rssMb, descriptors }
    samples.push(sample)
    console.log(row(sample))
  }
  life.close()
  await extension.stop()
  console.log(extension.logs().findLast((line) => line.includes('shutting down')) ?? 'no summary')

  const escaped = extension.logs().filter((line) => / unexpected |internal error|ERROR server: /.test(line))
  assert.deepEqual([escaped, stderr], [[], []], 'nothing escaped')
  assert.ok(!extension.logs().some((line) => line.includes(SOAK_TOKEN)), 'no session token in the output')
  const warm = samples.filter(({ at }) => at > minutes * 60 * WARM_UP)
  const memory = growth(warm.map(({ at, rssMb }) => ({ at, value: rssMb })))
  const files = growth(warm.map(({ at, descriptors }) => ({ at, value: descriptors })))
  const usual = median(warm.map(({ rssMb }) => rssMb))
  console.log(
    `after the warm-up: ${usual} MB, growth ${memory.toFixed(1)} MB and ${files.toFixed(1)} descriptors`,
  )
  assert.ok(memory < usual * MOST_GROWTH.ofMemory, `memory grows: ${memory.toFixed(1)} MB above ${usual} MB`)
  assert.ok(files < MOST_GROWTH.descriptors, `descriptors grow: ${files.toFixed(1)}`)
})

const WIDTH = 12
const HEADINGS = [
  'seconds',
  'invocations',
  'freezes',
  'faults',
  'hits',
  'misses',
  'AWS calls',
  'errors',
  'refusals',
  'RSS MB',
  'descriptors',
]

function row(sample: Sample): string {
  const { at, invocations, freezes, faults, hits, misses, calls, errors, refusals, rssMb, descriptors } =
    sample
  const cells = [
    at.toFixed(0),
    invocations,
    freezes,
    faults,
    hits,
    misses,
    calls,
    errors,
    refusals,
    rssMb,
    descriptors,
  ]
  return cells.map((cell) => String(cell).padStart(WIDTH)).join('')
}
