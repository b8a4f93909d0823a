import type { Answer } from '../answer/answer.ts'
import { membersOf, pointer } from '../answer/json-key.ts'
import { toBytes, toText } from '../byte-string.ts'
import { say, shown, type Public } from '../public.ts'
import type { Failure } from './references.ts'
import { isAllowedName } from './variable-names.ts'
import { variableName, type Naming, type Source } from './variable-sources.ts'

// What the sources of variables hold, by the names of the variables.

/** Where a value stands. */
export type Origin =
  | { readonly service: 'ssm'; readonly name: string }
  /** `path`: the names on the way to it within the secret's JSON. */
  | { readonly service: 'secretsmanager'; readonly secretId: string; readonly path: readonly string[] }

/** What a source has for one variable. */
export interface Entry {
  readonly origin: Origin
  readonly name: string
  /** A byte string. */
  readonly value: string
}

/** `answer` is that to the path. */
export function entriesOfPath(path: string, naming: Naming, { bytes }: Answer): Entry[] {
  const { Parameters } = JSON.parse(toText(bytes)) as {
    Parameters: readonly { Name: string; Value: string | null }[]
  }
  return Parameters.flatMap(({ Name: name, Value: value }) => {
    if (value === null) return []
    const below = name.startsWith(path + '/') ? name.slice(path.length + 1) : name.replace(/^\//, '')
    const origin = { service: 'ssm', name } as const
    return [{ origin, name: variableName(naming, below.split('/')), value: toBytes(value) }]
  })
}

/** Undefined if the text of the secret is no JSON object. */
export function entriesOfSecret(secretId: string, naming: Naming, text: string): Entry[] | undefined {
  return membersOf(text, naming.isWhole)?.map(({ path, text: value }) => ({
    origin: { service: 'secretsmanager', secretId, path },
    name: variableName(naming, path),
    value: toBytes(value),
  }))
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

/** What would become one variable. */
interface Named {
  readonly entry: Entry
  /** Where a second value of that name stands. */
  other: Origin | undefined
}

/** The entries of all sources by name, in the order of their first ones. */
export class NamedEntries {
  readonly #byName = new Map<string, Named>()
  readonly #mostBytes: number
  #bytes = 0

  /** Holds names and values of no more than `mostBytes` together. */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes
  }

  [Symbol.iterator](): IterableIterator<Named> {
    return this.#byName.values()
  }

  /** Whether its name is held; else there is no room. */
  add(entry: Entry): boolean {
    const held = this.#byName.get(entry.name)
    if (held !== undefined) {
      if (!isSame(held.entry.origin, entry.origin)) held.other ??= entry.origin
      return true
    }
    const bytes = this.#bytes + entry.name.length + entry.value.length
    if (bytes > this.#mostBytes) return false
    this.#bytes = bytes
    this.#byName.set(entry.name, { entry, other: undefined })
    return true
  }
}

function isSame(one: Origin, other: Origin): boolean {
  if (one.service === 'ssm') return other.service === 'ssm' && one.name === other.name
  if (other.service === 'ssm' || one.secretId !== other.secretId) return false
  return one.path.length === other.path.length && one.path.every((name, i) => name === other.path[i])
}

/** As a reference has it: the name of a parameter; and of a secret, with a name in its JSON or a JSON pointer. */
export function shownOrigin(origin: Origin): Public {
  if (origin.service === 'ssm') return say`ssm:${shown(origin.name)}`
  const { secretId, path } = origin
  const [name = ''] = path
  const key = path.length > 1 || name.startsWith('/') ? pointer(path) : name
  return say`secretsmanager:${shown(secretId)}:${shown(key)}`
}
