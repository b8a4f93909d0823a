import { toText } from '../../byte-string.ts'
import { parseObject } from '../../json.ts'
import { WIRE } from '../../answer/shape.ts'
import { parameterLookup, pathLookup, secretLookup, type Lookup } from '../../lookup.ts'
import { serviceOf, type Changes, type RawCall, type Service, type Target } from '../../raw-call.ts'
import type { Read, ReadMany } from '../read.ts'
import type { SdkHeaders } from './headers.ts'

// What an AWS SDK asks: a read that the cache can answer, a call to be passed through to AWS, or why neither.

/** A call that AWS answers. */
export interface Pass {
  readonly kind: 'pass'
  readonly call: RawCall
  readonly changes: Changes
}

/** An error that AWS would answer with. */
interface Refusal {
  readonly kind: 'refusal'
  readonly code: string
  readonly message: string
}

export type SdkQuestion = Read | ReadMany | Pass | Refusal

const TARGET = /^(secretsmanager|AmazonSSM)\.[A-Za-z]{1,64}$/
/** The member that names what a write changes, by service, and by call where it is another one. */
const NAMED_BY: Readonly<Record<Service, string> & Record<string, string>> = {
  secretsmanager: 'SecretId',
  AmazonSSM: 'Name',
  'secretsmanager.CreateSecret': 'Name',
  'AmazonSSM.DeleteParameters': 'Names',
}
/** Most names of a write: those of DeleteParameters. */
const MOST_NAMES = 10
const READS = /\.(Get|List|Describe|BatchGet|Validate)/
const PARAMETERS_A_CALL = 10
const SECRETS_A_CALL = 20
const UNKNOWN_OPERATION: Refusal = {
  kind: 'refusal',
  code: 'UnknownOperationException',
  message: 'operations of secretsmanager and AmazonSSM are served',
}
const NOT_JSON: Refusal = {
  kind: 'refusal',
  code: 'SerializationException',
  message: 'the request body is no JSON object',
}

// Enough for every question of a full cache. A longer body than this is parsed each time it comes.
const REMEMBERED_QUESTIONS = 1_000
const REMEMBERED_LENGTH = 1_024

type Signed = Pick<SdkHeaders, 'target' | 'region'>

/** `sdkQuestion` with a memory of the reads seen, so that a repeated one is one Map look-up. */
export function createSdkRouter(own: string | undefined): (signed: Signed, body: string) => SdkQuestion {
  const seen = new Map<string, SdkQuestion>()
  return (signed, body) => {
    if (body.length > REMEMBERED_LENGTH) return sdkQuestion(signed, body, own)
    const text = `${signed.target} ${signed.region} ${body}`
    const known = seen.get(text)
    if (known !== undefined) return known
    const fresh = sdkQuestion(signed, body, own)
    if ((fresh.kind === 'read' || fresh.kind === 'many') && text.length <= REMEMBERED_LENGTH) {
      if (seen.size >= REMEMBERED_QUESTIONS) seen.clear()
      seen.set(text, fresh)
    }
    return fresh
  }
}

/** `own` is the function's region; that of the request, empty if unknown, is the one the caller signed for. */
export function sdkQuestion({ target, region }: Signed, body: string, own: string | undefined): SdkQuestion {
  if (!isTarget(target)) return UNKNOWN_OPERATION
  const input = parseObject(toText(body))
  if (input === undefined) return NOT_JSON
  const isForeign = region !== '' && region !== own
  const known = isForeign ? undefined : knownQuestion(target, input)
  if (known !== undefined) return known
  const call = { target, region: isForeign ? region : undefined, body }
  return { kind: 'pass', call, changes: isChange(target) ? changesOf(target, input) : [] }
}

type Input = Readonly<Record<string, unknown>>

/** Undefined for other operations, and for input that AWS must judge. */
function knownQuestion(target: string, input: Input): Read | ReadMany | undefined {
  switch (target) {
    case 'secretsmanager.GetSecretValue': {
      const { SecretId, VersionId, VersionStage, ...others } = input
      const areValid = isName(SecretId) && isOptional(VersionId, isName) && isOptional(VersionStage, isName)
      if (!areValid || !isEmpty(others)) return undefined
      const selectors = { versionId: VersionId ?? undefined, versionStage: VersionStage ?? undefined }
      return readOf(secretLookup(SecretId, selectors))
    }
    case 'AmazonSSM.GetParameter': {
      const { Name, WithDecryption, ...others } = input
      if (!isName(Name) || !isOptional(WithDecryption, isBoolean) || !isEmpty(others)) return undefined
      return readOf(parameterLookup(Name, { withDecryption: WithDecryption ?? false }))
    }
    case 'AmazonSSM.GetParametersByPath': {
      const { Path, Recursive, WithDecryption, ...others } = input
      const areFlags = isOptional(Recursive, isBoolean) && isOptional(WithDecryption, isBoolean)
      if (!isName(Path) || !areFlags || !isEmpty(others)) return undefined
      return readOf(
        pathLookup(Path, { isRecursive: Recursive ?? false, withDecryption: WithDecryption ?? false }),
      )
    }
    case 'AmazonSSM.GetParameters': {
      const { Names, WithDecryption, ...others } = input
      const areValid = areNames(Names, PARAMETERS_A_CALL) && isOptional(WithDecryption, isBoolean)
      if (!areValid || !isEmpty(others)) return undefined
      const selectors = { withDecryption: WithDecryption ?? false }
      return manyOf(
        'parameter-store',
        Names.map((name) => parameterLookup(name, selectors)),
      )
    }
    case 'secretsmanager.BatchGetSecretValue': {
      const { SecretIdList, ...others } = input
      if (!areNames(SecretIdList, SECRETS_A_CALL) || !isEmpty(others)) return undefined
      return manyOf(
        'secrets-manager',
        SecretIdList.map((id) => secretLookup(id)),
      )
    }
    default:
      return undefined
  }
}

function readOf(lookup: Lookup): Read {
  return { kind: 'read', lookup, shape: WIRE, refreshNow: false }
}

function manyOf(store: ReadMany['store'], lookups: ReadMany['lookups']): ReadMany {
  return { kind: 'many', store, lookups, refreshNow: false, isWire: true }
}

function isTarget(text: string): text is Target {
  return TARGET.test(text)
}

/** Secrets Manager has nothing but secrets, Systems Manager much besides parameters. */
function isChange(target: Target): boolean {
  return !READS.test(target) && (serviceOf(target) !== 'AmazonSSM' || target.includes('Parameter'))
}

/**
 * By the operation's own member alone: AWS ignores the others. Where that names nothing it is not known what AWS does.
 */
function changesOf(target: Target, input: Input): Changes {
  const names = [input[NAMED_BY[target] ?? NAMED_BY[serviceOf(target)]]].flat()
  return names.length > 0 && names.length <= MOST_NAMES && names.every(isName) ? names : 'everything'
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && !value.includes('\u0000')
}

/** Names that are all different, as many as a call may hold. */
function areNames(value: unknown, most: number): value is string[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > most || !value.every(isName)) return false
  return new Set(value).size === value.length
}

function isBoolean(value: unknown): value is boolean {
  return typeof value === 'boolean'
}

/** AWS reads `null` as absent. */
function isOptional<T>(value: unknown, is: (value: unknown) => value is T): value is T | undefined | null {
  return value === undefined || value === null || is(value)
}

function isEmpty(object: Input): boolean {
  return Object.keys(object).length === 0
}
