import { say, shown, type Public } from '../public.ts'
import { listedPath } from './listed-path.ts'
import type { Failure } from './references.ts'
import { LONGEST_NAME } from './variable-names.ts'

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

/**
 * The name of a variable; empty, which is none, where it is too long for one. `steps` are those of a parameter below
 * the path, or the names on the way to a value.
 */
export function variableName({ isWhole, case: letters, prefix }: Naming, steps: readonly string[]): string {
  const used = isWhole ? steps : steps.slice(-1)
  if (used.reduce((sum, step) => sum + step.length + 1, prefix.length - 1) > LONGEST_NAME) return ''
  const name = isWhole ? used.join('_').replace(/[/.-]/g, '_') : (used[0] ?? '')
  return prefix + (letters === 'upper' ? name.toUpperCase() : letters === 'lower' ? name.toLowerCase() : name)
}
