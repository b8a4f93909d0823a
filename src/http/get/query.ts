import type { Reject } from '../../errors.ts'
import { rejects } from '../rejects.ts'

// The query of a request target, read by the table of the parameters that its endpoint knows (reads.ts). Nothing here
// throws.

/** What is read. Two parameters may be one slot. */
export type Slot =
  | 'name'
  | 'versionId'
  | 'versionStage'
  | 'selector'
  | 'jsonKey'
  | 'format'
  | 'roleArn'
  | 'recursive'
  | 'withDecryption'
  | 'refreshNow'

export type Rule =
  /** Each that is not empty, once. */
  | { readonly kind: 'names' }
  /** The first that is not empty, decoded. */
  | { readonly kind: 'text'; readonly slot: Slot }
  /** The first that is not empty: true or false. */
  | { readonly kind: 'flag'; readonly slot: Slot }
  /** Refused unless it is empty: it is for one secret or parameter. */
  | { readonly kind: 'single' }

/** The parameters that an endpoint knows. */
export interface Rules {
  readonly byName: ReadonlyMap<string, Rule>
  /** The answer to a query without a name. */
  readonly missing: Reject
}

export interface Query {
  /** One or more, each once. */
  readonly names: readonly [string, ...string[]]
  /** Absent or empty where the query has none. */
  readonly texts: Readonly<Partial<Record<Slot, string>>>
  readonly isRecursive: boolean
  readonly withDecryption: boolean
  readonly refreshNow: boolean
}

/** Parameters that are in no rule are ignored. */
export function readQuery(query: string, { byName, missing }: Rules): Query | Reject {
  const names = new Set<string>()
  const texts: Partial<Record<Slot, string>> = {}
  for (const pair of query.split('&')) {
    const mark = pair.indexOf('=')
    const end = mark === -1 ? pair.length : mark
    const value = pair.slice(end + 1)
    const rule = byName.get(decode(pair.slice(0, end)) ?? '')
    switch (rule?.kind) {
      case 'names': {
        const decoded = decode(value)
        if (decoded === undefined) return rejects.malformedEscape
        if (decoded !== '') names.add(decoded)
        break
      }
      case 'text': {
        const decoded = texts[rule.slot] || decode(value)
        if (decoded === undefined) return rejects.malformedEscape
        texts[rule.slot] = decoded
        break
      }
      case 'flag':
        texts[rule.slot] ||= value
        break
      case 'single':
        if (value !== '') return rejects.ofOneOnly
        break
      case undefined:
        break
    }
  }
  if (texts.name) names.add(texts.name)
  if (names.size === 0) return missing
  const isRecursive = parseBool(texts.recursive)
  const withDecryption = parseBool(texts.withDecryption)
  const refreshNow = parseBool(texts.refreshNow)
  if (isRecursive === undefined) return rejects.badRecursive
  if (withDecryption === undefined) return rejects.badWithDecryption
  if (refreshNow === undefined) return rejects.badRefreshNow
  return { names: [...names] as [string, ...string[]], texts, isRecursive, withDecryption, refreshNow }
}

/** `+` and `%20` are a space. Undefined: a malformed escape, invalid UTF-8, or U+0000, which no AWS name holds. */
function decode(text: string): string | undefined {
  try {
    const decoded = /[%+]/.test(text) ? decodeURIComponent(text.replaceAll('+', ' ')) : text
    return decoded.includes('\u0000') ? undefined : decoded
  } catch {
    return undefined
  }
}

/** Go's `strconv.ParseBool`, in any letter case; absent and empty are false. Undefined: neither true nor false. */
function parseBool(text: string | undefined): boolean | undefined {
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
