import type { Shape } from '../answer/shape.ts'
import type { Reject } from '../errors.ts'
import type { Lookup, SingleLookup } from '../lookup.ts'

/** The role that a caller names: as which to ask; undefined if roles are ignored here; or why it is refused. */
export type AdmitRole = (roleArn: string) => string | undefined | Reject

// What a request can ask for, whichever endpoint it came by.

export interface Read {
  readonly kind: 'read'
  readonly lookup: Lookup
  /** Undefined for the original's body. */
  readonly shape: Shape | undefined
  /** The caller wants a value that is fetched from now on, not an older one. */
  readonly refreshNow: boolean
}

/** A request for many answers; `lookups` holds each question once, in the caller's order. */
export interface ReadMany {
  readonly kind: 'many'
  readonly store: 'secrets-manager' | 'parameter-store'
  readonly lookups: readonly SingleLookup[]
  readonly refreshNow: boolean
  /** For an AWS SDK: AWS's own shape, in which a list of failures alone is an answer, too. */
  readonly isWire: boolean
}

/** The same question, for a value that is fetched from now on; anything else as it is. */
export function asRefresh<Q extends { readonly kind: string }>(question: Q): Q {
  return question.kind === 'read' || question.kind === 'many' ? { ...question, refreshNow: true } : question
}
