// `npm test` and `npm run test:unit`.

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { argumentsOf, type Options } from '../tools/arguments.ts'
import { bundle } from '../tools/bundle.ts'
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
const { status, error } = spawnSync(process.execPath, ['--test', ...suite.flags, ...chosen], {
  cwd: fileURLToPath(new URL('../', import.meta.url)),
  stdio: 'inherit',
})
if (error !== undefined) throw error
process.exitCode = status ?? 1
