import { writeFileSync } from 'node:fs'
import { argumentsOf } from '../tools/arguments.ts'
import { architecture } from './report/architecture.ts'
import { writeReport } from './report/write.ts'
import { readRuns } from './storing/results.ts'
import { ROOT } from './contenders/runtimes.ts'

const HELP = `npm run bench:report [-- FOLDER]

Draws the README.md and the plots of a folder of results from its raw files, and the summary in the project's README.
Draws docs/architecture.svg, too. The folder must hold a finished run. Default: results.

  --help  this text`

const results = argumentsOf(HELP, { allowPositionals: true }, ({ positionals }) => {
  const [folder = `${ROOT}/results`, ...rest] = positionals
  if (rest.length > 0) throw new RangeError(`one folder, got ${positionals.join(' and ')}`)
  // Without a run the report would say that there are no results, in place of those that the README has.
  if (readRuns(folder).length === 0) throw new RangeError(`${folder} holds no finished run`)
  return folder
})
writeReport(results, `${ROOT}/README.md`)
writeFileSync(`${ROOT}/docs/architecture.svg`, architecture())
console.log(`${results}/README.md`)
