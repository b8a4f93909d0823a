import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

// The import rules of the linter, each tried with an import that it must refuse and with one that it must allow.

const root = fileURLToPath(new URL('../../../', import.meta.url))

const REFUSED: readonly (readonly [string, string])[] = [
  ['src/lookup.ts', './config.ts'],
  ['src/errors.ts', './http/rejects.ts'],
  ['src/cache/lru.ts', '../log.ts'],
  ['src/cache/lru.ts', 'node:fs'],
  ['src/http/handler.ts', '../cache/lru.ts'],
  ['src/http/handler.ts', '../cache/coalesce.ts'],
  ['src/http/handler.ts', '../upstream/index.ts'],
  ['src/http/handler.ts', '../config.ts'],
  ['src/http/handler.ts', '../core/core.ts'],
  ['src/http/handler.ts', '@aws-sdk/client-ssm'],
  ['src/http/handler.ts', '../metrics/meter.ts'],
  ['src/metrics/meter.ts', '../config.ts'],
  ['src/metrics/meter.ts', '../http/reply.ts'],
  ['src/metrics/meter.ts', 'node:fs'],
  ['src/answer/answer.ts', '../upstream/index.ts'],
  ['src/answer/answer.ts', '../http/reply.ts'],
  ['src/upstream/client.ts', '../cache/lru.ts'],
  ['src/upstream/client.ts', '../answer/answer.ts'],
  ['src/upstream/client.ts', '../log.ts'],
  ['src/upstream/client.ts', '../workshop/testing/gate.ts'],
  ['src/extension/client.ts', '../config.ts'],
  ['src/extension/client.ts', '../http/server.ts'],
  ['src/snap-start/snapshot.ts', '../http/server.ts'],
  ['src/core/core.ts', '../programs/extension.ts'],
  ['src/core/core.ts', '../workshop/testing/gate.ts'],
  ['src/programs/extension.ts', '../cache/lru.ts'],
  ['src/programs/extension.ts', '../upstream/index.ts'],
  ['src/main.ts', './http/server.ts'],
  ['src/workshop/emulators/aws/server.ts', '../../../lookup.ts'],
  ['src/workshop/emulators/lambda/host.ts', '../../../http/headers.ts'],
  ['src/workshop/emulators/aws/server.ts', '../../testing/gate.ts'],
  ['src/workshop/testing/soak/soak.ts', '../../../../layer/launcher.ts'],
  ['src/workshop/local/start.ts', '../../../bench/run.ts'],
]

const ALLOWED: readonly (readonly [string, string])[] = [
  ['src/lookup.ts', './public.ts'],
  ['src/http/handler.ts', '../cache/read-through.ts'],
  ['src/http/handler.ts', '../answer/answer.ts'],
  ['src/upstream/client.ts', '../config.ts'],
  ['src/upstream/client.ts', '@aws-sdk/client-ssm'],
  ['src/cache/read-through.ts', './lru.ts'],
  ['src/core/core.ts', '../upstream/index.ts'],
  ['src/core/core.ts', '../metrics/meter.ts'],
  ['src/metrics/meter.ts', '../cache/read-through.ts'],
  ['src/cache/lru.test.ts', '../workshop/testing/gate.ts'],
  ['src/workshop/testing/artefact.ts', '../emulators/aws/server.ts'],
  ['src/workshop/testing/soak/soak.ts', '../../../engine.ts'],
]

/** Whether the linter refuses that import in that file. */
function refuses(imports: readonly (readonly [string, string])[]): boolean[] {
  const folder = mkdtempSync(join(tmpdir(), 'import-rules-'))
  try {
    cpSync(`${root}.oxlintrc.json`, `${folder}/.oxlintrc.json`)
    return imports.map(([file, specifier]) => {
      mkdirSync(dirname(`${folder}/${file}`), { recursive: true })
      writeFileSync(`${folder}/${file}`, `export { it } from '${specifier}'\n`)
      const { stdout } = spawnSync(`${root}node_modules/.bin/oxlint`, [file], {
        cwd: folder,
        encoding: 'utf8',
      })
      rmSync(`${folder}/${file}`)
      return stdout.includes('no-restricted-imports')
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('an import against the direction is refused', () => {
  const answers = refuses(REFUSED)
  assert.deepEqual(
    REFUSED.filter((_, i) => !answers[i]),
    [],
  )
})

test('an import along the direction is allowed', () => {
  const answers = refuses(ALLOWED)
  assert.deepEqual(
    ALLOWED.filter((_, i) => answers[i]),
    [],
  )
})
