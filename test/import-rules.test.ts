import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

// The import rules of the linter (.oxlintrc.json) are lists of what is admitted: what no rule names is refused. Each
// room of src is tried here with every other one, and everything else with an import that must be refused or allowed.

const root = fileURLToPath(new URL('../', import.meta.url))

type Import = readonly [file: string, specifier: string]

/** A file of each room, to import. */
const ROOMS: Readonly<Record<string, string>> = {
  'src/answer': 'answer.ts',
  'src/cache': 'read-through.ts',
  'src/config': 'config.ts',
  'src/core': 'core.ts',
  'src/http': 'handler.ts',
  'src/http/get': 'route.ts',
  'src/http/sdk': 'endpoint.ts',
  'src/http/server': 'server.ts',
  'src/lambda': 'lifecycle.ts',
  'src/metrics': 'meter.ts',
  'src/programs': 'extension.ts',
  'src/upstream': 'index.ts',
  'src/upstream/transport': 'sockets.ts',
}

/** The arrows between them: what each may import of the others. */
const ADMITTED: Readonly<Record<string, readonly string[]>> = {
  'src/answer': [],
  'src/cache': [],
  'src/config': [],
  'src/core': ['src/answer', 'src/cache', 'src/config', 'src/metrics', 'src/upstream'],
  'src/http': ['src/answer', 'src/cache', 'src/http/get', 'src/http/sdk', 'src/http/server'],
  'src/http/get': ['src/answer', 'src/cache', 'src/http'],
  'src/http/sdk': ['src/answer', 'src/cache', 'src/http'],
  'src/http/server': ['src/answer', 'src/cache', 'src/http'],
  'src/lambda': [],
  'src/metrics': ['src/cache'],
  'src/programs': ['src/config', 'src/core', 'src/http', 'src/http/server', 'src/lambda', 'src/metrics'],
  'src/upstream': ['src/config', 'src/upstream/transport'],
  'src/upstream/transport': ['src/config'],
}

const REFUSED: readonly Import[] = [
  // Nobody admitted it, and it is admitted nowhere.
  ['src/vault/client.ts', '../lookup.ts'],
  ['src/vault/client.ts', '../config/config.ts'],
  ['src/vault/client.ts', '@aws-sdk/client-ssm'],
  ['src/vault/client.ts', 'node:fs'],
  ['src/http/vault/route.ts', '../headers.ts'],
  ['src/core/core.ts', '../vault/client.ts'],
  ['src/http/handler.ts', './vault/route.ts'],
  ['vault/start.ts', '../src/lookup.ts'],
  ['tools/wire.ts', '../vault/start.ts'],
  ['local/start.ts', '../vault/start.ts'],
  ['test/artefact.ts', '../vault/start.ts'],
  ['test/e2e/start.ts', '../../vault/start.ts'],
  ['bench/groups/hit.ts', '../../vault/start.ts'],
  ['layer/build.ts', '../vault/start.ts'],
  // A leaf, and one that is new.
  ['src/lookup.ts', './errors.ts'],
  ['src/raw-call.ts', './http/handler.ts'],
  ['src/log.ts', './config/config.ts'],
  ['src/new-leaf.ts', './lookup.ts'],
  ['src/new-leaf.ts', '@aws-sdk/client-ssm'],
  ['src/main.ts', './http/server/server.ts'],
  ['src/main.ts', './core/core.ts'],
  // By another spelling, or only its type.
  ['src/core/core.ts', '../../src/http/handler.ts'],
  ['src/core/core.ts', '../answer/../http/handler.ts'],
  ['src/core/core.ts', './../http/handler.ts'],
  ['src/http/handler.ts', './../core/core.ts'],
  // Parts of a room that are its own.
  ['src/http/handler.ts', '../cache/lru.ts'],
  ['src/core/core.ts', '../cache/coalesce.ts'],
  ['src/core/core.ts', '../upstream/client.ts'],
  ['src/core/core.ts', '../lambda/lifecycle.ts'],
  ['src/programs/extension.ts', '../http/sdk/endpoint.ts'],
  // Leaves that are not for everybody, the platform and the SDK.
  ['src/cache/lru.ts', '../public.ts'],
  ['src/cache/lru.ts', 'node:fs'],
  ['src/metrics/meter.ts', 'node:fs'],
  ['src/answer/answer.ts', '../log.ts'],
  ['src/upstream/client.ts', '../log.ts'],
  ['src/lambda/lifecycle.ts', '../lookup.ts'],
  ['src/http/handler.ts', '@aws-sdk/client-ssm'],
  ['src/core/core.ts', '@smithy/node-http-handler'],
  // What ships knows nothing of what is beside it.
  ['src/upstream/client.ts', '../../test/gate.ts'],
  ['src/core/core.ts', '../../tools/wire.ts'],
  ['src/lookup.ts', '../tools/wire.ts'],
  // Beside src.
  ['local/emulators/aws/server.ts', '../../../src/lookup.ts'],
  ['local/emulators/aws/server.ts', '../../options.ts'],
  ['local/emulators/aws/server.ts', '../lambda/host.ts'],
  ['local/emulators/lambda/host.test.ts', '../../../src/http/headers.ts'],
  ['local/start.ts', '../src/lookup.ts'],
  ['local/listen.ts', '../src/http/handler.ts'],
  ['local/start.ts', '../tools/wire.ts'],
  ['local/start.ts', '../bench/run.ts'],
  ['tools/wire.ts', '../src/public.ts'],
  ['test/artefact.ts', '../bench/run.ts'],
  ['test/soak/soak.ts', '../../layer/launcher.ts'],
  ['layer/build.ts', '../bench/run.ts'],
  ['layer/testing/run.ts', '../../bench/run.ts'],
  ['bench/run.ts', '../test/artefact.ts'],
  ['bench/lambda/testing/harness.ts', '../../../test/artefact.ts'],
]

