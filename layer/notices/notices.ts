// What stands in the zips beside the program: whose work is in it, and under which licences. The packages are exactly
// those of which the bundle holds bytes.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import licences from 'spdx-license-list/full.js'
import { npmNotices, type Package, RULE } from '../../build/notices.mjs'
import { type Layer, STARTER_PATHS } from '../layers.ts'
import { recorded } from '../starter/starter.ts'

export type { Package }

interface Part {
  readonly name: string
  readonly license: string
  readonly url: string
}

interface BunNotices {
  /** The version that the list is of. */
  readonly bun: string
  readonly source: string
  /** The day on which it was read. */
  readonly read: string
  readonly parts: readonly Part[]
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

export const BUN = JSON.parse(readFileSync(new URL('bun.json', import.meta.url), 'utf8')) as BunNotices

/** The packages that the latest build has bundled, as build.mjs tells them. */
export function bundledPackages(): readonly Package[] {
  const meta = JSON.parse(readFileSync(join(ROOT, 'dist/meta.json'), 'utf8')) as { packages: Package[] }
  return meta.packages
}

/** The same text at every build of the same packages. Throws for a package that tells no licence. */
export function noticesOf(kind: Layer['kind'], packages: readonly Package[]): string {
  const ours = `Open Parameters and Secrets Lambda Extension, Apache-2.0. It contains the following packages of npm.\n`
  const rest = kind === 'node' ? [starterNotices()] : [bunNotices(), ...lesserLicences()]
  return [ours + npmNotices(packages), ...rest].join(RULE)
}

function starterNotices(): string {
  return `${Object.values(STARTER_PATHS).join(' and ')} are compiled from layer/starter/starter.c of the
project, Apache-2.0, by ${recorded().compiler} of PyPI. Nothing of the compiler's, and no library, is linked into them.
`
}

function bunNotices(): string {
  const lines = BUN.parts.map(({ name, license, url }) => `${name}\n  ${license}, ${url}`)
  return `This executable also contains the runtime Bun ${BUN.bun}, and the libraries that it links:

${lines.join('\n')}

JavaScriptCore and WebCore are linked under the GNU Library General Public License, version 2, and tinycc under the GNU
Lesser General Public License, version 2.1; both are below. Their source, as patched for Bun, and what it takes to link
Bun anew with a changed one, is at https://github.com/oven-sh/WebKit and https://github.com/oven-sh/bun ("Building"); the
commit is named in that version's scripts/build/deps/webkit.ts. The program that is compiled into this executable can be
built with such a Bun from its own source, which is published under Apache-2.0: npm run layer.

From ${BUN.source}, read on ${BUN.read}.
`
}

/** The texts of those licences that must be distributed in full. Throws for one that SPDX does not know. */
function lesserLicences(): string[] {
  const ids = new Set(BUN.parts.map(({ license }) => license).filter((license) => license.startsWith('LGPL')))
  return [...ids].map((id) => {
    const licence = licences[id]
    if (licence === undefined) throw new Error(`SPDX knows no licence ${id}`)
    return `\n${licence.licenseText.trim()}\n`
  })
}
