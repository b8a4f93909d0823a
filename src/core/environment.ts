import { createBody, type Answer, type Body } from '../answer/answer.ts'
import { membersOf, pointer, type Member } from '../answer/json-key.ts'
import { makeShape, memberShape, VALUE } from '../answer/shape.ts'
import { toBytes, toText } from '../byte-string.ts'
import type { EnvironmentSettings } from '../config/environment.ts'
import { isReject, UpstreamError, type Reject } from '../errors.ts'
import type { Log } from '../log.ts'
import { pathLookup, secretLookup, type Lookup, type SingleLookup } from '../lookup.ts'
import { say, shown, type Public } from '../public.ts'
import { readReference, type Failure, type Resolvable, type Slot, type Target } from './references.ts'
import { allowedOf, byName, readSources, variableName, type Entry, type Source } from './variable-sources.ts'

// Secrets as environment variables. `GET /environment` answers with what the wrapper (layer/exec/) puts into the
// function's environment before it starts the runtime. The body is made so that bash reads it without parsing:
//
//   NAME LENGTH\nVALUE\n       replaces a variable
//   NAME LENGTH new\nVALUE\n   becomes a variable, unless there is one
//   NAME -\n                   takes a variable away
//
// LENGTH counts the bytes of VALUE.

export interface Environment {
  /** What a prefetch is to fetch for it. */
  readonly lookups: readonly SingleLookup[]
  /** Whether it is no trouble that there is no such value: a variable is optional, and no other needs it. */
  isExpected(lookup: Lookup, error: UpstreamError): boolean
  /** Starts to fetch what a prefetch does not. */
  begin(): void
  /** Settles within `WAIT_MS`. Never rejects, but for a defect of ours. */
  answer(): Promise<Body | Reject>
}

export interface EnvironmentOptions {
  readonly settings: EnvironmentSettings
  readonly log: Log
  /** The function is started from a snapshot, which would hold the values. */
  readonly isSnapStart: boolean
  /** Whether parameters that are fetched before they are asked for would be kept. */
  readonly isKept: boolean
  load(lookup: Lookup): Promise<Answer>
}

/** A value, as a byte string, or why there is none. Absent is no failure, as it may be. */
type Resolved = { readonly bytes: string } | Failure | typeof IS_ABSENT

/** A parameter. */
interface Named {
  readonly name: string
  readonly value: string
}

/** What has no value: a variable or a source. */
interface Missing extends Failure {
  readonly what: Public
}

/** Linux' limit for `NAME=VALUE` with the zero at its end: MAX_ARG_STRLEN, execve(2). */
const LONGEST = 131_072
const TYPE = 'application/octet-stream'
const IS_ABSENT = { isAbsent: true } as const
/** The codes that say that there is no such value. */
const ABSENT = /^(ResourceNotFoundException|ParameterNotFound|ParameterVersionNotFound|JsonKeyNotFound)$/
/**
 * INIT has 10 s (Lambda developer guide, "Lambda execution environment lifecycle"), in which the wrapper waits. What has
 * not come by then is missing, so that the function's runtime still starts in time, or says why it does not.
 */
const WAIT_MS = 8_000
const LATE: Failure = { code: say`TimeoutError`, why: say`AWS did not answer within ${WAIT_MS} ms` }
/** Most failures that one answer and the log name. */
const MOST_NAMED = 20

