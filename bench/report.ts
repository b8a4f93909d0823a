import { writeFileSync } from 'node:fs'
import { argumentsOf } from '../tools/arguments.ts'
import { architecture } from './report/architecture.ts'
import { recordSizes } from '../layer/sizes.ts'
import { writeReport } from './report/write.ts'
import { readRuns } from './storing/results.ts'
import { ROOT } from './contenders/runtimes.ts'

const HELP = `npm run bench:report [-- FOLDER]

Writes the README.md, the pages and the plots of a folder of results from its raw files, and every figure that the
project's documents have of its newest run. Records what the zips in dist/ weigh, if they are there, and draws
docs/architecture.svg. The folder must hold a finished run. Default: results.

  --help  this text`

const results = argumentsOf(HELP, { allowPositionals: true }, ({ positionals }) => {
  const [folder = `${ROOT}/results`, ...rest] = positionals
  if (rest.length > 0) throw new RangeError(`one folder, got ${positionals.join(' and ')}`)
  // Without a run the report would say that there are no results, in place of those that the README has.
  if (readRuns(folder).length === 0) throw new RangeError(`${folder} holds no finished run`)
  return folder
})
await recordSizes(ROOT)
writeReport(results, ROOT)
writeFileSync(`${ROOT}/docs/architecture.svg`, architecture())
console.log(`${results}/README.md`)
