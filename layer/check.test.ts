import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } from '@zip.js/zip.js'
import { faultsOf } from './check.ts'
import { segmentsOf, segmentType } from './elf.ts'
import {
  EXTENSION_PATH,
  FILE_MODE,
  type Layer,
  LAYERS,
  TEXT_MODE,
  NOTICES_PATH,
  STARTER_PATHS,
  WRAPPER_PATH,
} from './layers.ts'
import { type Range, withWork, type Work } from './pages/stub.ts'
import { hostBun, nodeFor } from './runtimes.ts'
import { starterFor } from './starter/starter.ts'
import { entriesOf, zipOf } from './zip.ts'

const script = Buffer.from('#!/bin/sh\nexit\n')
const wrapper = Buffer.from('#!/bin/bash -p\nexit\n')
const notices = Buffer.from('whose work it is\n')
const nodejs: Layer = { zip: 'x.zip', kind: 'node', budget: 20_000 }
const starters = { x86_64: starterFor('x86_64'), arm64: starterFor('arm64') }

/** The zip of a nodejs layer with that extension. */
const layerOf = (
  file: Buffer,
  { path = EXTENSION_PATH, mode = FILE_MODE, beside = wrapper, x86_64 = starters.x86_64 } = {},
) =>
  zipOf(
    { path, file, mode },
    { path: STARTER_PATHS.x86_64, file: x86_64, mode: FILE_MODE },
    { path: STARTER_PATHS.arm64, file: starters.arm64, mode: FILE_MODE },
    { path: WRAPPER_PATH, file: beside, mode: FILE_MODE },
    { path: NOTICES_PATH, file: notices, mode: TEXT_MODE },
  )

test('a zip is the same bytes at any time in any time zone, and gives back what went in', async () => {
  const before = process.env['TZ']
  const zips: Buffer[] = []
  for (const zone of ['UTC', 'Asia/Kolkata', 'America/Los_Angeles']) {
    process.env['TZ'] = zone
    zips.push(await layerOf(script))
  }
  process.env['TZ'] = before ?? 'UTC'
  assert.deepEqual(zips[1], zips[0])
  assert.deepEqual(zips[2], zips[0])
  const entries = await entriesOf(zips[0]!)
  assert.deepEqual(
    await Promise.all(entries.map(async ({ path, mode, read }) => [path, mode, await read()])),
    [
      [EXTENSION_PATH, 0o100755, script],
      [STARTER_PATHS.x86_64, 0o100755, starters.x86_64],
      [STARTER_PATHS.arm64, 0o100755, starters.arm64],
      [WRAPPER_PATH, 0o100755, wrapper],
      [NOTICES_PATH, 0o100644, notices],
    ],
  )
})

test('a layer as it should be has no fault', async () => {
  assert.deepEqual(await faultsOf(nodejs, await layerOf(script)), [])
})

test('a wrapper that is missing, or that would read BASH_ENV, is a fault', async () => {
  const alone = await zipOf({ path: EXTENSION_PATH, file: script, mode: FILE_MODE })
  assert.match(String(await faultsOf(nodejs, alone)), /must hold .*parameters-secrets-exec/)
  const unsafe = await layerOf(script, { beside: Buffer.from('#!/bin/bash\nexit\n') })
  assert.deepEqual(await faultsOf(nodejs, unsafe), ['it does not start with #!/bin/bash -p and a line feed'])
})

test('a starter for another processor, or one that needs a library, is a fault', async () => {
  for (const [x86_64, fault] of [
    [starters.arm64, `${STARTER_PATHS.x86_64} is for arm64`],
    [readFileSync(hostBun()), `${STARTER_PATHS.x86_64} is not statically linked`],
    [Buffer.from('#!/bin/sh\n'), `${STARTER_PATHS.x86_64} cannot be read as an executable`],
  ] as const) {
    const faults = await faultsOf({ ...nodejs, budget: 2 ** 30 }, await layerOf(script, { x86_64 }))
    assert.equal(faults.length, 1)
    assert.ok(faults[0]?.startsWith(fault), faults[0])
  }
})

test('a further file, another name or a folder is a fault', async () => {
  const writer = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false })
  await writer.add(EXTENSION_PATH, new Uint8ArrayReader(script))
  await writer.add('extensions/README.md', new Uint8ArrayReader(script))
  await writer.add(WRAPPER_PATH, new Uint8ArrayReader(wrapper))
  assert.match(
    String(await faultsOf(nodejs, Buffer.from(await writer.close()))),
    /nothing else, not .*README\.md/,
  )
  assert.match(
    String(await faultsOf(nodejs, await layerOf(script, { path: 'extensions/other' }))),
    /nothing else/,
  )
  const folder = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false })
  await folder.add('extensions/', undefined, { directory: true })
  await folder.add(EXTENSION_PATH, new Uint8ArrayReader(script))
  assert.match(String(await faultsOf(nodejs, Buffer.from(await folder.close()))), /nothing else/)
})

