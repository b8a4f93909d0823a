import { parseArn, secretNameIn, splitId } from '../arn.ts'
import { bufferOf, toBytes, toText } from '../byte-string.ts'
import { parameterLookup, secretLookup, type SingleLookup } from '../lookup.ts'
import type { Reference } from '../config/environment.ts'
import { say, shown, type Public } from '../public.ts'
import { isReplaceable } from './variable-names.ts'

// What a variable of the function refers to:
//
//   resolve:secretsmanager:<name or ARN>[:json-key[:stage[:version-id]]]     the order of ECS's `valueFrom`
//   resolve:ssm:<name or ARN>[:version or label]
//   resolve:template:<text with {{secretsmanager:…|filter}} and {{ssm:…}}>
//   resolve:optional:<one of these, without its resolve:>     where there is none, the variable is taken away

/** One secret, or a member of its JSON, or one parameter. */
export interface Target {
  readonly lookup: SingleLookup
  readonly jsonKey: string | undefined
}

/** A value within a text, and what becomes of it there, in this order. */
export interface Slot {
  readonly target: Target
  readonly filters: readonly Filter[]
  /** As it is written, without the filters. */
  readonly label: Public
}

/** Of a byte string, another. Undefined for bytes that are no text where a text is needed. */
type Filter = (bytes: string) => string | undefined

export interface Resolvable {
  /** Literal text, as byte strings, and values. A value alone is one slot without a filter. */
  readonly parts: readonly (string | Slot)[]
  /** Whether the variable is taken away where a value is absent, and no error. */
  readonly isOptional: boolean
}

/** Why there is no value: a code, and a sentence where the code does not say what to do. */
export interface Failure {
  readonly code: Public
  readonly why?: Public | undefined
}

const CODE = say`InvalidReference`
/** `Secret…` stands in CloudFormation's order where a JSON key stands in ours: a member of GetSecretValue's answer. */
const KINDS_OF_CLOUDFORMATION = [say`String`, say`Binary`]

const FILTERS: Readonly<Record<string, Filter>> = {
  // RFC 3986, section 2.3: what is not unreserved, byte for byte.
  url: (bytes) =>
    bytes.replace(
      /[^\w.~-]/g,
      (byte) => '%' + byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0'),
    ),
  // What stands between the quotes of a JSON string.
  json(bytes) {
    const text = toText(bytes)
    return toBytes(text) === bytes ? toBytes(JSON.stringify(text).slice(1, -1)) : undefined
  },
  base64: (bytes) => bufferOf(bytes).toString('base64'),
}

/** Never throws. A failure shows nothing of the value, which may be a secret after all. */
export function readReference({ name, value }: Reference): Resolvable | Failure {
  if (!isReplaceable(name)) return { code: CODE, why: say`bash cannot set a variable of this name` }
  if (/\{\{[^!-~]*resolve[^!-~]*:/i.test(value)) {
    return { code: CODE, why: say`CloudFormation has left a dynamic reference unresolved` }
  }
  const [, optional, text = ''] = /^resolve:(optional:)?(.*)$/s.exec(value) ?? []
  const parts = readParts(text)
  return 'code' in parts ? parts : { parts, isOptional: optional !== undefined }
}

function readParts(text: string): Resolvable['parts'] | Failure {
  if (text.startsWith('template:')) return readTemplate(text.slice('template:'.length))
  const target = readTarget(text)
  if (target === undefined) {
    const forms = say`resolve:secretsmanager:, resolve:ssm:, resolve:template: or resolve:optional:`
    return { code: CODE, why: say`it has to begin with ${forms}` }
  }
  return 'code' in target ? target : [{ target, filters: [], label: say`` }]
}

/** Undefined if the text names none of the two services. */
function readTarget(text: string): Target | Failure | undefined {
  if (text.startsWith('ssm:')) return readParameter(text.slice('ssm:'.length))
  if (text.startsWith('secretsmanager:')) return readSecret(text.slice('secretsmanager:'.length))
  return undefined
}

/** `<name or ARN>[:version or label]`. */
function readParameter(name: string): Target | Failure {
  const [id, ...behind] = splitId(name)
  if (id === '' || behind.length > 1 || behind[0] === '') return { code: CODE }
  return { lookup: parameterLookup(name, { withDecryption: true }), jsonKey: undefined }
}

/** `<name or ARN>[:json-key[:stage[:version-id]]]`. */
function readSecret(text: string): Target | Failure {
  const [secretId, jsonKey, versionStage, versionId, ...rest] = splitId(text)
  const isCutShort = parseArn(secretId) !== undefined && secretNameIn(secretId) === undefined
  if (secretId === '' || isCutShort) return { code: CODE }
  const kind = KINDS_OF_CLOUDFORMATION.find((one) => `secret${one}`.toLowerCase() === jsonKey?.toLowerCase())
  if (kind !== undefined) {
    const order = say`resolve:secretsmanager:<id>:<json-key>:<stage>:<version-id>`
    return { code: CODE, why: say`Secret${kind} belongs to CloudFormation's order, here it is ${order}` }
  }
  if (rest.length > 0) return { code: CODE }
  return {
    lookup: secretLookup(secretId, {
      versionId: versionId || undefined,
      versionStage: versionStage || undefined,
    }),
    jsonKey: jsonKey || undefined,
  }
}

/** Every `{{` opens a reference; `}}` elsewhere is text, as at the end of a JSON object. */
function readTemplate(text: string): Resolvable['parts'] | Failure {
  const parts: (string | Slot)[] = []
  const [first = '', ...opened] = text.split('{{')
  if (first !== '') parts.push(toBytes(first))
  for (const piece of opened) {
    const end = piece.indexOf('}}')
    if (end === -1) return { code: CODE, why: say`a {{ of the template is not closed by }}` }
    const slot = readSlot(piece.slice(0, end))
    if ('code' in slot) return slot
    parts.push(slot)
    if (end + 2 < piece.length) parts.push(toBytes(piece.slice(end + 2)))
  }
  if (opened.length === 0)
    return { code: CODE, why: say`the template has no {{secretsmanager: and no {{ssm:` }
  return parts
}

/** `secretsmanager:db:password|url`. */
function readSlot(text: string): Slot | Failure {
  const [reference = '', ...names] = text.split('|').map((one) => one.trim())
  const target = readTarget(reference)
  if (target === undefined)
    return { code: CODE, why: say`a {{ of the template begins neither secretsmanager: nor ssm:` }
  if ('code' in target) return target
  const filters = names.map((name) => (Object.hasOwn(FILTERS, name) ? FILTERS[name] : undefined))
  if (!filters.every((filter) => filter !== undefined)) {
    return { code: CODE, why: say`the filters of a template are url, json and base64` }
  }
  return { target, filters, label: shown(reference) }
}
