import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'

/**
 * The text of a file that the configuration names, at once. Throws where it cannot be read, is longer than `maxBytes`,
 * or is none that ends: a pipe without a writer or a device would stop the whole process. A byte order mark is left
 * out.
 */
export function readRegularFile(path: string, maxBytes: number): string {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const stat = fstatSync(file)
    if (!stat.isFile()) throw new Error('not a regular file')
    // It may grow meanwhile, and those of /proc say that they are empty.
    const bytes = Buffer.alloc(Math.min(stat.size === 0 ? maxBytes : stat.size, maxBytes) + 1)
    let length = 0
    for (let got = -1; got !== 0 && length < bytes.length; length += got) {
      got = readSync(file, bytes, length, bytes.length - length, null)
    }
    if (length === bytes.length) throw new Error('too long')
    return bytes.toString('utf8', 0, length).replace(/^\ufeff/, '')
  } finally {
    closeSync(file)
  }
}