test('a file that not everybody may execute is a fault, as is one with more rights', async () => {
  for (const [mode, octal] of [
    [0o644, '100644'],
    [0o744, '100744'],
    [0o4755, '104755'],
  ] as const) {
    const faults = await faultsOf(nodejs, await layerOf(script, { mode }))
    assert.deepEqual(faults, [`the mode of ${EXTENSION_PATH} is ${octal}, not 100755`])
  }
})

test('a zip over its budget is a fault', async () => {
  const zip = await layerOf(script)
  assert.deepEqual(await faultsOf({ ...nodejs, budget: zip.length }, zip), [])
  assert.match(String(await faultsOf({ ...nodejs, budget: zip.length - 1 }, zip)), /over its budget/)
})

test('a layer is a fault while it is still small enough to be uploaded, not only after', () => {
  for (const { zip, budget } of LAYERS) assert.ok(budget <= 52_000_000, `${zip}: ${budget}`)
})

test('a script that the kernel cannot start is a fault', async () => {
  for (const text of ['exit\n', '#!/bin/sh\r\nexit\r\n', '#!/usr/bin/env node\n']) {
    const zip = await layerOf(Buffer.from(text))
    assert.match(String(await faultsOf(nodejs, zip)), /does not start with/)
  }
})

test('an executable for newer systems or another processor is a fault', async () => {
  const writer = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false, level: 0 })
  await writer.add(EXTENSION_PATH, new Uint8ArrayReader(readFileSync(nodeFor(26, 'x86_64'))))
  await writer.add(WRAPPER_PATH, new Uint8ArrayReader(wrapper))
  await writer.add(NOTICES_PATH, new Uint8ArrayReader(notices))
  const node = Buffer.from(await writer.close())
  const faults = await faultsOf({ zip: 'x.zip', kind: 'x86_64', budget: 2 ** 30 }, node)
  for (const fault of [
    'it needs libatomic.so.1',
    'it needs libstdc++.so.6',
    'it needs GLIBC_2.28',
    'it needs GLIBCXX_3.4.21',
  ]) {
    assert.ok(faults.includes(fault), fault)
  }
  assert.ok(!faults.includes('it needs GLIBC_2.25'))
  assert.ok(
    (await faultsOf({ zip: 'x.zip', kind: 'arm64', budget: 2 ** 30 }, node)).includes('it is for x86_64'),
  )
  const text = await zipOf(
    { path: EXTENSION_PATH, file: script, mode: FILE_MODE },
    { path: WRAPPER_PATH, file: wrapper, mode: FILE_MODE },
    { path: NOTICES_PATH, file: notices, mode: TEXT_MODE },
  )
  assert.match(String(await faultsOf({ zip: 'x.zip', kind: 'arm64', budget: 1_000 }, text)), /cannot be read/)
})

test('an executable that asks for no pages first, or for others than its own, is a fault', async () => {
  const bun = readFileSync(hostBun())
  const kind = process.arch === 'arm64' ? 'arm64' : 'x86_64'
  const faultsWith = async (file: Buffer) => {
    const writer = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false, level: 0 })
    await writer.add(EXTENSION_PATH, new Uint8ArrayReader(file), { unixMode: 0o100755 })
    await writer.add(WRAPPER_PATH, new Uint8ArrayReader(wrapper), { unixMode: 0o100755 })
    await writer.add(NOTICES_PATH, new Uint8ArrayReader(notices), { unixMode: 0o100644 })
    const faults = await faultsOf({ zip: 'x.zip', kind, budget: 2 ** 30 }, Buffer.from(await writer.close()))
    return faults.filter((fault) => !fault.startsWith('the mode'))
  }
  const asking = (ranges: Range[], call: Work['call'] = 'madvise') =>
    faultsWith(withWork(bun, { call, argument: 3, ranges }))
  assert.deepEqual(await asking([[0x200, 10]]), [])
  assert.deepEqual(await faultsWith(bun), ['it does not ask for the pages of its start'])
  assert.deepEqual(await asking([[0x200, 10]], 'mprotect'), ['it starts with mprotect'])
  assert.deepEqual(await asking([[0x1ff, 2]]), ['it asks for 2 pages from 511 on, which it does not load'])
  const overlapping = withWork(bun, { call: 'madvise', argument: 3, ranges: [] })
  const { header } = segmentsOf(overlapping).findLast(({ type }) => type === segmentType.load)!
  overlapping.writeBigUInt64LE(0x300000n, header + 16)
  overlapping.writeBigUInt64LE(0x300000n, 24)
  assert.deepEqual(await faultsWith(overlapping), ['what it loads at 3145728 is not behind the rest'])
})
