import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

// The import rules of the linter, each tried with an import that it must refuse and with one that it must allow.

const root = fileURLToPath(new URL('../', import.meta.url))

const REFUSED: readonly (readonly [string, string])[] = [
  ['src/lookup.ts', './config/config.ts'],
  ['src/errors.ts', './http/rejects.ts'],
  ['src/cache/lru.ts', '../log.ts'],
  ['src/cache/lru.ts', 'node:fs'],
  ['src/http/handler.ts', '../cache/lru.ts'],
  ['src/http/handler.ts', '../cache/coalesce.ts'],
  ['src/http/handler.ts', '../upstream/index.ts'],
  ['src/http/handler.ts', '../config/config.ts'],
  ['src/http/handler.ts', '../core/core.ts'],
  ['src/http/handler.ts', '@aws-sdk/client-ssm'],
  ['src/http/handler.ts', '../metrics/meter.ts'],
  ['src/metrics/meter.ts', '../config/config.ts'],
  ['src/metrics/meter.ts', '../http/reply.ts'],
  ['src/metrics/meter.ts', 'node:fs'],
  ['src/answer/answer.ts', '../upstream/index.ts'],
  ['src/answer/answer.ts', '../http/reply.ts'],
  ['src/upstream/client.ts', '../cache/lru.ts'],
  ['src/upstream/client.ts', '../answer/answer.ts'],
  ['src/upstream/client.ts', '../log.ts'],
  ['src/upstream/client.ts', '../../test/gate.ts'],
  ['src/lambda/extensions-api.ts', '../config/config.ts'],
  ['src/lambda/extensions-api.ts', '../http/server/server.ts'],
  ['src/lambda/snapshot.ts', '../http/server/server.ts'],
  ['src/core/core.ts', '../programs/extension.ts'],
  ['src/core/core.ts', '../../test/gate.ts'],
  ['src/programs/extension.ts', '../cache/lru.ts'],
  ['src/programs/extension.ts', '../upstream/index.ts'],
  ['src/main.ts', './http/server/server.ts'],
  ['local/emulators/aws/server.ts', '../../../src/lookup.ts'],
  ['local/emulators/lambda/host.ts', '../../../src/http/headers.ts'],
  ['local/emulators/aws/server.ts', '../../options.ts'],
  ['test/soak/soak.ts', '../../layer/launcher.ts'],
  ['local/start.ts', '../bench/run.ts'],
]

const ALLOWED: readonly (readonly [string, string])[] = [
  ['src/lookup.ts', './public.ts'],
  ['src/http/handler.ts', '../cache/read-through.ts'],
  ['src/http/handler.ts', '../answer/answer.ts'],
  ['src/upstream/client.ts', '../config/config.ts'],
  ['src/upstream/client.ts', '@aws-sdk/client-ssm'],
  ['src/cache/read-through.ts', './lru.ts'],
  ['src/core/core.ts', '../upstream/index.ts'],
  ['src/core/core.ts', '../metrics/meter.ts'],
  ['src/metrics/meter.ts', '../cache/read-through.ts'],
  ['src/cache/lru.test.ts', '../../test/gate.ts'],
  ['test/artefact.ts', '../local/emulators/aws/server.ts'],
  ['test/soak/soak.ts', '../../src/engine.ts'],
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
