import { say, shown, type Public } from './public.ts'

// The question of a caller, and AWS's answer to it as typed fields: `upstream` makes them, `answer` turns them into the
// bytes of a body. Two lookups have the same `key` exactly when AWS would be asked the same thing.

export interface SecretLookup {
  readonly store: 'secrets-manager'
  readonly key: string
  /** Name, ARN or partial ARN, as typed. */
  readonly secretId: string
  readonly versionId: string | undefined
  readonly versionStage: string | undefined
  /** Asked for as this role; undefined is the function's own. */
  readonly role?: string | undefined
}

export interface ParameterLookup {
  readonly store: 'parameter-store'
  readonly key: string
  /** Name, path or ARN, with `:version` or `:label` appended where one was asked for: GetParameter's `Name`. */
  readonly name: string
  readonly withDecryption: boolean
  readonly role?: string | undefined
}

/** All parameters below a path. */
export interface PathLookup {
  readonly store: 'parameter-path'
  readonly key: string
  readonly path: string
  /** Beyond the first level, too. */
  readonly isRecursive: boolean
  readonly withDecryption: boolean
  readonly role?: string | undefined
}

/**
 * "Prefix match, case-sensitive", each of them; those of one call all have to match ("Filter" in the API reference).
 */
export interface SecretFilter {
  readonly key: 'name' | 'tag-key' | 'tag-value'
  readonly value: string
}

/** A question for one value. */
export type SingleLookup = SecretLookup | ParameterLookup

export type Lookup = SingleLookup | PathLookup

export interface SecretFields {
  readonly ARN?: string | undefined
  readonly CreatedDate?: Date | undefined
  readonly Name?: string | undefined
  readonly SecretBinary?: Uint8Array | undefined
  readonly SecretString?: string | undefined
  readonly VersionId?: string | undefined
  readonly VersionStages?: readonly string[] | undefined
  /** The region whose replica answered, where it was not the one that was asked first. No member of AWS's. */
  readonly replicaRegion?: string
}

export interface ParameterFields {
  readonly ARN?: string | undefined
  readonly DataType?: string | undefined
  readonly LastModifiedDate?: Date | undefined
  readonly Name?: string | undefined
  readonly Selector?: string | undefined
  readonly SourceResult?: string | undefined
  readonly Type?: string | undefined
  readonly Value?: string | undefined
  readonly Version?: number | undefined
}

export type Fields =
  | { readonly store: 'secrets-manager'; readonly secret: SecretFields }
  | { readonly store: 'parameter-store'; readonly parameter: ParameterFields }

type SecretSelectors = Partial<Pick<SecretLookup, 'versionId' | 'versionStage' | 'role'>>
interface ParameterSelectors extends Partial<Pick<ParameterLookup, 'withDecryption' | 'role'>> {
  /** A version or a label. */
  readonly selector?: string | undefined
}
type PathSelectors = Partial<Pick<PathLookup, 'isRecursive' | 'withDecryption' | 'role'>>

// U+0000 joins the parts: it can stand in no name, stage or id that AWS accepts, and `route` refuses it.
const SEPARATOR = '\u0000'

/** Without a version id, no stage and `AWSCURRENT` ask the same; with one, AWSCURRENT is a further condition. */
export function secretLookup(
  secretId: string,
  { versionId, versionStage, role }: SecretSelectors = {},
): SecretLookup {
  const stage = versionId === undefined ? (versionStage ?? 'AWSCURRENT') : (versionStage ?? '')
  const key = flat('s' + SEPARATOR + secretId + SEPARATOR + (versionId ?? '') + SEPARATOR + stage + as(role))
  return { store: 'secrets-manager', key, secretId, versionId, versionStage, role }
}

/** `name=a&version=3` and `name=a:3` ask the same. */
export function parameterLookup(
  name: string,
  { selector, withDecryption = false, role }: ParameterSelectors = {},
): ParameterLookup {
  const selected = selector === undefined ? name : name + ':' + selector
  const key = flat('p' + SEPARATOR + selected + SEPARATOR + (withDecryption ? '1' : '0') + as(role))
  return { store: 'parameter-store', key, name: selected, withDecryption, role }
}

export function pathLookup(
  path: string,
  { isRecursive = false, withDecryption = false, role }: PathSelectors = {},
): PathLookup {
  const flags = (isRecursive ? '1' : '0') + (withDecryption ? '1' : '0')
  const key = flat('b' + SEPARATOR + path + SEPARATOR + flags + as(role))
  return { store: 'parameter-path', key, path, isRecursive, withDecryption, role }
}

/** Two roles never share an answer, and none shares one with the function's own. */
function as(role: string | undefined): string {
  return role === undefined ? '' : SEPARATOR + role
}

/**
 * A copy of the text in memory of its own. On V8 a piece of a string is a view into the whole. So a key, which the
 * cache holds for minutes, would keep the whole request target in memory, up to 64 KB.
 */
export function flat(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8')
}

/** AWS's operation for a question, and our parameter that names what is asked for. */
const WORDS: Readonly<Record<Lookup['store'], { readonly operation: Public; readonly parameter: Public }>> = {
  'secrets-manager': { operation: say`GetSecretValue`, parameter: say`secretId` },
  'parameter-store': { operation: say`GetParameter`, parameter: say`name` },
  'parameter-path': { operation: say`GetParametersByPath`, parameter: say`path` },
}

/** Name, path or ARN, as typed. */
export function idOf(lookup: Lookup): string {
  switch (lookup.store) {
    case 'secrets-manager':
      return lookup.secretId
    case 'parameter-store':
      return lookup.name
    case 'parameter-path':
      return lookup.path
  }
}

/** What was asked for, for a line of the log: `secretId=MySecret`, `name=/a/b:3`, and as which role. */
export function nameOf(lookup: Lookup): Public {
  const name = say`${WORDS[lookup.store].parameter}=${shown(idOf(lookup))}`
  return lookup.role === undefined ? name : say`${name}, roleArn=${shown(lookup.role)}`
}

/** The call that answers it, for a line of the log: `GetParameter /a/b:3`. */
export function callOf(lookup: Lookup): Public {
  return say`${WORDS[lookup.store].operation} ${shown(idOf(lookup))}`
}
