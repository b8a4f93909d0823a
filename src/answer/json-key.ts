// One member of a JSON text, as it stands in the text. `JSON.parse` and back would change numbers: `1.0` would become
// `1`, and 2^53+1 another number. So the text is checked once by `JSON.parse`, and then only measured.

export type Picked =
  /** A string without its quotes and escapes; any other value as its source text. */
  | { readonly kind: 'found'; readonly text: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'not-json' }

const MISSING: Picked = { kind: 'missing' }
const NOT_JSON: Picked = { kind: 'not-json' }

/**
 * `key` is the name of a top-level member, or, where it begins with `/`, a JSON pointer (RFC 6901). Of members with one
 * name the last counts, as in `JSON.parse`. Never throws.
 */
export function pickJson(text: string, key: string): Picked {
  const json = withoutMark(text)
  try {
    JSON.parse(json)
  } catch {
    return NOT_JSON
  }
  const path = key.startsWith('/') ? key.slice(1).split('/').map(unescapePointer) : [key]
  // A single name needs no more than one look at each character.
  const measured = { json, ends: path.length === 1 ? NO_ENDS : endsIn(json) }
  let start = skipSpace(json, 0)
  for (const name of path) {
    const next = (json[start] === '{' ? memberOf : elementOf)(measured, start, name)
    if (next === undefined) return MISSING
    start = next
  }
  const source = json.slice(start, endOfValue(json, start))
  return { kind: 'found', text: source.startsWith('"') ? (JSON.parse(source) as string) : source }
}

/** Where objects and arrays end, by where they begin. */
type Ends = ReadonlyMap<number, number>

const NO_ENDS: Ends = new Map()

interface Measured {
  readonly json: string
  readonly ends: Ends
}

/** In one pass, so that each level of a pointer passes over what it does not enter, and over nothing twice. */
function endsIn(json: string): Ends {
  const ends = new Map<number, number>()
  const open: number[] = []
  for (let at = 0; at < json.length; at++) {
    const char = json[at]
    if (char === '"') at = endOfString(json, at) - 1
    else if (char === '{' || char === '[') open.push(at)
    else if (char === '}' || char === ']') ends.set(open.pop()!, at + 1)
  }
  return ends
}

/** Without the byte order mark that editors put at the beginning: RFC 8259, section 8.1, lets a reader ignore it. */
function withoutMark(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
}

function unescapePointer(token: string): string {
  return token.replaceAll('~1', '/').replaceAll('~0', '~')
}

/** Where the value of that member begins; `start` is at the `{` of valid JSON. */
function memberOf({ json, ends }: Measured, start: number, name: string): number | undefined {
  let found: number | undefined
  let at = skipSpace(json, start + 1)
  while (json[at] !== '}') {
    const keyEnd = endOfString(json, at)
    const isIt = JSON.parse(json.slice(at, keyEnd)) === name
    at = skipSpace(json, skipSpace(json, keyEnd) + 1)
    if (isIt) found = at
    at = afterComma(json, ends.get(at) ?? endOfValue(json, at))
  }
  return found
}

/** Where that element begins; undefined where there is no array or no such element. */
function elementOf({ json, ends }: Measured, start: number, index: string): number | undefined {
  if (json[start] !== '[' || !/^(?:0|[1-9]\d{0,8})$/.test(index)) return undefined
  let at = skipSpace(json, start + 1)
  for (let i = 0; json[at] !== ']'; i++) {
    if (i === Number(index)) return at
    at = afterComma(json, ends.get(at) ?? endOfValue(json, at))
  }
  return undefined
}

function afterComma(json: string, at: number): number {
  const next = skipSpace(json, at)
  return json[next] === ',' ? skipSpace(json, next + 1) : next
}

function endOfValue(json: string, start: number): number {
  const first = json[start]
  if (first === '"') return endOfString(json, start)
  if (first !== '{' && first !== '[') return endOfWord(json, start)
  let depth = 0
  for (let at = start; ; at++) {
    const char = json[at]
    if (char === '"') at = endOfString(json, at) - 1
    else if (char === '{' || char === '[') depth++
    else if ((char === '}' || char === ']') && --depth === 0) return at + 1
  }
}

/** A number, `true`, `false` or `null`. */
function endOfWord(json: string, start: number): number {
  let at = start
  while (at < json.length && /[\w.+-]/.test(json[at]!)) at++
  return at
}

function endOfString(json: string, start: number): number {
  let at = start + 1
  while (json[at] !== '"') at += json[at] === '\\' ? 2 : 1
  return at + 1
}

function skipSpace(json: string, start: number): number {
  let at = start
  while (at < json.length && ' \t\n\r'.includes(json[at]!)) at++
  return at
}

/** Objects within objects that are walked into; what lies deeper is the text of a value. */
const DEEPEST = 16

/** A value within a JSON object. */
export interface Member {
  /** The names on the way to it. */
  readonly path: readonly string[]
  /** As `pickJson` gives it. */
  readonly text: string
}

/** The members of an object by name: the text of a value, or the members of an object that is walked into. */
type Members = Map<string, string | Members>

/**
 * The top-level members, or, where `isDeep`, every value that is no object, in their order. Undefined if the text is no
 * JSON object. Of members with one name the last counts, as in `JSON.parse`. Takes one pass; never throws.
 */
export function membersOf(text: string, isDeep: boolean): readonly Member[] | undefined {
  const json = withoutMark(text)
  try {
    JSON.parse(json)
  } catch {
    return undefined
  }
  const start = skipSpace(json, 0)
  if (json[start] !== '{') return undefined
  const top: Members = new Map()
  const open = [top]
  let at = skipSpace(json, start + 1)
  for (let inner = top; ; inner = open.at(-1)!) {
    if (json[at] === '}') {
      open.pop()
      if (open.length === 0) return [...valuesIn(top, [])]
      at = afterComma(json, at + 1)
      continue
    }
    const keyEnd = endOfString(json, at)
    const name = JSON.parse(json.slice(at, keyEnd)) as string
    // A member of that name that came before: it and all within it are no longer meant.
    inner.delete(name)
    at = skipSpace(json, skipSpace(json, keyEnd) + 1)
    if (isDeep && json[at] === '{' && open.length < DEEPEST) {
      const members: Members = new Map()
      inner.set(name, members)
      open.push(members)
      at = skipSpace(json, at + 1)
      continue
    }
    const end = endOfValue(json, at)
    const source = json.slice(at, end)
    inner.set(name, source.startsWith('"') ? (JSON.parse(source) as string) : source)
    at = afterComma(json, end)
  }
}

function* valuesIn(members: Members, way: readonly string[]): Generator<Member> {
  for (const [name, value] of members) {
    const path = [...way, name]
    if (typeof value === 'string') yield { path, text: value }
    else yield* valuesIn(value, path)
  }
}

/** RFC 6901. */
export function pointer(path: readonly string[]): string {
  return path.map((name) => '/' + name.replaceAll('~', '~0').replaceAll('/', '~1')).join('')
}
