// `npm run layer:pages`: records which pages the executables touch until they have answered, for both architectures.
// To be done for every new Bun, which the build asks for, and when our own start has changed much
// (layer/pages/start.test.ts).

import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { argumentsOf } from '../../tools/arguments.ts'
import { bundle } from '../../tools/bundle.ts'
import { launcherFor } from '../emulation.ts'
import { compiled } from '../executable.ts'
import type { Architecture } from '../runtimes.ts'
import { touchedInStarts } from './start.ts'
import { ownPages, writeTable } from './table.ts'

const HELP = `npm run layer:pages

Starts the executable of each architecture, the other one under qemu, and writes the pages of the file that a start
touches to layer/runtimes/pages-*.json. For every new version of Bun; commit what has changed.

  --help  this text`

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

// Before anything is written: one table of two would be of another Bun than the other.
const launchers = argumentsOf(HELP, {}, () => [launcherOf('x86_64'), launcherOf('arm64')] as const)
const inlineBundle = bundle('--inline-upstream')
// Left behind in dist/, as `npm run build` leaves it.
bundle()
for (const [architecture, launcher] of launchers) {
  const file = compiled(inlineBundle, architecture)
  const touched = await touchedInStarts(file, launcher)
  writeTable(file, architecture, touched)
  const own = [...touched].filter((page) => page >= ownPages(file)[0])
  console.log(`${architecture}: ${touched.size - own.length} pages of Bun, ${own.length} of ours`)
}
execFileSync('node_modules/.bin/oxfmt', ['layer/runtimes'], { cwd: ROOT, stdio: 'inherit' })

/** Throws where that architecture cannot run here. */
function launcherOf(architecture: Architecture): readonly [Architecture, readonly string[]] {
  const launcher = launcherFor(architecture)
  if ('missing' in launcher) throw new Error(`to run ${architecture}: apt-get install ${launcher.missing}`)
  return [architecture, launcher]
}
