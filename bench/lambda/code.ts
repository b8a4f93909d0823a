import { readFile } from 'node:fs/promises'
import { TextReader, Uint8ArrayWriter, ZipWriter } from '@zip.js/zip.js'

/** What a function of this runtime executes, as Lambda takes it: `index`, whose `handler` is called. */
export async function codeOf(runtime: string): Promise<Buffer> {
  const isNode = runtime.startsWith('nodejs')
  const source = new URL(`functions/${isNode ? 'index.cjs' : 'index.py'}`, import.meta.url)
  const writer = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false })
  const externalFileAttributes = (0o100644 << 16) >>> 0
  const options = { versionMadeBy: (3 << 8) | 20, msDosCompatible: false, externalFileAttributes }
  await writer.add(isNode ? 'index.js' : 'index.py', new TextReader(await readFile(source, 'utf8')), options)
  return Buffer.from(await writer.close())
}
