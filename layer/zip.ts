// A zip with the same bytes whenever and wherever it is made: fixed time, no extra fields, a pinned deflater.

import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { crc32 } from 'node:zlib'
import { type Entry, Uint8ArrayReader, Uint8ArrayWriter, ZipReader, ZipWriter } from '@zip.js/zip.js'
import { hostBun } from './runtimes.ts'

const REGULAR_FILE = 0o100000
const DEFLATER = fileURLToPath(new URL('deflate.mjs', import.meta.url))

export interface ZipFile {
  readonly path: string
  readonly file: Buffer
  readonly mode: number
}

/** Regular files in a zip, in that order. */
export async function zipOf(...files: readonly ZipFile[]): Promise<Buffer> {
  const writer = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false })
  for (const one of files) await add(writer, one)
  return Buffer.from(await writer.close())
}

async function add(writer: ZipWriter<Uint8Array>, { path, file, mode }: ZipFile): Promise<void> {
  await writer.add(path, new Uint8ArrayReader(deflate(file)), {
    passThrough: true,
    compressionMethod: 8,
    uncompressedSize: file.length,
    crc32: crc32(file),
    // In local time, as zip has it, so the same bytes in every time zone; a day after the first moment that it can
    // tell, since the library compares with that in UTC.
    lastModDate: new Date(1980, 0, 2),
    extendedTimestamp: false,
    dataDescriptor: false,
    msDosCompatible: false,
    versionMadeBy: (3 << 8) | 20,
    externalFileAttributes: ((REGULAR_FILE | mode) << 16) >>> 0,
  })
}

/** Everything in a zip, with a function for the bytes, which checks them against their checksum. */
export async function entriesOf(zip: Buffer): Promise<ZipEntry[]> {
  const entries = await new ZipReader(new Uint8ArrayReader(zip)).getEntries({})
  return entries.map((entry) => ({
    path: entry.filename,
    mode: entry.externalFileAttributes >>> 16,
    read: () => bytesOf(entry),
  }))
}

export interface ZipEntry {
  readonly path: string
  /** Type and permissions as in `stat`: 0o100755 is an executable file. */
  readonly mode: number
  read(): Promise<Buffer>
}

async function bytesOf(entry: Entry): Promise<Buffer> {
  if (entry.directory) return Buffer.alloc(0)
  const options = { useWebWorkers: false, checkSignature: true }
  return Buffer.from(await entry.getData(new Uint8ArrayWriter(), options))
}

function deflate(file: Buffer): Buffer {
  return execFileSync(hostBun(), [DEFLATER], { input: file, env: {}, maxBuffer: 2 ** 30 })
}
