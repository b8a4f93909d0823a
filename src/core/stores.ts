import type { Config } from '../config/config.ts'
import type { Fields, Lookup, SingleLookup } from '../lookup.ts'
import { ownOf, spellingsOfParameter, spellingsOfSecret, type Own } from './spellings.ts'
import { subjectsOfParameter, subjectsOfPath, subjectsOfSecret } from './subjects.ts'

// What the cache has to know of the questions of each store. A further store is a type error here until it is known.

/** How long an answer to such a question is fresh, in milliseconds. */
export function ttlMsOf({ secretsTtlMs, parametersTtlMs }: Config, { store }: Pick<Lookup, 'store'>): number {
  switch (store) {
    case 'secrets-manager':
      return secretsTtlMs
    case 'parameter-store':
    case 'parameter-path':
      return parametersTtlMs
  }
}

/** What the question is about; see subjects.ts. */
export function subjectsOf(lookup: Lookup): string[] {
  switch (lookup.store) {
    case 'secrets-manager':
      return subjectsOfSecret(lookup)
    case 'parameter-store':
      return subjectsOfParameter(lookup)
    case 'parameter-path':
      return subjectsOfPath(lookup)
  }
}

/** The keys of all questions that AWS would answer with the same bytes; see spellings.ts. */
export function spellingsOf(lookup: SingleLookup, fields: Fields, ofFunction: Own): string[] {
  const own = ownOf(lookup.role, ofFunction)
  switch (fields.store) {
    case 'secrets-manager':
      return lookup.store === fields.store ? spellingsOfSecret(lookup, fields.secret, own) : []
    case 'parameter-store':
      return lookup.store === fields.store ? spellingsOfParameter(lookup, fields.parameter, own) : []
  }
}
