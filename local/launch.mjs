// `npm start`, on any Node from 20 on: start.ts is bundled to JavaScript together with the extension, then runs in this
// process. With `--help` nothing is built.

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { HELP } from './help.mjs'

if (process.argv.includes('--help')) console.log(HELP)
else {
  const { status } = spawnSync(process.execPath, ['build.mjs', '--quiet', '--local'], {
    cwd: fileURLToPath(new URL('../', import.meta.url)),
    stdio: 'inherit',
  })
  if (status === 0) await import(new URL('../dist/local.mjs', import.meta.url).href)
  else process.exitCode = status ?? 1
}
