import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from '@zip.js/zip.js'
import { EXTENSION_PATH } from '../../layer/layers.ts'
import { extensionField, extensionOf, pairsOf } from './contenders.ts'
import { otherBuild } from './prepare.ts'

const KINDS = ['nodejs', 'x86_64', 'arm64']

async function layersIn(t: TestContext): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-build-'))
  t.after(() => rmSync(folder, { recursive: true }))
  for (const kind of KINDS) {
    const writer = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false })
    await writer.add(EXTENSION_PATH, new Uint8ArrayReader(Buffer.from('#!/var/lang/bin/node\n')))
    writeFileSync(join(folder, `parameters-secrets-${kind}.zip`), await writer.close())
  }
  return folder
}

test('the other build takes part in every scenario, and each contender knows its counterpart', async (t) => {
  const dist = await layersIn(t)
  const against = { ...otherBuild(await layersIn(t)), name: 'abc1234' }
  const { contenders, skipped } = await extensionField({ dist, against, peers: [] }, [24])
  const missing = skipped.map(({ contender }) => contender)
  const names = [...contenders.map(({ name }) => name), ...missing]
  const executables = ['executable (Bun)', 'executable (Bun), abc1234']
  const layers = ['nodejs layer, Node 24', 'nodejs layer, Node 24, abc1234']
  assert.deepEqual(names.sort(), [...executables, ...layers])
  assert.equal(pairsOf(contenders).before?.[executables[0]!], executables[1])
  const commands = contenders.map(({ command }) => command.join(' '))
  assert.equal(new Set(commands).size, contenders.length)
})

test('a third-party extension is started by its path, and gets requests after the first INVOKE', () => {
  const { name, command, ready } = extensionOf('AWS=/opt/extensions/aws')
  assert.deepEqual([name, command, ready], ['AWS', ['/opt/extensions/aws'], 'invoked'])
  assert.throws(() => extensionOf('/opt/extensions/aws'), /expected --extension NAME=PATH/)
})

test('what is neither a commit nor a folder with the layers is refused before anything is measured', (t) => {
  const empty = mkdtempSync(join(tmpdir(), 'bench-empty-'))
  t.after(() => rmSync(empty, { recursive: true }))
  assert.throws(() => otherBuild(empty), /neither a commit here nor a folder with parameters-secrets-nodejs/)
  assert.throws(() => otherBuild('no-such-branch'), /--against no-such-branch: neither a commit/)
})
