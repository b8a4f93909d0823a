import { createAnswer, type Answer } from '../answer/answer.ts'
import { goShape } from '../answer/go-shape.ts'
import type { ReadThrough } from '../cache/read-through.ts'
import type { Config } from '../config/config.ts'
import { UpstreamError } from '../errors.ts'
import type { Fields } from '../fields.ts'
import type { Log } from '../log.ts'
import {
  nameOf,
  parameterLookup,
  pathLookup,
  secretLookup,
  type Lookup,
  type ParameterLookup,
  type SecretLookup,
} from '../lookup.ts'
import { say, shown, type Public } from '../public.ts'
import { fetchFlights, openFlight, type Flight } from './batch.ts'
import type { LazyUpstream } from './lazy-upstream.ts'
import { readLists, type Listed, type Lists } from './prefetch-lists.ts'
import { spellingsOf, type Own } from './spellings.ts'

// Fetches what the function has named before it asks. Each name becomes a flight of the cache, so a caller who asks
// meanwhile waits for the same call. Nothing here rejects: a part that fails is logged in one line, and asked for again
// when it is read.

export interface Prefetch {
  /** Answers that were fetched. */
  readonly count: number
  /** Resolves when all is settled; never rejects. `accountId` is the function's own, if it is known. */
  run(accountId: string | undefined): Promise<void>
  /**
   * For a question that has no flight of its own, but that one under way may answer. Resolves with undefined if none
   * did. Never rejects.
   */
  awaited(lookup: Lookup): Promise<Answer | undefined> | undefined
}

export interface PrefetchOptions {
  readonly config: Config
  /** Questions besides those of the lists. */
  readonly lookups: readonly (SecretLookup | ParameterLookup)[]
  /** Failures that are logged at DEBUG. */
  isExpected(lookup: Lookup, error: UpstreamError): boolean
  readonly log: Log
  readonly upstream: LazyUpstream
  cache(): ReadThrough<Lookup, Answer>
}

