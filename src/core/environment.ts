import type { Ready } from '../answer/answer.ts'
import { createReady, type Answer } from '../answer/answer.ts'
import { membersOf } from '../answer/json-key.ts'
import { makeShape, memberShape, VALUE } from '../answer/shape.ts'
import {
  isAllowedName,
  type EnvironmentSettings,
  type Reference,
  type Source,
  type Target,
} from '../config/environment.ts'
import { UpstreamError, type Reject } from '../errors.ts'
import type { Log } from '../log.ts'
import {
  parameterLookup,
  pathLookup,
  secretLookup,
  type Lookup,
  type ParameterLookup,
  type SecretLookup,
} from '../lookup.ts'
import { say, shown, type Public } from '../public.ts'
import type { LazyUpstream } from './lazy-upstream.ts'

// Secrets as environment variables. `GET /environment` answers with what the wrapper (layer/exec/) puts into the
// function's environment before it starts the runtime. The body is made so that bash reads it without parsing:
//
//   NAME LENGTH\nVALUE\n       replaces a variable
//   NAME LENGTH new\nVALUE\n   becomes a variable, unless there is one
//   NAME -\n                   takes a variable away
//
// LENGTH counts the bytes of VALUE.

type Single = SecretLookup | ParameterLookup

export interface Environment {
  /** What a prefetch is to fetch for it. */
  readonly lookups: readonly Single[]
  /** Starts to fetch what a prefetch does not. */
  begin(): void
  /** Never rejects, but for a defect of ours. */
  answer(): Promise<Ready | Reject>
}

export interface EnvironmentOptions {
  readonly settings: EnvironmentSettings
  readonly log: Log
  readonly upstream: LazyUpstream
  /** The function is started from a snapshot, which would hold the values. */
  readonly isSnapStart: boolean
  load(lookup: Lookup): Promise<Answer>
}

/** A value, as a byte string, or the code that says why there is none. */
type Resolved = { readonly bytes: string } | { readonly code: Public }

/** Linux' limit for `NAME=VALUE` with the zero at its end: MAX_ARG_STRLEN, execve(2). */
const LONGEST = 131_072
const TYPE = 'application/octet-stream'

