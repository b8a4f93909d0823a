import { say, shown, type Public } from '../public.ts'
import { listedPath } from './listed-path.ts'
import type { Failure } from './references.ts'
import { isAllowedName } from './variable-names.ts'

// What holds several variables: a secret whose JSON has a member for each, or a path with a parameter for each.
//
//   secretsmanager:<name or ARN>[?options]
//   ssm:/path/[?options]                     name=path, case=upper or lower, prefix=<text>, with & between them

export type Source =
  | { readonly kind: 'secret'; readonly label: Public; readonly naming: Naming; readonly secretId: string }
  /** `path` is without the slash at its end, but for the root. */
  | { readonly kind: 'path'; readonly label: Public; readonly naming: Naming; readonly path: string }
  /** It cannot be read. */
  | ({ readonly kind: 'unknown'; readonly label: Public } & Failure)

/** How the names of variables are made. */
export interface Naming {
  /** All steps of a parameter's name below the path, or all names on the way to a value within a secret. */
  readonly isWhole: boolean
  readonly case: 'upper' | 'lower' | undefined
  readonly prefix: string
}

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
  const [, where = '', options] = /^([^?]*)(?:\?(.*))?$/s.exec(text) ?? []
  const naming = readNaming(options ?? '')
  if (naming === undefined) {
    const why = say`its options are name=path, case=upper, case=lower and prefix=, which is letters, digits and _`
    return { kind: 'unknown', label, code: UNKNOWN, why }
  }
  const secretId = /^secretsmanager:(.+)$/s.exec(where)?.[1]
  if (secretId !== undefined) return { kind: 'secret', label, naming, secretId }
  const path = where.startsWith('ssm:') ? listedPath(where.slice('ssm:'.length)) : undefined
  if (path !== undefined) return { kind: 'path', label, naming, path }
  const why = say`it has to be secretsmanager:<name or ARN> or ssm:/path/`
  return { kind: 'unknown', label, code: UNKNOWN, why }
}

const UNKNOWN = say`InvalidSource`

/** Undefined if an option is unknown, has another value or is there twice. */
function readNaming(query: string): Naming | undefined {
  const options = new Map<string, string>()
  for (const option of query === '' ? [] : query.split('&')) {
    const [, name, value] = /^(name|case|prefix)=(\w+)$/.exec(option) ?? []
    if (name === undefined || value === undefined || options.has(name)) return undefined
    options.set(name, value)
  }
  const [name, letters, prefix = ''] = ['name', 'case', 'prefix'].map((one) => options.get(one))
  if (name !== undefined && name !== 'path') return undefined
  if (letters !== undefined && letters !== 'upper' && letters !== 'lower') return undefined
  return { isWhole: name === 'path', case: letters, prefix }
}

/** The name of a variable. `steps` are those of a parameter below the path, or the names on the way to a value. */
export function variableName({ isWhole, case: letters, prefix }: Naming, steps: readonly string[]): string {
  const name = isWhole ? steps.join('_').replace(/[/.-]/g, '_') : (steps.at(-1) ?? '')
  return prefix + (letters === 'upper' ? name.toUpperCase() : letters === 'lower' ? name.toLowerCase() : name)
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
