/**
 * What a hit sends: ready bytes and ready headers. `bytes` is a byte string: each character is one byte of the body
 * (latin1), so that Node joins it with the header block and writes both at once, without encoding anything.
 */
export interface Answer {
  readonly bytes: string
  readonly hitHeaders: string[]
  readonly missHeaders: string[]
}

/** From the text of a 200 body. */
export function createAnswer(body: string): Answer {
  const bytes = Buffer.from(body, 'utf8').toString('latin1')
  const length = String(bytes.length)
  return {
    bytes,
    hitHeaders: ['Content-Type', 'text/plain', 'Content-Length', length, 'X-Cache', 'HIT'],
    missHeaders: ['Content-Type', 'text/plain', 'Content-Length', length, 'X-Cache', 'MISS'],
  }
}

/** What an answer takes in memory besides its body: the lists of headers. Measured: cache/read-through.ts. */
const HEADERS_BYTES = 300

/** What an answer takes in memory, about: a character of a byte string is one byte, on V8 and on JavaScriptCore. */
export function bytesOf({ bytes }: Answer): number {
  return bytes.length + HEADERS_BYTES
}
