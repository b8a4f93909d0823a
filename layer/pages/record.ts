// `npm run layer:pages`: records which pages the executables touch until they have answered, for both architectures.
// To be done for every new Bun, which the build asks for, and when our own start has changed much
// (layer/pages/start.test.ts).

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { launcherFor } from '../emulation.ts'
import { compiled } from '../executable.ts'
import type { Architecture } from '../runtimes.ts'
import { touchedInStarts } from './start.ts'
import { ownPages, writeTable } from './table.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const inlineBundle = bundle('--inline-upstream')
// Left behind in dist/, as `npm run build` leaves it.
bundle()
for (const architecture of ['x86_64', 'arm64'] as const) {
  const file = compiled(inlineBundle, architecture)
  const touched = await touchedInStarts(file, emulatorFor(architecture))
  writeTable(file, architecture, touched)
  const own = [...touched].filter((page) => page >= ownPages(file)[0])
  console.log(`${architecture}: ${touched.size - own.length} pages of Bun, ${own.length} of ours`)
}

function emulatorFor(architecture: Architecture): string[] {
  const launcher = launcherFor(architecture)
  if ('missing' in launcher) throw new Error(`to run ${architecture}: apt-get install ${launcher.missing}`)
  return [...launcher]
}

function bundle(...flags: string[]): string {
  execFileSync(process.execPath, ['build.mjs', '--quiet', ...flags], { cwd: root, stdio: 'inherit' })
  return readFileSync(`${root}dist/extension.cjs`, 'utf8')
}
