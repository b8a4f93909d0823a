import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test, { after } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startAws } from '../../local/emulators/aws/index.ts'
import { parameterLookup, secretLookup, type SingleLookup } from '../lookup.ts'
import { bodyOf } from '../../test/body-of.ts'
import { settingsFor } from '../../test/upstream-settings.ts'
import { createUpstream } from './index.ts'

// Every body that was ever published of the original, byte for byte.

const beside = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const recorded = JSON.parse(readFileSync(beside('recorded-bodies.json'), 'utf8')) as {
  exchanges: { title: string; request: string; body: string }[]
}

const aws = await startAws({ seed: beside('../../local/emulators/aws/recorded-seed.json') })
const upstream = createUpstream(settingsFor(aws.url))
after(async () => {
  upstream.reset()
  await aws.close()
})

for (const { title, request, body } of recorded.exchanges) {
  test(`the body is the recorded one: ${title}`, async () => {
    assert.equal(await bodyOf(upstream.fetch(lookupOf(request))), body)
  })
}

function lookupOf(request: string): SingleLookup {
  const { pathname, searchParams: query } = new URL(request, 'http://localhost')
  const get = (name: string) => query.get(name) ?? undefined
  return pathname.startsWith('/secretsmanager')
    ? secretLookup(get('secretId')!, { versionId: get('versionId'), versionStage: get('versionStage') })
    : parameterLookup(get('name')!, {
        selector: get('version') ?? get('label'),
        withDecryption: get('withDecryption') === 'true',
      })
}
