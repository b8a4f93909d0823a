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

const MADE = { content: Buffer.from('a zip'), committedAt: new Date('2026-11-28T12:00:00Z') }

interface Sbom {
  readonly serialNumber: string
  readonly metadata: { timestamp: string; component: { hashes: { content: string }[] } }
  readonly components: {
    'bom-ref': string
    name: string
    purl?: string
    hashes?: { content: string }[]
    licenses: unknown[]
    components?: { name: string }[]
  }[]
  readonly dependencies: { ref: string; dependsOn: string[] }[]
}

test('the list of what a zip contains has every package, and the runtime where there is one', () => {
  const packages = bundledPackages()
  for (const layer of LAYERS) {
    const { components } = JSON.parse(sbomOf(layer, packages, MADE)) as Sbom
    const names = packages.map(({ name }) => name)
    assert.deepEqual(
      components.map(({ name }) => name),
      layer.kind === 'node' ? [...names, ...Object.values(STARTER_PATHS)] : [...names, 'bun'],
    )
    for (const { name, purl = '', hashes = [], licenses } of components) {
      assert.equal(licenses.length, 1, name)
      if (name === 'bun') assert.match(purl, /^pkg:github\//)
      else assert.match(hashes[0]?.content ?? '', /^([0-9a-f]{64}|[0-9a-f]{128})$/, name)
    }
    const linked = components.find(({ name }) => name === 'bun')?.components ?? []
    assert.ok(layer.kind === 'node' || linked.some(({ name }) => name === 'BoringSSL'))
  }
})

test('that list is of one zip and one commit, and says what depends on what', () => {
  const packages = bundledPackages()
  const [layer] = LAYERS
  const text = sbomOf(layer!, packages, MADE)
  assert.equal(sbomOf(layer!, packages, MADE), text)
  const { serialNumber, metadata, components, dependencies } = JSON.parse(text) as Sbom
  assert.match(serialNumber, /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  assert.equal(metadata.timestamp, '2026-11-28T12:00:00.000Z')
  assert.match(metadata.component.hashes[0]!.content, /^[0-9a-f]{64}$/)
  const refs = new Set(components.map((one) => one['bom-ref']))
  assert.equal(refs.size, components.length)
  assert.ok(dependencies.every(({ dependsOn }) => dependsOn.every((ref) => refs.has(ref))))
  const ofClient = dependencies.find(({ ref }) => ref.startsWith('pkg:npm/%40aws-sdk/client-ssm@'))
  assert.ok(ofClient?.dependsOn.some((ref) => ref.startsWith('pkg:npm/%40smithy/')))
  const other = sbomOf(layer!, packages, { ...MADE, content: Buffer.from('another zip') })
  assert.notEqual((JSON.parse(other) as Sbom).serialNumber, serialNumber)
})

test("the list of Bun's parts is of the pinned Bun", () => {
  const pinned = JSON.parse(readFileSync(`${ROOT}layer/runtimes/package.json`, 'utf8')) as {
    dependencies: Record<string, string>
  }
  const buns = Object.entries(pinned.dependencies).filter(([name]) => name.startsWith('@oven/bun-'))
  assert.deepEqual([...new Set(buns.map(([, version]) => version))], [BUN.bun])
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
