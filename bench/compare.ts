// npm run bench:compare A B: effect and interval of each figure, from two folders of results.
import { comparisonTable, compareRuns } from './report/comparison.ts'
import { readRun } from './storing/results.ts'

const [a, b] = process.argv.slice(2)
if (a === undefined || b === undefined) {
  console.error('npm run bench:compare A B: two folders of results, the base first')
  process.exitCode = 2
} else {
  const [before, after] = [readRun(a), readRun(b)]
  if (before.meta.cpu !== after.meta.cpu)
    console.log(`Two machines: ${before.meta.cpu} and ${after.meta.cpu}.\n`)
  console.log(comparisonTable(compareRuns(before, after)))
}
