import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { entriesOf } from '../zip.ts'
import { LAYERS, NOTICES_PATH, STARTER_PATHS } from '../layers.ts'
import { BUN, bundledPackages, noticesOf } from './notices.ts'
import { sbomOf } from './sbom.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

test('the notices name every package that the bundle holds, with a licence text', () => {
  const packages = bundledPackages()
  const names = packages.map(({ name }) => name)
  assert.ok(names.includes('@aws-sdk/client-ssm') && names.includes('@smithy/node-http-handler'))
  assert.deepEqual(names, [...new Set(names)].sort())
  const text = noticesOf('node', packages)
  for (const { name, version } of packages) assert.ok(text.includes(`${name} ${version} (`), name)
  assert.match(text, /Apache License/)
  assert.match(text, /starter-arm64 are compiled from layer\/starter\/starter\.c .* by ziglang==/s)
  assert.equal(noticesOf('node', packages), text)
})

test('a package that is not installed, or tells no licence, fails the build', () => {
  const unknown = { folder: 'layer', name: 'layer', version: '1' }
  assert.throws(() => noticesOf('node', [unknown]), /layer/)
})

test('the list of what a zip contains has every package, and the runtime where there is one', () => {
  const packages = bundledPackages()
  for (const layer of LAYERS) {
    const { bomFormat, components } = JSON.parse(sbomOf(layer, packages)) as {
      bomFormat: string
      components: { name: string; purl?: string; hashes?: { content: string }[]; licenses: unknown[] }[]
    }
    assert.equal(bomFormat, 'CycloneDX')
    const names = packages.map(({ name }) => name)
    assert.deepEqual(
      components.map(({ name }) => name),
      layer.kind === 'node' ? [...names, ...Object.values(STARTER_PATHS)] : [...names, 'bun'],
    )
    for (const { name, purl, hashes, licenses } of components) {
      assert.equal(licenses.length, 1, name)
      if (hashes === undefined) assert.match(purl ?? '', /^pkg:\w+\//, name)
      else assert.match(hashes[0]?.content ?? '', /^[0-9a-f]{64}$/, name)
    }
  }
})

test("the list of Bun's parts is of the pinned Bun", () => {
  const pinned = JSON.parse(readFileSync(`${ROOT}layer/runtimes/package.json`, 'utf8')) as {
    dependencies: Record<string, string>
  }
  assert.ok(Object.values(pinned.dependencies).every((version) => version === BUN.bun))
  const text = noticesOf('x86_64', bundledPackages())
  for (const { name, url } of BUN.parts) assert.ok(text.includes(name) && text.includes(url))
  for (const name of ['JavaScriptCore', 'BoringSSL', 'libjpeg-turbo']) assert.match(text, new RegExp(name))
  for (const title of ['GNU LIBRARY GENERAL PUBLIC LICENSE', 'GNU LESSER GENERAL PUBLIC LICENSE'])
    assert.ok(text.includes(`${title}\n`), title)
  assert.doesNotMatch(noticesOf('node', bundledPackages()), /GNU L/)
})

for (const { zip, kind } of LAYERS) {
  test(`${zip} holds them, where Lambda executes nothing`, async () => {
    assert.ok(existsSync(`${ROOT}dist/${zip}`), 'npm run layer makes it')
    const entries = await entriesOf(readFileSync(`${ROOT}dist/${zip}`))
    const notices = entries.find(({ path }) => path === NOTICES_PATH)
    assert.equal(notices?.mode, 0o100644)
    assert.equal((await notices.read()).toString('utf8'), noticesOf(kind, bundledPackages()))
  })
}
