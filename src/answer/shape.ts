import { bytesIn, toBytes, toText } from '../byte-string.ts'
import { isReject, reject, type Reject } from '../errors.ts'
import { createBody, markStale, regionHeader, type Answer, type Body } from './answer.ts'
import { flat } from '../lookup.ts'
import { printable } from '../public.ts'
import { valueOf } from './go-shape.ts'
import { pickJson } from './json-key.ts'
import { wireReply } from './wire-shape.ts'

// Other bodies for the same question. The cache holds the original's body alone; another shape is made from it when it
// is first asked for. It is kept with the answer, so it expires and is evicted with it.

export type Shape =
  /** The bare `SecretString` or `Value`; a binary secret as bytes. */
  | { readonly kind: 'value'; readonly key: string }
  /** One member of the value, which is JSON; see json-key.ts. */
  | { readonly kind: 'member'; readonly key: string; readonly jsonKey: string }
  /** AWS's own, for its SDKs; see wire-shape.ts. */
  | { readonly kind: 'wire'; readonly key: string }

export const VALUE: Shape = { kind: 'value', key: 'v' }
export const WIRE: Shape = { kind: 'wire', key: 'w' }

export function memberShape(jsonKey: string): Shape {
  return { kind: 'member', key: flat('m' + jsonKey), jsonKey }
}

/** Most shapes kept of one answer, because callers choose them. */
const MOST_SHAPES = 16
const TEXT_TYPE = 'text/plain; charset=utf-8'
const BINARY_TYPE = 'application/octet-stream'

/** The shape where it was made before. No allocation: hits take this path. */
export function shapeHeld(answer: Answer, shape: Shape): Body | Reject | undefined {
  return answer.shapes?.get(shape.key)
}

export function makeShape({ bytes, staleForMs, replicaRegion }: Answer, shape: Shape): Body | Reject {
  const plain = shapeOf(toText(bytes), shape, regionHeader(replicaRegion))
  return isReject(plain) || staleForMs === undefined ? plain : markStale(plain, staleForMs)
}

/** Keeps a shape with its answer, which grows by it. */
export function keepShape(answer: Answer, shape: Shape, made: Body | Reject): void {
  answer.shapes ??= new Map()
  if (answer.shapes.size >= MOST_SHAPES) answer.shapes.clear()
  answer.shapes.set(shape.key, made)
}

function shapeOf(body: string, shape: Shape, further: readonly string[]): Body | Reject {
  if (shape.kind === 'wire') return wireReply(body, further)
  const value = valueOf(body)
  if (shape.kind === 'value') {
    return typeof value === 'string'
      ? textBody(value, further)
      : createBody(bytesIn(value), BINARY_TYPE, further)
  }
  const picked = pickJson(value.toString('utf8'), shape.jsonKey)
  if (picked.kind === 'found') return textBody(picked.text, further)
  const key = quoted(shape.jsonKey)
  return picked.kind === 'missing'
    ? reject(400, 'JsonKeyNotFound', `the JSON of the value has no ${key}`)
    : reject(400, 'InvalidJson', `the value is no JSON, so it has no ${key}`)
}

function textBody(text: string, further: readonly string[]): Body {
  return createBody(toBytes(text), TEXT_TYPE, further)
}

/** Printable ASCII, and not longer than a line: the key is the caller's own text. */
function quoted(jsonKey: string): string {
  return `"${printable(jsonKey.slice(0, 100))}"`
}
