// What the documents for publishing say, against each other.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { LAYERS } from './layers.ts'
import { readSizes, sizesIn } from './sizes.ts'

const textOf = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8')

/** Each once, in order. */
function runtimesIn(text: string): string[] {
  return [...new Set(text.match(/nodejs\d+\.x/g))].sort()
}

test('the SAM template names the Node runtimes that the table of zips names', () => {
  const named = runtimesIn(textOf('README.md'))
  assert.ok(named.length >= 4)
  assert.deepEqual(runtimesIn(textOf('template.yaml')), named)
})

test('each way to publish knows every zip', () => {
  for (const { zip } of LAYERS) {
    const [, kind = ''] = /^parameters-secrets-(.+)\.zip$/.exec(zip) ?? []
    assert.ok(textOf('README.md').includes(zip))
    assert.ok(textOf('template.yaml').includes(zip))
    for (const name of ['cdk.md', 'main.tf']) assert.match(textOf(name), new RegExp(`\\b${kind}\\b`), name)
  }
})

test('what the layers weigh is recorded, within 5 %', async () => {
  const built = await sizesIn(fileURLToPath(new URL('../dist', import.meta.url)))
  assert.ok(built, 'npm run layer')
  const recorded = readSizes(fileURLToPath(new URL('../', import.meta.url)))
  const pairs = Object.entries(built).flatMap(([kind, { zip, unpacked }]) => {
    const { [kind as keyof typeof recorded]: before } = recorded
    return [zip / before.zip, unpacked / before.unpacked]
  })
  assert.equal(pairs.length, 6)
  for (const ratio of pairs) assert.ok(Math.abs(ratio - 1) < 0.05, `npm run bench:report: ${ratio}`)
})