/** Undefined if nothing is to be prefetched. */
export function createPrefetch(options: PrefetchOptions): Prefetch | undefined {
  const { config, lookups, log, upstream, cache } = options
  const { isEmpty, batch } = config.prefetch
  if (isEmpty && lookups.length === 0) return undefined
  /** By the key of the question without decryption, which a parameter that is not encrypted answers too. */
  const siblings = new Map<string, Promise<Answer | undefined>>()
  const paths: (Listed & { settled: Promise<void> })[] = []
  const settings = config.upstream
  let count = 0
  let room = config.capacity

  return {
    get count() {
      return count
    },
    async run(accountId) {
      try {
        await runAll({ accountId, region: settings.region })
      } catch (error) {
        warn(say`everything`, error)
      }
      siblings.clear()
      paths.length = 0
    },
    awaited(lookup) {
      if (lookup.store !== 'parameter-store') return undefined
      const sibling = siblings.get(lookup.key)
      if (sibling !== undefined) return sibling
      const path = paths.find(({ name, role }) => role === lookup.role && lookup.name.startsWith(name))
      if (path !== undefined) return path.settled.then(() => held(lookup))
      return undefined
    },
  }

  async function runAll(own: Own): Promise<void> {
    const asked = questionsOf(readLists(config, log))
    const flights = [...asked.secrets, ...asked.parameters].map((lookup) => start(lookup, own))
    const byPath = asked.paths.map((path) => {
      const settled = fetchPath(path, own)
      paths.push({ ...path, settled })
      return settled
    })
    const { maxConnections } = settings
    await Promise.all([
      fetchFlights(flights, { upstream, maxConnections, isSecretBatched: batch }),
      ...byPath,
    ])
  }

  /** Makes the question a flight. Its answer is given later, by resolving the flight. */
  function start(lookup: SecretLookup | ParameterLookup, own: Own): Flight {
    const { flight, fields } = openFlight(lookup)
    const answer = fields.then((got) => answerOf(lookup, got, own))
    answer.catch(() => undefined) // Nobody waits for it if a caller's own flight was there first.
    const led = cache().lead(lookup, answer)
    const done = led.then(
      (got) => {
        count++
        return got
      },
      (error: unknown) => {
        const isExpected = error instanceof UpstreamError && options.isExpected(lookup, error)
        warn(nameOf(lookup), error, isExpected ? 'debug' : 'warn')
        return undefined
      },
    )
    if (lookup.store === 'parameter-store') {
      const sibling = parameterLookup(lookup.name, undefined, false, lookup.role).key
      siblings.set(
        sibling,
        done.then((got) => (got?.aliases.includes(sibling) === true ? got : undefined)),
      )
    }
    return flight
  }

  async function fetchPath({ name: path, role }: Listed, own: Own): Promise<void> {
    try {
      const half = await upstream.load()
      let found = 0
      await half.fetchPath(
        pathLookup(path === '/' ? path : path.slice(0, -1), true, true, role),
        (page, askedAt) => {
          found += page.length
          for (const parameter of page.slice(0, room)) {
            const lookup = parameterLookup(parameter.Name ?? '', undefined, true, role)
            const answer = answerOf(lookup, { store: 'parameter-store', parameter }, own)
            cache()
              .lead(lookup, Promise.resolve(answer), askedAt)
              .then(
                () => count++,
                () => undefined, // A caller's own flight was there first, and tells the caller.
              )
          }
          if (page.length > room) warnOfCapacity()
          room = Math.max(0, room - page.length)
          return room > 0
        },
      )
      if (found === 0) log.warn(say`prefetch: there is no parameter below path=${shown(path)}`)
    } catch (error) {
      warn(say`path=${shown(path)}`, error)
    }
  }

  function held(lookup: ParameterLookup): Answer | undefined {
    return cache().peek(lookup)
  }

  /** Each question once, and no more than the cache can hold. */
  function questionsOf(lists: Lists) {
    const secretsByKey = new Map<string, SecretLookup>()
    const parametersByKey = new Map<string, ParameterLookup>()
    const pathsAsked = new Map<string, Listed>()
    for (const one of isKept(config.secretsTtlMs, say`SECRETS_MANAGER_TTL`, lists.secrets)) {
      const lookup = secretQuestion(one)
      secretsByKey.set(lookup.key, lookup)
    }
    for (const one of isKept(config.parametersTtlMs, say`SSM_PARAMETER_STORE_TTL`, lists.parameters)) {
      const lookup = parameterLookup(one.name, undefined, true, one.role)
      if (one.name.endsWith('/')) pathsAsked.set(lookup.key, one)
      else parametersByKey.set(lookup.key, lookup)
    }
    for (const lookup of keptOf(lookups)) {
      if (lookup.store === 'secrets-manager') secretsByKey.set(lookup.key, lookup)
      else parametersByKey.set(lookup.key, lookup)
    }
    const named = secretsByKey.size + parametersByKey.size
    if (named > room) warnOfCapacity()
    const asked = {
      secrets: [...secretsByKey.values()].slice(0, room),
      parameters: [...parametersByKey.values()].slice(0, Math.max(0, room - secretsByKey.size)),
      paths: [...pathsAsked.values()],
    }
    room = Math.max(0, room - named)
    return asked
  }

  /** Those that would be kept; whoever needs the others asks for them. */
  function keptOf(all: PrefetchOptions['lookups']): PrefetchOptions['lookups'] {
    if (!config.cacheEnabled || config.capacity === 0) return []
    return all.filter(
      ({ store }) => (store === 'secrets-manager' ? config.secretsTtlMs : config.parametersTtlMs) > 0,
    )
  }

  /** The names. None, with a warning, if what is fetched would not be kept. */
  function isKept(ttlMs: number, ttl: Public, names: readonly Listed[]): readonly Listed[] {
    if (names.length === 0 || (ttlMs > 0 && config.cacheEnabled && config.capacity > 0)) return names
    log.warn(
      say`prefetch: nothing is kept (${config.cacheEnabled && config.capacity > 0 ? ttl : say`the cache`} is off)`,
    )
    return []
  }

  function warnOfCapacity(): void {
    log.warn(say`prefetch: more than the ${config.capacity} that the cache holds; the rest is left out`)
  }

  function warn(what: Public, error: unknown, level: 'debug' | 'warn' = 'warn'): void {
    const why = error instanceof UpstreamError ? error.report : say`internal error`
    log[level](say`prefetch failed: ${why} (${what})`)
  }
}

function answerOf(lookup: SecretLookup | ParameterLookup, fields: Fields, own: Own): Answer {
  return createAnswer(goShape(fields), spellingsOf(lookup, fields, own))
}

/** `MySecret`, `MySecret?versionStage=AWSPREVIOUS`: selectors as in a request. */
function secretQuestion({ name: text, role }: Listed): SecretLookup {
  const [secretId = '', query] = text.split('?', 2)
  const selectors = new URLSearchParams(query)
  return secretLookup(
    secretId,
    selectors.get('versionId') || undefined,
    selectors.get('versionStage') || undefined,
    role,
  )
}