const ALLOWED: readonly Import[] = [
  ['src/vault/client.ts', './call.ts'],
  ['src/lookup.ts', './public.ts'],
  ['src/log.ts', 'node:fs'],
  ['src/core/core.ts', 'node:timers/promises'],
  ['src/core/core.ts', '../lambda/snapshot.ts'],
  ['src/upstream/client.ts', '../lookup.ts'],
  ['src/upstream/client.ts', '@aws-sdk/client-ssm'],
  ['src/http/sdk/endpoint.ts', '../../raw-call.ts'],
  ['src/cache/lru.test.ts', '../../test/gate.ts'],
  ['local/start.ts', './emulators/aws/server.ts'],
  ['local/start.ts', '../src/version.ts'],
  ['local/listen.ts', '../src/http/server/http-server.ts'],
  ['test/artefact.ts', '../local/emulators/aws/server.ts'],
  ['test/soak/soak.ts', '../../src/engine.ts'],
  ['layer/testing/clients.test.ts', '../../test/artefact.ts'],
  ['bench/lambda/testing/harness.ts', '../../../layer/zip.ts'],
  ['bench/lambda/testing/harness.ts', '../../contenders/artefacts.ts'],
]

interface Report {
  readonly diagnostics: readonly {
    readonly code: string
    readonly filename: string
    readonly labels: readonly { readonly span: { readonly line: number } }[]
  }[]
}

/** Of these imports, those that the linter refuses. Each file has its own on a line each. */
function refused(imports: readonly Import[]): Import[] {
  const folder = mkdtempSync(join(tmpdir(), 'import-rules-'))
  try {
    cpSync(`${root}.oxlintrc.json`, `${folder}/.oxlintrc.json`)
    const lines = new Map<string, Import[]>()
    for (const one of imports) lines.set(one[0], [...(lines.get(one[0]) ?? []), one])
    for (const [file, its] of lines) {
      mkdirSync(dirname(join(folder, file)), { recursive: true })
      const text = its.map(([, specifier], i) => `import type { It${i} } from '${specifier}'\n`)
      writeFileSync(join(folder, file), text.join(''))
    }
    const { stdout } = spawnSync(`${root}node_modules/.bin/oxlint`, ['--format', 'json'], {
      cwd: folder,
      encoding: 'utf8',
    })
    return (JSON.parse(stdout) as Report).diagnostics
      .filter(({ code }) => code.includes('no-restricted-imports'))
      .map(({ filename, labels: [label] }) => lines.get(filename)![label!.span.line - 1]!)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function between(from: string, to: string): Import {
  const path = relative(from, join(to, ROOMS[to]!))
  return [`${from}/somebody.ts`, path.startsWith('.') ? path : `./${path}`]
}

test('a room of src imports the rooms that are admitted, and none of the others', () => {
  const rooms = Object.keys(ROOMS)
  assert.deepEqual(
    globSync('src/**/', { cwd: root })
      .filter((folder) => folder !== 'src')
      .toSorted(),
    rooms.toSorted(),
    'each folder of src is a room of this test',
  )
  const pairs = rooms.flatMap((from) => rooms.filter((to) => to !== from).map((to) => [from, to] as const))
  const refusals = refused(pairs.map(([from, to]) => between(from, to))).map(String)
  assert.deepEqual(
    pairs.filter(([from, to]) => !refusals.includes(String(between(from, to)))),
    pairs.filter(([from, to]) => ADMITTED[from]!.includes(to)),
  )
})

test('an import that nobody admitted is refused', () => {
  const refusals = refused(REFUSED)
  assert.deepEqual(
    REFUSED.filter((one) => !refusals.includes(one)),
    [],
  )
})

test('an import that a rule admits is allowed', () => assert.deepEqual(refused(ALLOWED), []))

// The linter's rule does not look at these.
test('a dynamic import of src obeys the rules, too', () => {
  const files = globSync('src/**/*.ts', { cwd: root, exclude: ['**/*.test.ts'] })
  const imports = files.flatMap((file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(/\bimport\('([^']+)'\)/g)].map(
      ([, specifier]): Import => [file, specifier!],
    ),
  )
  assert.ok(imports.length > 0)
  assert.deepEqual(refused(imports), [])
})
