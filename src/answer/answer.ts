/**
 * What a hit sends: ready bytes and ready headers. `bytes` is a byte string: each character is one byte of the body
 * (latin1), so that Node joins it with the header block and writes both at once, without encoding anything.
 */
export interface Answer {
  readonly bytes: string
  readonly hitHeaders: string[]
  readonly missHeaders: string[]
  /** Other keys that find the same answer; see cache/lru.ts. */
  readonly aliases: readonly string[]
}

const NO_ALIASES: readonly string[] = []

/** From the text of a 200 body. */
export function createAnswer(body: string, aliases = NO_ALIASES): Answer {
  const bytes = Buffer.from(body, 'utf8').toString('latin1')
  const length = String(bytes.length)
  return {
    bytes,
    hitHeaders: ['Content-Type', 'text/plain', 'Content-Length', length, 'X-Cache', 'HIT'],
    missHeaders: ['Content-Type', 'text/plain', 'Content-Length', length, 'X-Cache', 'MISS'],
    aliases,
  }
}

/** The same answer, marked as older than its time to live. `ageMs` counts from the moment AWS was asked for it. */
export function asStale(answer: Answer, ageMs: number): Answer {
  const headers = [...answer.missHeaders.slice(0, -1), 'STALE', 'Age', String(Math.floor(ageMs / 1000))]
  return { ...answer, hitHeaders: headers, missHeaders: headers }
}

/** Bytes of an answer besides its body: the lists of headers. The measurement is in cache/read-through.ts. */
const HEADERS_BYTES = 300

/** Bytes of an answer, about. A character of a byte string takes one byte, on V8 and on JavaScriptCore. */
export function bytesOf({ bytes }: Answer): number {
  return bytes.length + HEADERS_BYTES
}
