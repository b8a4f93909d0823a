// The layers as a function gets them: unpacked from their zips, each with what Lambda has around it.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { LAYERS } from '../layers.ts'
import { nodeFor, NODE_MAJORS } from '../runtimes.ts'
import { entriesOf } from '../zip.ts'

export interface Artefact {
  readonly name: string
  /** Holds the one file of the layer, as /opt/extensions does. */
  readonly extensionsDir: string
  /** What stands in /var/lang/bin/node; undefined on the runtimes that have no Node. */
  readonly node: string | undefined
}

const DIST = fileURLToPath(new URL('../../dist/', import.meta.url))

/** The nodejs layer on each Node, and the executable for this processor's architecture or for arm64. */
export async function artefactsIn(folder: string): Promise<{ native: readonly Artefact[]; arm64: Artefact }> {
  const [nodejs, x86, arm] = await Promise.all(
    LAYERS.map(({ zip }) => unpack(join(DIST, zip), join(folder, zip))),
  )
  return {
    native: [
      ...NODE_MAJORS.map((major) => ({
        name: `nodejs layer on Node ${major}`,
        extensionsDir: nodejs!,
        node: nodeFor(major),
      })),
      { name: 'x86_64 layer', extensionsDir: x86!, node: undefined },
    ],
    arm64: { name: 'arm64 layer', extensionsDir: arm!, node: undefined },
  }
}

/** Returns the folder `extensions`. */
async function unpack(zip: string, folder: string): Promise<string> {
  for (const entry of await entriesOf(readFileSync(zip))) {
    const path = join(folder, entry.path)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, await entry.read(), { mode: entry.mode & 0o777 })
  }
  return join(folder, 'extensions')
}
