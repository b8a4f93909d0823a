// `npm run test:layers`: one end-to-end suite on each layer as unpacked from its zip.
//
// Each runs under a root directory as on Lambda (lambda-root.sh), with the layer in /opt/extensions, where namespaces
// can be had: by root, or by whoever the kernel lets make a user namespace. Elsewhere the layers' files are started
// where they were unpacked, the nodejs layer's by its Node; what is about the root directory is then not tested.

import { spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Artefact, artefactsIn } from './artefacts.ts'
import { extensionPath } from '../layers.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const lambdaRoot = fileURLToPath(new URL('lambda-root.sh', import.meta.url))
const extension = basename(extensionPath)
const suite = ['src/testing/contract.test.ts', 'src/testing/e2e/*.test.ts', 'layer/testing/*.test.ts']
const smoke = ['src/testing/e2e/start.test.ts', 'src/testing/contract.test.ts']

const qemu = '/usr/bin/qemu-aarch64-static'
const arm64Libraries = '/usr/aarch64-linux-gnu'

const folder = mkdtempSync(join(tmpdir(), 'layers-'))
try {
  process.exitCode = (await runAll(process.argv.slice(2))) ? 0 : 1
} finally {
  rmSync(folder, { recursive: true })
}

async function runAll(words: string[]): Promise<boolean> {
  const { native, arm64 } = await artefactsIn(folder)
  const chosen = (artefact: Artefact) => words.every((word) => artefact.name.includes(word))
  const isolation = findIsolation()
  if (isolation === undefined)
    console.log('no namespaces here: the layers run without a root directory as on Lambda')

  let isGreen = true
  for (const artefact of native.filter(chosen)) isGreen = runNative(artefact, isolation) && isGreen
  if (chosen(arm64)) isGreen = runArm64(arm64) && isGreen
  return isGreen
}

function runNative({ name, node, extensionsDir }: Artefact, isolation: string[] | undefined): boolean {
  if (isolation !== undefined) {
    const around = [...isolation, 'sh', lambdaRoot, node ?? '-', '/bin/bash', extensionsDir]
    return run(name, around, { name, extensionsDir: '/opt/extensions' }, suite)
  }
  const file = join(extensionsDir, extension)
  return run(name, [], node === undefined ? { name, extensionsDir } : { name, command: [node, file] }, suite)
}

function runArm64({ name, extensionsDir }: Artefact): boolean {
  if (!existsSync(qemu) || !existsSync(arm64Libraries)) {
    console.log(
      `\n${name}: skipped, for want of ${qemu} and ${arm64Libraries} (qemu-user-static, libc6-arm64-cross)`,
    )
    return true
  }
  const command = [qemu, '-L', arm64Libraries, join(extensionsDir, extension)]
  return run(`${name} under qemu`, [], { name, command }, smoke)
}

function run(title: string, around: string[], underTest: object, patterns: string[]): boolean {
  console.log(`\n${title}`)
  const files = globSync(patterns, { cwd: root })
  const startedAt = Date.now()
  const [command, ...args] = [
    ...around,
    process.execPath,
    '--test',
    '--test-reporter=dot',
    ...absolute(files),
  ]
  const env = { ...process.env, TMPDIR: '/tmp', EXTENSION_UNDER_TEST: JSON.stringify(underTest) }
  const { status, error } = spawnSync(command!, args, {
    cwd: root,
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (error !== undefined) throw error
  console.log(
    `${title}: ${status === 0 ? 'green' : 'RED'} after ${Math.round((Date.now() - startedAt) / 1000)} s`,
  )
  return status === 0
}

function absolute(files: string[]): string[] {
  return files.map((file) => join(root, file))
}

/** The command that gives the right to mount. */
function findIsolation(): string[] | undefined {
  const ways = [
    ['unshare', '--mount', '--propagation', 'private'],
    ['unshare', '--map-root-user', '--mount', '--propagation', 'private'],
  ]
  return ways.find(
    ([command, ...args]) =>
      spawnSync(command!, [...args, 'mount', '-t', 'tmpfs', 'probe', '/mnt']).status === 0,
  )
}