export function createEnvironment(options: EnvironmentOptions): Environment {
  const { settings, log, isSnapStart, isKept, load } = options
  const references = settings.references.map((one) => ({ name: one.name, reference: readReference(one) }))
  const sources = readSources(settings.from)
  const replaced = new Set(references.map(({ name }) => name))
  const keysOf = (isOptional: boolean): string[] =>
    references.flatMap(({ reference }) =>
      'code' in reference || reference.isOptional !== isOptional
        ? []
        : lookupsOf(reference).map(({ key }) => key),
    )
  const optional = new Set(keysOf(true))
  for (const key of keysOf(false)) optional.delete(key)

  return {
    lookups: isSnapStart ? [] : lookups(),
    isExpected: (lookup, { code }) => ABSENT.test(code) && optional.has(lookup.key),
    begin() {
      if (isSnapStart || !isKept) return
      for (const source of sources) {
        if (source.kind === 'path')
          load(pathLookup(source.path, { isRecursive: true, withDecryption: true })).catch(() => undefined)
      }
    },
    async answer() {
      if (isSnapStart) return refusal('SnapStart', SNAP_START)
      const missing: Missing[] = []
      const { resolved, taken } = await inTime()
      let bytes = ''
      for (const { name, value } of resolved) {
        if ('bytes' in value) {
          bytes += record(name, value.bytes, '')
          continue
        }
        if ('isAbsent' in value)
          log.debug(say`environment: ${shown(name)} is optional, and there is no value`)
        else missing.push({ what: shown(name), ...value })
        // oxlint-disable-next-line no-control-regex
        if (/[\u0000-\u001f]/.test(name))
          return refusal('InvalidReference', 'a variable has a control character in its name')
        bytes += `${toBytes(name)} -\n`
      }
      for (const [name, entries] of byName(allowed(taken, missing))) {
        if (entries.length > 1) {
          if (!settings.isSet(name) && !replaced.has(name)) collided(name, entries, missing)
          continue
        }
        const value = checked(name, { bytes: toBytes(entries[0]!.value) })
        if ('bytes' in value) bytes += record(name, value.bytes, ' new')
        else missing.push({ what: shown(name), ...value })
      }
      const [first] = missing
      report(missing)
      if (first !== undefined && settings.onError === 'fail') return refusal(first.code, listed(missing))
      return createBody(bytes, TYPE)
    },
  }

  /** All that has come until the time is over. */
  async function inTime() {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<Failure>((end) => {
      timer = setTimeout(end, WAIT_MS, LATE)
    })
    try {
      const [resolved, taken] = await Promise.all([
        Promise.all(
          references.map(async ({ name, reference }) => ({
            name,
            value: checked(name, await Promise.race([resolve(reference), late])),
          })),
        ),
        Promise.all(
          sources.map(async (source) => ({ source, entries: await Promise.race([entriesOf(source), late]) })),
        ),
      ])
      return { resolved, taken }
    } finally {
      clearTimeout(timer)
    }
  }

  async function resolve(reference: Resolvable | Failure): Promise<Resolved> {
    if ('code' in reference) return reference
    const { parts, isOptional } = reference
    const values = await Promise.all(parts.map((part) => valueOf(part)))
    let bytes = ''
    const failures: Failure[] = []
    for (const value of values) {
      if ('bytes' in value) bytes += value.bytes
      else failures.push(value)
    }
    const failure = isOptional ? failures.find(({ code }) => !ABSENT.test(code)) : failures[0]
    return failure ?? (failures.length > 0 ? IS_ABSENT : { bytes })
  }

  async function valueOf(part: string | Slot): Promise<{ readonly bytes: string } | Failure> {
    if (typeof part === 'string') return { bytes: part }
    const { target, filters, label } = part
    const value = await fetched(target)
    const why = label === '' ? undefined : label
    if (typeof value !== 'string') return { code: value.code, why }
    let bytes: string | undefined = value
    for (const filter of filters) bytes = bytes === undefined ? undefined : filter(bytes)
    return bytes === undefined ? { code: say`BinaryValue`, why } : { bytes }
  }

  /** As a byte string. */
  async function fetched({ lookup, jsonKey }: Target): Promise<string | Failure> {
    try {
      const shape = shaped(await load(lookup), jsonKey)
      return isReject(shape) ? { code: shown(shape.errorType) } : shape.bytes
    } catch (error) {
      return { code: codeOf(error) }
    }
  }

  async function entriesOf(source: Source): Promise<readonly Entry[] | Failure> {
    if (source.kind === 'unknown') return source
    const { naming } = source
    try {
      if (source.kind === 'path') {
        const { path } = source
        return parametersIn(await load(pathLookup(path, { isRecursive: true, withDecryption: true }))).map(
          ({ name, value }) => ({
            origin: say`ssm:${shown(name)}`,
            name: variableName(naming, stepsBelow(path, name)),
            value,
          }),
        )
      }
      const { secretId } = source
      const shape = shaped(await load(secretLookup(secretId)), undefined)
      const text = isReject(shape) ? '' : toText(shape.bytes)
      const members = membersOf(text, naming.isWhole)
      if (members === undefined) return { code: say`InvalidJson` }
      return members.map((member) => ({
        origin: say`secretsmanager:${shown(secretId)}:${shown(keyOf(member))}`,
        name: variableName(naming, member.path),
        value: member.text,
      }))
    } catch (error) {
      return { code: codeOf(error) }
    }
  }

  function allowed(
    taken: readonly { readonly source: Source; readonly entries: readonly Entry[] | Failure }[],
    missing: Missing[],
  ): Entry[] {
    const all: Entry[] = []
    for (const { source, entries } of taken) {
      const found = 'code' in entries ? entries : allowedOf(source, entries)
      if ('code' in found) {
        missing.push({ what: source.label, ...found })
        continue
      }
      all.push(...found.allowed)
      if (found.ignored > 0)
        log.warn(say`environment: ${found.ignored} names of ${source.label} are not allowed`)
    }
    return all
  }

  /** Which of the values is meant, nobody knows: the host of one service must not meet the password of another. */
  function collided(name: string, [one, other]: readonly Entry[], missing: Missing[]): void {
    const both = say`${one!.origin} and ${other!.origin}`
    if (settings.onError === 'fail') missing.push({ what: shown(name), code: say`NameCollision`, why: both })
    else log.warn(say`environment: ${shown(name)} is in ${both}, so it is not set`)
  }

  function report(missing: readonly Missing[]): void {
    for (const { what, code, why } of missing.slice(0, MOST_NAMED)) {
      log.error(say`environment: no value for ${what}: ${code}${why === undefined ? say`` : say` (${why})`}`)
    }
    const more = missing.length - MOST_NAMED
    if (more > 0) log.error(say`environment: no value for ${more} more`)
  }

  function lookups(): SingleLookup[] {
    const ofReferences = references.flatMap(({ reference }) =>
      'code' in reference ? [] : lookupsOf(reference),
    )
    const ofSources = sources.flatMap((source) =>
      source.kind === 'secret' ? [secretLookup(source.secretId)] : [],
    )
    return [...ofReferences, ...ofSources]
  }
}

