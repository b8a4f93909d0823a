// Starts of an executable, as a function causes them, to see which of its pages they touch.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { EXTENSION_PATH } from '../layers.ts'
import { runExtension } from '../run-extension.ts'
import { touchedBy, withPagesApart } from './touched.ts'

const HITS = 20
/** For a function that asks late. By then the extension has warmed up, and is idle. */
const LATE_MS = 1_000

/**
 * The numbers of all pages that were touched from the start to a first secret, a parameter and a few hits, over TLS:
 * by a function that asks as soon as it can, and by one that asks late. `emulator` starts it, where it is for another
 * processor.
 */
export async function touchedInStarts(
  executable: Buffer,
  emulator: readonly string[] = [],
): Promise<Set<number>> {
  const folder = mkdtempSync(join(tmpdir(), 'pages-'))
  try {
    const path = join(folder, EXTENSION_PATH)
    mkdirSync(dirname(path))
    writeFileSync(path, withPagesApart(executable), { mode: 0o755 })
    const touched = new Set<number>()
    const collect = (pid: number) => {
      for (const page of touchedBy(pid, path)) touched.add(page)
    }
    for (const waitMs of [0, LATE_MS]) await startOnce([...emulator, path], waitMs, collect)
    return touched
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/**
 * Resolves when everything was answered 200 and the process has left by itself. `atEnd` is called while it still
 * runs.
 */
export async function startOnce(
  command: string[],
  waitMs: number,
  atEnd: (pid: number) => void = () => {},
): Promise<void> {
  await runExtension({
    command,
    secrets: ['s'],
    async functionInit(get) {
      await sleep(waitMs)
      for (let hits = 0; hits <= HITS; hits++) await get('/secretsmanager/get?secretId=s')
      await get('/systemsmanager/parameters/get?name=%2Fp')
    },
    use: (lambda) => atEnd(lambda.processes[0]!.pid),
  })
}
