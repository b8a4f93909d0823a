import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../', import.meta.url))

/**
 * Builds dist/extension.cjs with these flags of build.mjs, and returns its text. Where the build fails, it has said
 * why: the process ends with its status.
 */
export function bundle(...flags: string[]): string {
  const { status } = spawnSync(process.execPath, ['build.mjs', '--quiet', ...flags], {
    cwd: ROOT,
    stdio: 'inherit',
  })
  if (status !== 0) process.exit(status ?? 1)
  return readFileSync(join(ROOT, 'dist/extension.cjs'), 'utf8')
}
