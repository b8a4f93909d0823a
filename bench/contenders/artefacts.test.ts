import assert from 'node:assert/strict'
import test from 'node:test'
import { crc32, deflateRawSync } from 'node:zlib'
import { onlyFile } from './artefacts.ts'

/** A zip by hand, with as many entries of the same file. */
function zipOf(contents: Buffer, entries = 1): Buffer {
  const packed = deflateRawSync(contents)
  const sizes = Buffer.alloc(12)
  sizes.writeUInt32LE(crc32(contents), 0)
  sizes.writeUInt32LE(packed.length, 4)
  sizes.writeUInt32LE(contents.length, 8)
  const shared = (before: Buffer) =>
    Buffer.concat([before, Buffer.from([20, 0, 0, 0, 8, 0, 0, 0, 0, 0]), sizes, Buffer.from([1, 0, 0, 0])])
  const local = Buffer.concat([shared(Buffer.from('PK\u0003\u0004')), Buffer.from('f'), packed])
  const central = Buffer.concat([
    shared(Buffer.from('PK\u0001\u0002\u0014\u0000')),
    Buffer.alloc(14),
    Buffer.from('f'),
  ])
  const end = Buffer.alloc(22)
  end.write('PK\u0005\u0006', 0, 'latin1')
  end.writeUInt16LE(entries, 10)
  end.writeUInt32LE(local.length, 16)
  return Buffer.concat([local, central, end])
}

test('the one file of a layer comes out of its zip', () => {
  const contents = Buffer.from('#!/bin/sh\n'.repeat(100))
  assert.deepEqual(onlyFile(zipOf(contents)), contents)
})

test('a zip of two files is no layer', () => {
  assert.throws(() => onlyFile(zipOf(Buffer.from('x'), 2)), /expected a zip of one file/)
})
