// Pages and their tokens. A token is opaque to callers, says where to go on, and fits only the question it came from.

import { createHash } from 'node:crypto'

export interface Page<T> {
  readonly items: readonly T[]
  readonly nextToken: string | undefined
}

let emptyPages = 0

/** Returns undefined for a token that does not belong to `question`. */
export function page<T>(
  all: readonly T[],
  size: number,
  token: string | undefined,
  question: unknown,
): Page<T> | undefined {
  const seal = createHash('sha256').update(JSON.stringify(question)).digest('hex').slice(0, 16)
  let start = 0
  if (token !== undefined) {
    const [offset, tokenSeal] = Buffer.from(token, 'base64url').toString().split('.')
    if (tokenSeal !== seal || !/^\d+$/.test(offset!)) return undefined
    start = Number(offset)
  }
  const end = start + size
  // An empty page goes no further, and AWS gives no token twice.
  const more = size === 0 ? `.${emptyPages++}` : ''
  const nextToken = end < all.length ? Buffer.from(`${end}.${seal}${more}`).toString('base64url') : undefined
  return { items: all.slice(start, end), nextToken }
}
