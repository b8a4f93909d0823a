// npm run fuzz -- [--seed N] [--seconds S] [--only INDEX]
//
// Attacks the artefact under test until the time is up or something breaks, and says how to see it again. `--only`
// sends one input alone.

import { test } from 'node:test'
import { parseArgs } from 'node:util'
import { artefactName } from '../artefact.ts'
import { fuzz, type Summary } from './fuzzer.ts'
import { startTarget } from './target.ts'

const { values } = parseArgs({
  options: { seed: { type: 'string' }, seconds: { type: 'string', default: '60' }, only: { type: 'string' } },
})
const seed = Number(values.seed ?? Date.now() % 1_000_000)
const seconds = Number(values.seconds)

test(`fuzz, seed ${seed} (${artefactName()})`, async (t) => {
  const { extension, rules, assertUnharmed } = await startTarget(t)
  const single = values.only === undefined ? {} : { firstIndex: Number(values.only), inputs: 1 }
  const report = (summary: Summary): void => console.log(JSON.stringify(summary))
  report(await fuzz(extension, { seed, seconds, rules, ...single, onProgress: report }))
  assertUnharmed()
})
