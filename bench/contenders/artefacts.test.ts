import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from '@zip.js/zip.js'
import { fileIn, relocate } from './artefacts.ts'

async function zipOf(files: Readonly<Record<string, Buffer>>): Promise<Buffer> {
  const writer = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false })
  for (const [name, contents] of Object.entries(files)) await writer.add(name, new Uint8ArrayReader(contents))
  return Buffer.from(await writer.close())
}

test('the file of that name comes out of its zip', async () => {
  const contents = Buffer.from('#!/bin/sh\n'.repeat(100))
  assert.deepEqual(await fileIn(await zipOf({ e: Buffer.from('x'), f: contents }), 'f'), contents)
})

test('a zip without the file is no layer', async () => {
  const two = await zipOf({ f: Buffer.from('x'), g: Buffer.from('x') })
  await assert.rejects(fileIn(two, 'h'), /expected . in the zip/)
  await assert.rejects(fileIn(await zipOf({}), 'f'), /expected . in the zip/)
})

test('a file that was damaged is refused', async () => {
  const zip = await zipOf({ f: Buffer.from('#!/bin/sh\n'.repeat(100)) })
  // Behind the local header of 30 bytes and the name.
  zip[40] = ~zip[40]! & 0xff
  await assert.rejects(fileIn(zip, 'f'))
})

test('the layer of a checkout whose folder has blanks and quotes in its name is started by its Node', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-node-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const odd = join(folder, "it's a folder")
  mkdirSync(odd)
  symlinkSync(process.execPath, join(odd, 'node'))
  const layer = join(folder, 'layer')
  writeFileSync(
    layer,
    `#!/bin/sh\n':' /*\n[ -x /var/lang/bin/node ] && exec /var/lang/bin/node "$0"\n*/\nprocess.stdout.write('by Node')\n`,
  )
  const moved = relocate({ path: layer }, { path: join(odd, 'node') }, 'test')
  assert.ok('path' in moved)
  assert.equal(execFileSync(moved.path, { encoding: 'utf8' }), 'by Node')
})
