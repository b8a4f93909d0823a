import { say, shown, type Public } from '../public.ts'
import type { Failure } from './references.ts'
import { isAllowedName } from './variable-names.ts'

// What holds several variables: a secret whose JSON has a member for each, or a path with a parameter for each.

export type Source =
  | { readonly kind: 'secret'; readonly label: Public; readonly secretId: string }
  /** `path` is without the slash at its end, but for the root. */
  | { readonly kind: 'path'; readonly label: Public; readonly path: string }
  /** It cannot be read. */
  | { readonly kind: 'unknown'; readonly label: Public }

/** What a source has for one variable. */
export interface Entry {
  /** Where the value stands. Two entries of one origin are the same value. */
  readonly origin: Public
  readonly name: string
  readonly value: string
}

/** Each once. Between commas and white space. */
export function readSources(from: string): Source[] {
  const texts = new Set(from.split(/[\s,]+/).filter((text) => text !== ''))
  return [...texts].map(readSource)
}

function readSource(text: string): Source {
  const label = shown(text)
  const secretId = /^secretsmanager:(.+)$/s.exec(text)?.[1]
  if (secretId !== undefined) return { kind: 'secret', label, secretId }
  const path = /^ssm:(\/(?:.*\/)?)$/s.exec(text)?.[1]
  if (path !== undefined) return { kind: 'path', label, path: path === '/' ? path : path.slice(0, -1) }
  return { kind: 'unknown', label }
}

export const UNKNOWN_SOURCE: Failure = {
  code: say`InvalidSource`,
  why: say`it has to be secretsmanager:<name or ARN> or ssm:/path/`,
}

/** Those that may become variables. A failure if there are none. */
export function allowedOf(
  source: Source,
  entries: readonly Entry[],
): { readonly allowed: readonly Entry[]; readonly ignored: number } | Failure {
  const allowed = entries.filter(({ name }) => isAllowedName(name))
  if (allowed.length > 0) return { allowed, ignored: entries.length - allowed.length }
  if (entries.length > 0)
    return { code: say`NoAllowedName`, why: say`none of its names may become a variable` }
  return source.kind === 'path'
    ? { code: say`EmptyPath`, why: say`there is no parameter below it` }
    : { code: say`EmptySecret`, why: say`its JSON has no member` }
}

/** The entries of each name, in the order of their first ones; several where sources disagree on the origin. */
export function byName(entries: readonly Entry[]): Map<string, readonly Entry[]> {
  const names = new Map<string, Entry[]>()
  for (const entry of entries) {
    const same = names.get(entry.name)
    if (same === undefined) names.set(entry.name, [entry])
    else if (!same.some(({ origin }) => origin === entry.origin)) same.push(entry)
  }
  return names
}
