// What V8 has compiled of the bundle's parts, for src/code-cache.ts: recorded from the pinned Nodes after a first call
// and some more, so that it holds the functions which such a call compiles. The same bytes at every build.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { codeFile, codeName } from '../../src/code-cache.ts'
import { NODE_FLAGS } from '../../src/engine.ts'
import { launcherFor, NODE_LIBRARIES } from '../emulation.ts'
import { runExtension } from '../run-extension.ts'
import { type Architecture, nodeFor, type NodeMajor } from '../runtimes.ts'

const RECORDER = fileURLToPath(new URL('recorder.cjs', import.meta.url))
const CALLS = 11
/** Records until two are the same: what a process compiles may depend on when things happen. */
const MOST_RECORDS = 6

export interface CodeFile {
  readonly path: string
  readonly file: Buffer
}

interface Recorded {
  readonly v8: string
  readonly arch: string
  /** `code` in base64. */
  readonly parts: readonly { readonly name: string; readonly source: string; readonly code: string }[]
}

/** The Debian packages without which nothing can be recorded for that architecture here; undefined: none. */
export function missingFor(architecture: Architecture): string | undefined {
  const launcher = launcherFor(architecture, NODE_LIBRARIES)
  return 'missing' in launcher ? launcher.missing : undefined
}

/** What a command begins with to run that Node. Throws where it cannot run here: `missingFor`. */
export function nodeCommand(major: NodeMajor, architecture: Architecture): readonly string[] {
  const launcher = launcherFor(architecture, NODE_LIBRARIES)
  if ('missing' in launcher) throw new Error(`Node for ${architecture} needs ${launcher.missing}`)
  return [...launcher, nodeFor(major, architecture), ...NODE_FLAGS]
}

/** The files for that Node, of the bundle in that file: the same under qemu as without, however long AWS takes. */
export async function codeFor(
  major: NodeMajor,
  architecture: Architecture,
  bundleFile: string,
  awsMs?: number,
): Promise<CodeFile[]> {
  const node = nodeCommand(major, architecture)
  const known = new Set<string>()
  for (let turn = 0; turn < MOST_RECORDS; turn++) {
    const text = await record(node, bundleFile, awsMs)
    if (!known.has(text)) {
      known.add(text)
      continue
    }
    const { v8, arch, parts } = JSON.parse(text) as Recorded
    return parts.map(({ name, source, code }) => ({
      path: codeName(v8, arch, name),
      file: codeFile(source, Buffer.from(code, 'base64')),
    }))
  }
  throw new Error(`no two of ${MOST_RECORDS} records of Node ${major} for ${architecture} are the same`)
}

async function record(
  node: readonly string[],
  bundleFile: string,
  awsMs: number | undefined,
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'code-'))
  const file = join(folder, 'recorded.json')
  const secrets = Array.from({ length: CALLS }, (_, index) => `s${index}`)
  let warm = (): void => undefined
  const isWarm = new Promise<void>((resolve) => (warm = resolve))
  try {
    await runExtension({
      command: [...node, '--hash-seed=1', '--require', RECORDER, bundleFile],
      secrets,
      ...(awsMs !== undefined && { awsMs }),
      env: { RECORDED_CODE: file },
      onLog: (text) => text === 'warm' && warm(),
      async use(lambda, get) {
        await Promise.race([isWarm, lambda.whenFailed()])
        for (const name of [...secrets, ...secrets]) await get(`/secretsmanager/get?secretId=${name}`)
        await get('/systemsmanager/parameters/get?name=%2Fp')
      },
    })
    return readFileSync(file, 'utf8')
  } finally {
    rmSync(folder, { recursive: true })
  }
}
