import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { buildIdOf, readElf, sectionOf, segmentsOf, segmentType } from './elf.ts'
import { bunFor, nodeFor } from './runtimes.ts'

test('it reads what Bun needs on both processors', () => {
  for (const machine of ['x86_64', 'arm64'] as const) {
    const { libraries, versions, ...rest } = readElf(readFileSync(bunFor(machine)))
    const interpreter = { x86_64: '/lib64/ld-linux-x86-64.so.2', arm64: '/lib/ld-linux-aarch64.so.1' }[
      machine
    ]
    assert.deepEqual(rest, { machine, interpreter })
    assert.deepEqual(libraries.filter((library) => !library.startsWith('ld-')).sort(), [
      'libc.so.6',
      'libdl.so.2',
      'libm.so.6',
      'libpthread.so.0',
    ])
    assert.ok(versions.includes('GLIBC_2.17'))
  }
})

test("it sees what keeps Node's own builds from Amazon Linux 2", () => {
  const { libraries, versions } = readElf(readFileSync(nodeFor(26)))
  for (const library of ['libstdc++.so.6', 'libatomic.so.1']) assert.ok(libraries.includes(library))
  for (const version of ['GLIBC_2.28', 'GLIBCXX_3.4.21']) assert.ok(versions.includes(version))
})

test('anything else is refused', () => {
  assert.throws(() => readElf(Buffer.from('#!/bin/sh\n')), /not a 64-bit/)
  const foreign = Buffer.alloc(64)
  foreign.write('\u007fELF\u0002\u0001', 'latin1')
  foreign.writeUInt16LE(8, 18)
  assert.throws(() => readElf(foreign), /for machine 8/)
  foreign.writeUInt16LE(62, 18)
  assert.throws(() => readElf(foreign), /not dynamically linked/)
})

test("it finds the linker's name of the build and a section, and says so where there is none", () => {
  for (const machine of ['x86_64', 'arm64'] as const) {
    const bun = readFileSync(bunFor(machine))
    assert.match(buildIdOf(bun), /^[0-9a-f]{40}$/)
    assert.ok(sectionOf(bun, '.text').size > 2 ** 26)
    assert.throws(() => sectionOf(bun, '.none'), /no section .none/)
  }
  assert.notEqual(buildIdOf(readFileSync(bunFor('x86_64'))), buildIdOf(readFileSync(bunFor('arm64'))))
  const nameless = readFileSync(bunFor('x86_64'))
  for (const { header, type } of segmentsOf(nameless))
    if (type === segmentType.note) nameless.writeUInt32LE(0, header)
  assert.throws(() => buildIdOf(nameless), /no build ID/)
})
