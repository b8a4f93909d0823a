import { createBody, type Answer, type Body } from '../answer/answer.ts'
import { toText } from '../byte-string.ts'
import type { EnvironmentSettings } from '../config/environment.ts'
import { isReject, reject, type Reject, type UpstreamError } from '../errors.ts'
import type { Log } from '../log.ts'
import { pathLookup, secretLookup, type Lookup, type PathLookup, type SingleLookup } from '../lookup.ts'
import { printable, say, shown } from '../public.ts'
import { EnvironmentBody, MOST_BYTES, TOO_LONG } from './environment-body.ts'
import { Missing, MOST_NAMED } from './missing.ts'
import { readReference, type Failure, type Resolvable } from './references.ts'
import {
  allowedOf,
  entriesOfPath,
  entriesOfSecret,
  NamedEntries,
  shownOrigin,
  type Entry,
} from './source-entries.ts'
import { codeOf, createResolver, isAbsence, shaped } from './variable-values.ts'
import { readSources, type Source } from './variable-sources.ts'

// Secrets as environment variables. `GET /environment` answers with what the wrapper (layer/exec/) puts into the
// function's environment before it starts the runtime: a value for each reference (references.ts, variable-values.ts),
// and what sources hold (variable-sources.ts, source-entries.ts), in the form of environment-body.ts.

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

const TYPE = 'application/octet-stream'
/**
 * INIT has 10 s (Lambda developer guide, "Lambda execution environment lifecycle"), in which the wrapper waits. What
 * has not come by then is missing, so that the function's runtime still starts in time, or says why it does not.
 */
const WAIT_MS = 8_000
const LATE: Failure = { code: say`TimeoutError`, why: say`AWS did not answer within ${WAIT_MS} ms` }
const SNAP_START = reject(
  400,
  'SnapStart',
  'environment variables would lie in the snapshot: under SnapStart the function reads its secrets itself',
)
const BAD_NAME = reject(400, 'InvalidReference', 'a variable has a control character in its name')

export function createEnvironment(options: EnvironmentOptions): Environment {
  const { settings, log, isSnapStart, isKept, load } = options
  const references = settings.references.map((one) => ({ name: one.name, reference: readReference(one) }))
  const sources = readSources(settings.from)
  const resolvable = references.flatMap(({ reference }) => ('code' in reference ? [] : [reference]))
  const keysOf = (isOptional: boolean): string[] =>
    resolvable
      .filter((one) => one.isOptional === isOptional)
      .flatMap((one) => lookupsOf(one).map(({ key }) => key))
  const optional = new Set(keysOf(true))
  for (const key of keysOf(false)) optional.delete(key)

  return {
    lookups: isSnapStart ? [] : lookups(),
    isExpected: (lookup, { code }) => isAbsence(code) && optional.has(lookup.key),
    begin() {
      if (isSnapStart || !isKept) return
      for (const source of sources) {
        if (source.kind === 'path') load(listOf(source)).catch(() => undefined)
      }
    },
    async answer() {
      if (isSnapStart) return SNAP_START
      const missing = new Missing()
      const body = new EnvironmentBody()
      const { resolved, held } = await inTime()
      for (const { name, value } of resolved) {
        const failure = 'bytes' in value ? body.set(name, value.bytes, false) : value
        if (failure === undefined) continue
        if ('isAbsent' in failure)
          log.debug(say`environment: ${shown(name)} is optional, and there is no value`)
        else missing.add(shown(name), failure)
        // oxlint-disable-next-line no-control-regex
        if (/[\u0000-\u001f]/.test(name)) return BAD_NAME
        body.unset(name)
      }
      addNew(named(held, missing), body, missing)
      missing.report(log)
      if (missing.code !== undefined && settings.onError === 'fail')
        return reject(400, missing.code, printable(String(missing)))
      return createBody(body.bytes, TYPE)
    },
  }

  /** All that has come until the time is over. */
  async function inTime() {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<Failure>((end) => {
      timer = setTimeout(end, WAIT_MS, LATE)
    })
    const resolve = createResolver(load)
    try {
      const [resolved, held] = await Promise.all([
        Promise.all(
          references.map(async ({ name, reference }) => ({
            name,
            value: await Promise.race([resolve(reference), late]),
          })),
        ),
        Promise.all(
          sources.map(async (source) => ({ source, answer: await Promise.race([answerOf(source), late]) })),
        ),
      ])
      return { resolved, held }
    } finally {
      clearTimeout(timer)
    }
  }

  async function answerOf(source: Source): Promise<Answer | Failure> {
    if (source.kind === 'unknown') return source
    try {
      return await load(source.kind === 'path' ? listOf(source) : secretLookup(source.secretId))
    } catch (error) {
      return { code: codeOf(error) }
    }
  }

  /** What the sources hold, by name. One is looked into after the other, because each may hold much. */
  function named(
    held: readonly { readonly source: Source; readonly answer: Answer | Failure }[],
    missing: Missing,
  ): NamedEntries {
    const all = new NamedEntries(MOST_BYTES)
    for (const { source, answer } of held) {
      const entries = 'code' in answer ? answer : entriesOf(source, answer)
      const found = 'code' in entries ? entries : allowedOf(source, entries)
      if ('code' in found) {
        missing.add(source.label, found)
        continue
      }
      for (const entry of found.allowed) if (!all.add(entry)) lacks(entry.name, TOO_LONG, missing)
      if (found.ignored > 0)
        log.warn(say`environment: ${found.ignored} names of ${source.label} are not allowed`)
    }
    return all
  }

  function addNew(all: NamedEntries, body: EnvironmentBody, missing: Missing): void {
    let collisions = 0
    for (const { entry, other } of all) {
      const { name, value, origin } = entry
      if (other === undefined) {
        const failure = body.set(name, value, true)
        if (failure !== undefined) lacks(name, failure, missing)
        continue
      }
      // Which of the values is meant, nobody knows: the host of one service must not meet the password of another.
      const both = say`${shownOrigin(origin)} and ${shownOrigin(other)}`
      if (settings.onError === 'fail') lacks(name, { code: say`NameCollision`, why: both }, missing)
      else if (!settings.isSet(name) && ++collisions <= MOST_NAMED)
        log.warn(say`environment: ${shown(name)} is in ${both}, so it is not set`)
    }
    const more = collisions - MOST_NAMED
    if (more > 0) log.warn(say`environment: ${more} more names are in two places, so they are not set`)
  }

  /** Whoever has set a variable of that name needs no other value. */
  function lacks(name: string, failure: Failure, missing: Missing): void {
    if (!settings.isSet(name)) missing.add(shown(name), failure)
  }

  function lookups(): SingleLookup[] {
    const ofSources = sources.flatMap((source) =>
      source.kind === 'secret' ? [secretLookup(source.secretId)] : [],
    )
    return [...resolvable.flatMap(lookupsOf), ...ofSources]
  }
}

function entriesOf(source: Source, answer: Answer): readonly Entry[] | Failure {
  if (source.kind === 'unknown') return source
  if (source.kind === 'path') return entriesOfPath(source.path, source.naming, answer)
  const shape = shaped(answer, undefined)
  const entries = isReject(shape)
    ? undefined
    : entriesOfSecret(source.secretId, source.naming, toText(shape.bytes))
  return entries ?? { code: say`InvalidJson` }
}

function listOf({ path }: { readonly path: string }): PathLookup {
  return pathLookup(path, { isRecursive: true, withDecryption: true })
}

function lookupsOf({ parts }: Resolvable): SingleLookup[] {
  return parts.flatMap((part) => (typeof part === 'string' ? [] : [part.target.lookup]))
}
