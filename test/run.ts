// `npm test` and `npm run test:unit`.

import { argumentsOf, type Options } from '../tools/arguments.ts'
import { bundle } from '../tools/bundle.ts'
import { runTests } from '../tools/run-tests.ts'
import { ALL, UNIT } from './suites.ts'

const HELP = `npm test [-- file …]
npm run test:unit [-- file …]

Builds the bundle and runs all tests, or those in the files (globs, from the project's folder). test:unit builds nothing,
and runs what needs neither the bundle nor a process that is stopped.

  --help  this text`

const OPTIONS = { unit: { type: 'boolean', default: false } } satisfies Options
const { unit, files } = argumentsOf(HELP, { options: OPTIONS, allowPositionals: true }, (parsed) => ({
  unit: parsed.values.unit,
  files: parsed.positionals,
}))
const suite = unit ? UNIT : ALL
if (!unit) bundle()
const chosen = files.length > 0 ? files : suite.files
const isGreen = runTests({
  command: [process.execPath, '--test', ...suite.flags, ...chosen],
  withinMs: 25 * 60_000,
})
process.exitCode = isGreen ? 0 : 1
