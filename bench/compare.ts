import { argumentsOf } from '../tools/arguments.ts'
import { comparisonTable, compareRuns } from './report/comparison.ts'
import { readRun } from './storing/results.ts'

const HELP = `npm run bench:compare -- A B

Effect and interval of each figure, from two folders of results, the base first. Times are compared as ratios to the
floor of their own run: a slower hour slows both. Times without a floor are left out; for those measure both builds in
one run, by npm run bench -- --against REF.

  --help  this text`

const [before, after] = argumentsOf(HELP, { allowPositionals: true }, ({ positionals }) => {
  const [a, b, ...rest] = positionals
  if (a === undefined || b === undefined || rest.length > 0) throw new RangeError('two folders of results')
  return [readRun(a), readRun(b)] as const
})
if (before.meta.cpu !== after.meta.cpu)
  console.log(`Two machines: ${before.meta.cpu} and ${after.meta.cpu}.\n`)
console.log(comparisonTable(compareRuns(before, after), ['A', 'B']))
