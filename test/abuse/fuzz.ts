// Attacks the artefact under test until the time is up or something breaks, and says how to see it again.

import { test } from 'node:test'
import { argumentsOf, type Options, positiveNumber, wholeNumber } from '../../tools/arguments.ts'
import { bundle } from '../../tools/bundle.ts'
import { artefactName } from '../artefact.ts'
import { fuzz, type Summary } from './fuzzer.ts'
import { startTarget } from './target.ts'

const HELP = `npm run fuzz [-- options]

  --seed N     the inputs: equal seeds, equal inputs (default: drawn, and printed)
  --seconds S  how long (default: 60)
  --only N     the input of that number alone
  --help       this text`

const OPTIONS = {
  seed: { type: 'string' },
  seconds: { type: 'string', default: '60' },
  only: { type: 'string' },
} satisfies Options

const { seed, seconds, single } = argumentsOf(HELP, { options: OPTIONS }, ({ values }) => ({
  seed: values.seed === undefined ? Date.now() % 1_000_000 : wholeNumber('--seed', values.seed),
  seconds: positiveNumber('--seconds', values.seconds),
  single: values.only === undefined ? {} : { firstIndex: wholeNumber('--only', values.only), inputs: 1 },
}))
bundle()

test(`fuzz, seed ${seed} (${artefactName()})`, async (t) => {
  const { extension, rules, assertUnharmed } = await startTarget(t)
  const report = (summary: Summary): void => console.log(JSON.stringify(summary))
  report(await fuzz(extension, { seed, seconds, rules, ...single, onProgress: report }))
  assertUnharmed()
})