export function createEnvironment(options: EnvironmentOptions): Environment {
  const { settings, log, upstream, isSnapStart, load } = options
  const { references, sources, onError } = settings
  const paths = new Map<string, Promise<Map<string, string>>>()

  return {
    lookups: isSnapStart ? [] : lookupsOf(settings),
    begin() {
      if (isSnapStart) return
      for (const source of sources) {
        if (source.kind === 'path') fetchPath(source.path).catch(() => undefined)
      }
    },
    async answer() {
      if (isSnapStart) return refusal('SnapStart', SNAP_START)
      const [resolved, taken] = await Promise.all([
        Promise.all(references.map(async (one) => [one, checked(one.name, await resolve(one))] as const)),
        Promise.all(sources.map(async (source) => [source, await variablesOf(source)] as const)),
      ])
      let bytes = ''
      const failures: { readonly what: Public; readonly code: Public }[] = []
      for (const [{ name }, value] of resolved) {
        if ('bytes' in value) bytes += `${name} ${value.bytes.length}\n${value.bytes}\n`
        else {
          failures.push({ what: shown(name), code: value.code })
          bytes += `${name} -\n`
        }
      }
      for (const [source, variables] of taken) {
        if ('code' in variables) {
          failures.push({ what: labelOf(source), code: variables.code })
          continue
        }
        let ignored = 0
        for (const [name, text] of variables.members) {
          const value = checked(name, { bytes: Buffer.from(text, 'utf8').toString('latin1') })
          if (!isAllowedName(name)) ignored++
          else if ('bytes' in value) bytes += `${name} ${value.bytes.length} new\n${value.bytes}\n`
          else failures.push({ what: shown(name), code: value.code })
        }
        if (ignored > 0) log.warn(say`environment: ${ignored} names of ${labelOf(source)} are not allowed`)
      }
      for (const { what, code } of failures) log.error(say`environment: no value for ${what}: ${code}`)
      const [first] = failures
      if (first !== undefined && onError === 'fail') {
        return refusal(first.code, failures.map(({ what, code }) => `${what} (${code})`).join(', '))
      }
      return createReady(bytes, TYPE)
    },
  }

  async function resolve({ target }: Reference): Promise<Resolved> {
    if (target === undefined) return { code: say`InvalidReference` }
    try {
      const answer = await load(lookupOf(target))
      const jsonKey = target.store === 'secrets-manager' ? target.jsonKey : undefined
      const shape = shaped(answer, jsonKey)
      return 'kind' in shape ? { code: shown(shape.errorType) } : shape
    } catch (error) {
      return { code: codeOf(error) }
    }
  }

  async function variablesOf(
    source: Source,
  ): Promise<{ readonly members: Map<string, string> } | { readonly code: Public }> {
    try {
      if (source.kind === 'path') {
        return { members: await fetchPath(source.path).finally(() => paths.delete(source.path)) }
      }
      const answer = await load(secretLookup(source.secretId, undefined, undefined))
      const shape = shaped(answer, undefined)
      const members =
        'kind' in shape ? undefined : membersOf(Buffer.from(shape.bytes, 'latin1').toString('utf8'))
      return members === undefined ? { code: say`InvalidJson` } : { members }
    } catch (error) {
      return { code: codeOf(error) }
    }
  }

  /** The parameters below a path by the last step of their names. Kept until they are told, or have failed. */
  function fetchPath(path: string): Promise<Map<string, string>> {
    const known = paths.get(path)
    if (known !== undefined) return known
    const fetching = (async () => {
      const members = new Map<string, string>()
      const half = await upstream.load()
      await half.fetchPath(pathLookup(path, true, true), (page) => {
        for (const { Name: name = '', Value: value } of page) {
          const last = name.slice(name.lastIndexOf('/') + 1)
          if (value !== undefined && !members.has(last)) members.set(last, value)
        }
        return true
      })
      return members
    })()
    paths.set(path, fetching)
    fetching.catch(() => paths.delete(path))
    return fetching
  }
}

function codeOf(error: unknown): Public {
  if (error instanceof UpstreamError) return error.code
  throw error
}

/** Made from a copy, so that nothing is kept with what the cache holds. */
function shaped(answer: Answer, jsonKey: string | undefined): Ready | Reject {
  return makeShape({ ...answer, shapes: undefined }, jsonKey === undefined ? VALUE : memberShape(jsonKey))
}

function checked(name: string, value: Resolved): Resolved {
  if (!('bytes' in value)) return value
  if (value.bytes.includes('\u0000')) return { code: say`NulInValue` }
  return name.length + value.bytes.length + 2 > LONGEST ? { code: say`ValueTooLong` } : value
}

function lookupsOf({ references, sources }: EnvironmentSettings): Single[] {
  const ofReferences = references.flatMap(({ target }) => (target === undefined ? [] : [lookupOf(target)]))
  const ofSources = sources.flatMap((source) =>
    source.kind === 'secret' ? [secretLookup(source.secretId, undefined, undefined)] : [],
  )
  return [...ofReferences, ...ofSources]
}

function lookupOf(target: Target): Single {
  return target.store === 'secrets-manager'
    ? secretLookup(target.secretId, target.versionId, target.versionStage)
    : parameterLookup(target.name, undefined, true)
}

function labelOf(source: Source): Public {
  return source.kind === 'secret'
    ? say`secretsmanager:${shown(source.secretId)}`
    : say`ssm:${shown(source.path)}`
}

const SNAP_START =
  'environment variables would lie in the snapshot: under SnapStart the function reads its secrets itself'

function refusal(errorType: string, body: string): Reject {
  return { kind: 'reject', status: 400, errorType, body: body.replace(/[^\x20-\x7e]+/g, '?') }
}