/** `answer` is that to a path. */
function parametersIn({ bytes }: Answer): Named[] {
  const { Parameters } = JSON.parse(toText(bytes)) as {
    Parameters: readonly { Name: string; Value: string | null }[]
  }
  return Parameters.flatMap(({ Name: name, Value: value }) => (value === null ? [] : [{ name, value }]))
}

function codeOf(error: unknown): Public {
  if (error instanceof UpstreamError) return error.code
  throw error
}

/** Made from a copy, so that nothing is kept with what the cache holds. */
function shaped(answer: Answer, jsonKey: string | undefined): Body | Reject {
  return makeShape({ ...answer, shapes: undefined }, jsonKey === undefined ? VALUE : memberShape(jsonKey))
}

function checked<R extends Resolved>(name: string, value: R): R | Failure {
  if (!('bytes' in value)) return value
  if (value.bytes.includes('\u0000')) return { code: say`NulInValue` }
  return name.length + value.bytes.length + 2 > LONGEST ? { code: say`ValueTooLong` } : value
}

function record(name: string, bytes: string, mark: '' | ' new'): string {
  return `${name} ${bytes.length}${mark}\n${bytes}\n`
}

function lookupsOf({ parts }: Resolvable): SingleLookup[] {
  return parts.flatMap((part) => (typeof part === 'string' ? [] : [part.target.lookup]))
}

function stepsBelow(path: string, name: string): string[] {
  return (name.startsWith(path + '/') ? name.slice(path.length + 1) : name.replace(/^\//, '')).split('/')
}

/** As a reference has it: a name, or a JSON pointer. */
function keyOf({ path }: Member): string {
  const [name = ''] = path
  return path.length > 1 || name.startsWith('/') ? pointer(path) : name
}

/** `A (ParameterNotFound), B (InvalidReference: why)`. */
function listed(missing: readonly Missing[]): string {
  const named = missing.slice(0, MOST_NAMED).map(({ what, code, why }) => {
    return why === undefined ? `${what} (${code})` : `${what} (${code}: ${why})`
  })
  const more = missing.length - named.length
  return named.join(', ') + (more > 0 ? `, and ${more} more` : '')
}

const SNAP_START =
  'environment variables would lie in the snapshot: under SnapStart the function reads its secrets itself'

function refusal(errorType: string, body: string): Reject {
  return { kind: 'reject', status: 400, errorType, body: body.replace(/[^\x20-\x7e]+/g, '?') }
}
