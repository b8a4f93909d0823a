import { toBytes } from '../byte-string.ts'
import { isReject, type Reject } from '../errors.ts'

/**
 * What a hit sends: ready bytes and ready headers. `bytes` is a byte string: each character is one byte of the body
 * (latin1), so that Node joins it with the header block and writes both at once, without encoding anything.
 */
export interface Body {
  readonly bytes: string
  readonly hitHeaders: HeaderFields
  readonly missHeaders: HeaderFields
}

/** Values by names, in their order on the wire. Bun takes an object's at once, and looks for each of a list twice. */
type HeaderFields = Readonly<Record<string, string>>

/** What the cache holds for a lookup: the original's body. */
export interface Answer extends Body {
  /** Other keys that find the same answer; see cache/lru.ts. */
  readonly aliases: readonly string[]
  /** Undefined for an answer within its time to live; otherwise milliseconds since AWS was asked for it. */
  readonly staleForMs: number | undefined
  /** The region whose replica answered, where it was not the one that was asked first. */
  readonly replicaRegion: string | undefined
  /** The other shapes of it that were asked for, by `Shape.key`; see shape.ts. */
  shapes: Map<string, Body | Reject> | undefined
}

const NONE: readonly string[] = []
/** The original's, recorded: no charset, though all bodies are UTF-8. */
export const ORIGINAL_TYPE = 'text/plain'

/** From the text of a 200 body. An answer of a replica has no aliases: those are of what it stands in for. */
export function createAnswer(body: string, aliases = NONE, replicaRegion?: string): Answer {
  return answerOfBytes(toBytes(body), replicaRegion === undefined ? aliases : NONE, replicaRegion)
}

/** From a byte string. */
export function answerOfBytes(bytes: string, aliases = NONE, replicaRegion?: string): Answer {
  const body = createBody(bytes, ORIGINAL_TYPE, regionHeader(replicaRegion))
  return { ...body, aliases, staleForMs: undefined, replicaRegion, shapes: undefined }
}

/** Says whose answer it is, where that is a replica's. */
export function regionHeader(replicaRegion: string | undefined): readonly string[] {
  return replicaRegion === undefined ? NONE : ['X-Amzn-Parameters-Secrets-Region', replicaRegion]
}

/** A body of that content type, with further headers: name, value, name, value, … `bytes` is a byte string. */
export function createBody(bytes: string, type: string, further: readonly string[] = []): Body {
  const headers: Record<string, string> = { 'Content-Type': type, 'Content-Length': String(bytes.length) }
  for (let i = 0; i + 1 < further.length; i += 2) headers[further[i]!] = further[i + 1]!
  return {
    bytes,
    hitHeaders: { ...headers, 'X-Cache': 'HIT' },
    missHeaders: { ...headers, 'X-Cache': 'MISS' },
  }
}

/** The same answer, marked as older than its time to live. `ageMs` counts from the moment AWS was asked for it. */
export function asStale(answer: Answer, ageMs: number): Answer {
  return { ...answer, ...markStale(answer, ageMs), staleForMs: ageMs, shapes: undefined }
}

export function markStale({ bytes, missHeaders }: Body, ageMs: number): Body {
  const headers = { ...missHeaders, 'X-Cache': 'STALE', Age: String(Math.floor(ageMs / 1000)) }
  return { bytes, hitHeaders: headers, missHeaders: headers }
}

/** Bytes of a body's two sets of headers. The measurement is in cache/read-through.ts. */
const HEADERS_BYTES = 300

/** Bytes of an answer with all its shapes, about. A character of a byte string is a byte, on V8 and JavaScriptCore. */
export function bytesOf({ bytes, shapes }: Answer): number {
  let all = bytes.length + HEADERS_BYTES
  if (shapes === undefined) return all
  for (const [key, shape] of shapes) {
    all += key.length + HEADERS_BYTES + (isReject(shape) ? shape.body : shape.bytes).length
  }
  return all
}
