// The query of a request target. Nothing here throws.

export interface Pair {
  /** Decoded; empty when it cannot be. */
  readonly name: string
  /** As it stands in the URL. */
  readonly value: string
}

export function pairs(query: string): Pair[] {
  return query.split('&').map((pair) => {
    const mark = pair.indexOf('=')
    if (mark === -1) return { name: decode(pair) ?? '', value: '' }
    return { name: decode(pair.slice(0, mark)) ?? '', value: pair.slice(mark + 1) }
  })
}

/** `+` and `%20` are a space. Undefined: a malformed escape, invalid UTF-8, or U+0000, which no AWS name holds. */
export function decode(text: string): string | undefined {
  try {
    const decoded = /[%+]/.test(text) ? decodeURIComponent(text.replaceAll('+', ' ')) : text
    return decoded.includes('\u0000') ? undefined : decoded
  } catch {
    return undefined
  }
}

/** Go's `strconv.ParseBool`, in any letter case; absent and empty are false. Undefined: neither true nor false. */
export function parseBool(text: string | undefined): boolean | undefined {
  switch ((decode(text ?? '') ?? text)?.toLowerCase()) {
    case '1':
    case 't':
    case 'true':
      return true
    case undefined:
    case '':
    case '0':
    case 'f':
    case 'false':
      return false
    default:
      return undefined
  }
}
