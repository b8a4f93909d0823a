// One end-to-end suite on each layer as unpacked from its zip.
//
// Each runs under a root directory as on Lambda (lambda-root.sh), with the layer in /opt/extensions, where namespaces
// can be had: by root, or by whoever the kernel lets make a user namespace. Elsewhere the layers' files are started
// where they were unpacked, the nodejs layer's by its Node, and what its launcher is for is not tested.

import { spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { argumentsOf } from '../../tools/arguments.ts'
import { runTests } from '../../tools/run-tests.ts'
import { launcherFor } from '../emulation.ts'
import { EXTENSION_PATH } from '../layers.ts'
import { type Artefact, artefactsIn } from './artefacts.ts'
import { buildClients } from './clients.ts'
import { installInfrastructure } from './infrastructure.ts'
import { buildSamples } from './samples.ts'

/** EXTENSION_UNDER_TEST, as test/artefact.ts reads it. */
interface UnderTest {
  readonly name: string
  readonly extensionsDir?: string
  readonly command?: readonly string[]
  readonly differences?: readonly string[]
}

/** A part of the suite on one artefact. */
interface Run {
  readonly title: string
  /** What the test runner is started by, to give it another root directory. */
  readonly around: readonly string[]
  readonly underTest: UnderTest
  readonly tests: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

const HELP = `npm run test:layers [-- part of a run's title …]

The end-to-end suite on each layer in dist/, unpacked as on Lambda; only the runs whose title has every part.

  --help  this text`

const words = argumentsOf(HELP, { allowPositionals: true }, ({ positionals }) => positionals)
const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const LAMBDA_ROOT = fileURLToPath(new URL('lambda-root.sh', import.meta.url))
const SHELLS = ['/bin/bash', '/bin/dash'].filter((shell) => existsSync(shell))

const UNITS = ['layer/*.test.ts', 'layer/{code,notices,pages,starter}/*.test.ts']
const END_TO_END = ['test/contract.test.ts', 'test/{abuse,e2e,faults,platform}/*.test.ts']
const HOSTILE = ['layer/testing/{clients,early,hostile,init-modes,samples}.test.ts']
const EXAMPLES = ['layer/testing/examples.test.ts']
const WRONG_RUNTIME = ['layer/testing/wrong-runtime.test.ts']
const ON_LAMBDA = ['bench/lambda/measured.test.ts']
const SMOKE = ['test/contract.test.ts', 'test/e2e/start.test.ts']

// Each is expected to be there: README.md of layer/, "Known differences".
const DIFFERENCES = ['HTTP/1.0', '`*` as the target', 'the connection of a client that never wrote is closed']

const folder = mkdtempSync(join(tmpdir(), 'layers-'))
try {
  const { native, arm64 } = await artefactsIn(folder)
  buildClients()
  buildSamples()
  installInfrastructure()
  const runs = [...runsOf(native), ...runsUnderQemu(arm64)]
  const chosen = runs.filter(({ title }) => words.every((word) => title.includes(word)))
  const reds = chosen.filter((one) => !isGreen(one)).map(({ title }) => title)
  if (chosen.length === 0) throw new Error(`no run is called ${words.join(' ')}`)
  if (reds.length > 0) throw new Error(`red: ${reds.join(', ')}`)
} finally {
  rmSync(folder, { recursive: true })
}

function runsOf(artefacts: readonly Artefact[]): Run[] {
  const none = { around: [], underTest: { name: 'none' } }
  const env = { LAYERS_UNDER_TEST: join(ROOT, 'dist') }
  const runs: Run[] = [
    { title: 'units', ...none, tests: UNITS },
    { title: 'the examples', ...none, tests: EXAMPLES },
    { title: 'the benchmark on Lambda', ...none, tests: ON_LAMBDA, env },
  ]
  const isolation = findIsolation()
  if (isolation === undefined) {
    console.log('no namespaces here: the layers run without a root directory as on Lambda')
    for (const { name: title, node, extensionsDir } of artefacts) {
      const file = join(extensionsDir, basename(EXTENSION_PATH))
      const underTest =
        node === undefined
          ? { name: title, extensionsDir, differences: DIFFERENCES }
          : { name: title, command: [node, file] }
      const tests = node === undefined ? [...END_TO_END, ...HOSTILE] : END_TO_END
      runs.push({ title, around: [], underTest, tests })
    }
    return runs
  }

  const inside = (node: string | undefined, shell: string, extensionsDir: string) =>
    isolation.concat('/bin/sh', LAMBDA_ROOT, node ?? '-', shell, extensionsDir)
  const extensionsDir = '/opt/extensions'
  for (const { name: title, node, extensionsDir: unpacked } of artefacts) {
    const underTest = { name: title, extensionsDir, ...(node === undefined && { differences: DIFFERENCES }) }
    // Amazon Linux' sh is bash.
    const around = inside(node, '/bin/bash', unpacked)
    runs.push({ title, around, underTest, tests: [...END_TO_END, ...HOSTILE] })
  }
  for (const shell of SHELLS) {
    const title = `nodejs layer without Node, where sh is ${basename(shell)}`
    const around = inside(undefined, shell, artefacts[0]!.extensionsDir)
    runs.push({ title, around, underTest: { name: title, extensionsDir }, tests: WRONG_RUNTIME })
  }
  return runs
}

function runsUnderQemu({ name, extensionsDir }: Artefact): Run[] {
  const launcher = launcherFor('arm64')
  if ('missing' in launcher) {
    console.log(`${name}: skipped, it needs ${launcher.missing}`)
    return []
  }
  const command = [...launcher, join(extensionsDir, basename(EXTENSION_PATH))]
  return [
    {
      title: `${name} under qemu`,
      around: [],
      underTest: { name, command, differences: DIFFERENCES },
      tests: SMOKE,
    },
  ]
}

function isGreen({ title, around, underTest, tests, env }: Run): boolean {
  const startedAt = Date.now()
  console.log(`\n${title}`)
  const report = join('/tmp', `${basename(folder)}.txt`)
  // Two at a time, for most of the time they wait. What a run that is not green was doing is in the report.
  const flags = ['--test-concurrency=2', '--test-timeout=120000', '--test-force-exit']
  const reporters = [
    ['dot', 'stdout'],
    ['spec', report],
  ].flatMap(([reporter, to]) => [`--test-reporter=${reporter}`, `--test-reporter-destination=${to}`])
  const files = globSync(tests, { cwd: ROOT }).map((file) => join(ROOT, file))
  const done = runTests({
    command: [...around, process.execPath, '--test', ...flags, ...reporters, ...files],
    env: { ...process.env, ...env, TMPDIR: '/tmp', EXTENSION_UNDER_TEST: JSON.stringify(underTest) },
    withinMs: 15 * 60_000,
  })
  if (!done) console.log(readFileSync(report, 'utf8').split('\n').slice(-60).join('\n'))
  rmSync(report, { force: true })
  const seconds = Math.round((Date.now() - startedAt) / 1_000)
  console.log(`${title}: ${done ? 'green' : 'RED'} after ${seconds} s`)
  return done
}

/** The command that gives the right to mount, where there is one. */
function findIsolation(): string[] | undefined {
  const mount = ['--mount', '--propagation', 'private']
  const ways = [
    ['unshare', ...mount],
    ['unshare', '--map-root-user', ...mount],
  ]
  const isAllowed = ([command, ...args]: readonly string[]) =>
    spawnSync(command!, [...args, 'mount', '-t', 'tmpfs', 'probe', '/mnt']).status === 0
  return ways.find(isAllowed)
}
