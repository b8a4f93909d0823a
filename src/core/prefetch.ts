import type { Answer } from '../answer/answer.ts'
import type { ReadThrough, Requested } from '../cache/read-through.ts'
import type { Config } from '../config/config.ts'
import { UpstreamError } from '../errors.ts'
import type { Log } from '../log.ts'
import {
  nameOf,
  parameterLookup,
  pathLookup,
  secretLookup,
  type Lookup,
  type ParameterLookup,
  type SecretLookup,
  type SingleLookup,
} from '../lookup.ts'
import { say, shown, type Public } from '../public.ts'
import { isKept } from './cache.ts'
import { fetchFlights, openFlight, type Flight } from './batch.ts'
import type { LazyUpstream } from './lazy-upstream.ts'
import { listedPath } from './listed-path.ts'
import { readLists, type Listed, type Lists } from './prefetch-lists.ts'
import { mayFailOverFor, spelledAnswer } from './fetch.ts'
import { isChoice, mayChoose, readChoice, type Choice } from './secret-filters.ts'
import type { Own } from './spellings.ts'
import type { Wake } from './wake.ts'

// Fetches what the function has named before it asks. Each name becomes a flight of the cache, so a caller who asks
// meanwhile waits for the same call. Nothing here rejects: a part that fails is logged in one line, and asked for again
// when it is read.

export interface Prefetch {
  /** Answers that were fetched. */
  readonly count: number
  /** As far as it is known. */
  readonly own: Own
  /** Resolves when all is settled; never rejects. `accountId` is the function's own, if it is known. */
  run(accountId: string | undefined): Promise<void>
  /**
   * For a question that has no flight of its own, but that one under way may answer: waits for that, and looks into
   * the cache. So whatever was learnt meanwhile counts. Resolves with undefined if it is not held then. Never rejects.
   */
  awaited(lookup: Lookup): Promise<Answer | undefined> | undefined
  /** Something may have changed at AWS: nobody waits any more for what was asked before. */
  changed(): void
}

export interface PrefetchOptions {
  readonly config: Config
  /** Questions besides those of the lists. */
  readonly lookups: readonly SingleLookup[]
  /** Failures that are logged at DEBUG. */
  isExpected(lookup: Lookup, error: UpstreamError): boolean
  readonly log: Log
  readonly upstream: LazyUpstream
  readonly wake: Wake
  cache(): ReadThrough<Lookup, Answer>
}

/** A list that is being fetched: the parameters below a path, or the secrets that are chosen. */
interface ListFetch {
  /** Whether an answer to that question may be in it. */
  readonly mayHold: (lookup: SingleLookup) => boolean
  /** Of its latest page. */
  requested: Requested
  isOver: boolean
  /** Whom to wake when a page has come, or no more will. */
  readonly waiting: (() => void)[]
}

/** Secrets that a list chooses without naming them. */
interface Chosen extends Choice {
  readonly role: string | undefined
}

/** Most secrets of one choice whose refusals are logged one by one. */
const MOST_NAMED = 20

/** The settings by which nothing is kept. */
const TTL: Readonly<Record<SingleLookup['store'], Public>> = {
  'secrets-manager': say`SECRETS_MANAGER_TTL`,
  'parameter-store': say`SSM_PARAMETER_STORE_TTL`,
}

/** Undefined if nothing is to be prefetched. */
export function createPrefetch(options: PrefetchOptions): Prefetch | undefined {
  const { config, lookups, log, upstream, wake, cache } = options
  const { isEmpty, batch } = config.prefetch
  if (isEmpty && lookups.length === 0) return undefined
  /** By the key of the question without decryption, which a parameter that is not encrypted answers too. */
  const siblings = new Map<string, { readonly requested: Requested; readonly settled: Promise<void> }>()
  const fetches: ListFetch[] = []
  const settings = config.upstream
  let own: Own = { accountId: undefined, region: settings.region }
  let count = 0
  let room = config.capacity

  return {
    get count() {
      return count
    },
    get own() {
      return own
    },
    async run(accountId) {
      try {
        own = { ...own, accountId }
        await wake.during(runAll)
      } catch (error) {
        warn(say`everything`, error)
      }
      forget()
    },
    awaited(lookup) {
      if (lookup.store === 'parameter-path') return undefined
      const sibling = siblings.get(lookup.key)
      if (sibling !== undefined && !hasSlept(sibling)) return sibling.settled.then(() => cache().peek(lookup))
      const list = fetches.find(({ mayHold }) => mayHold(lookup))
      return list === undefined || hasSlept(list) ? undefined : fromList(list, lookup)
    },
    changed: forget,
  }

  function forget(): void {
    siblings.clear()
    fetches.length = 0
  }

  /** Its connection may be dead since. */
  function hasSlept({ requested }: { readonly requested: Requested }): boolean {
    return requested.at < wake.wokeAt()
  }

  async function runAll(): Promise<void> {
    const asked = questionsOf(readLists(config, log))
    const flights = [...asked.secrets, ...asked.parameters].flatMap(start)
    const { maxConnections } = settings
    const mayFailOver = mayFailOverFor('read', cache())
    await Promise.all([
      fetchFlights(flights, {
        upstream,
        maxConnections,
        isSecretBatched: batch,
        isBackground: true,
        mayFailOver,
      }),
      ...asked.paths.map(fetchPath),
      ...asked.choices.map(fetchChosen),
    ])
  }

  /** Makes the question a flight. None if a caller's own was there first; else its answer is given by resolving it. */
  function start(lookup: SingleLookup): Flight[] {
    const flights: Flight[] = []
    const requested = cache().request()
    const settled = cache()
      .prefetch(lookup, () => {
        const { flight, fields } = openFlight(lookup)
        flights.push(flight)
        return fields.then((got) => spelledAnswer(lookup, got, own))
      })
      .then(
        () => void count++,
        (error: unknown) => {
          const isExpected = error instanceof UpstreamError && options.isExpected(lookup, error)
          warn(nameOf(lookup), error, isExpected ? 'debug' : 'warn')
        },
      )
    if (lookup.store === 'parameter-store') {
      const sibling = parameterLookup(lookup.name, { role: lookup.role })
      siblings.set(sibling.key, { requested, settled })
    }
    return flights
  }

  async function fetchPath({ name, role }: Listed): Promise<void> {
    const path = listedPath(name)
    if (path === undefined)
      return log.warn(say`prefetch: ${shown(name)} is no path: one is like /app/, and / is all there is`)
    // A version is in no list.
    const mayHold = (lookup: SingleLookup): boolean =>
      lookup.store === 'parameter-store' &&
      lookup.role === role &&
      lookup.name.startsWith(name) &&
      !lookup.name.includes(':')
    await fetchList(say`path=${shown(name)}`, mayHold, async (requested, onPage) => {
      const aws = await upstream.load()
      let found = 0
      await aws.fetchPath(pathLookup(path, { isRecursive: true, withDecryption: true, role }), {
        requested,
        isBackground: true,
        onPage(page, at) {
          found += page.length
          return onPage(page, at, (parameter) => {
            const lookup = parameterLookup(parameter.Name ?? '', { withDecryption: true, role })
            return [lookup, spelledAnswer(lookup, { store: 'parameter-store', parameter }, own)]
          })
        },
      })
      if (found === 0) log.warn(say`prefetch: there is no parameter below path=${shown(name)}`)
    })
  }

  async function fetchChosen(choice: Chosen): Promise<void> {
    const { label, role } = choice
    if (room === 0) return warnOfCapacity()
    const mayHold = (lookup: SingleLookup): boolean =>
      lookup.store === 'secrets-manager' &&
      lookup.role === role &&
      lookup.versionId === undefined &&
      lookup.versionStage === undefined &&
      mayChoose(choice, lookup.secretId)
    await fetchList(label, mayHold, async (requested, onPage) => {
      const aws = await upstream.load()
      let found = 0
      let refusals = 0
      await aws.fetchMatching(choice, {
        requested,
        onPage({ secrets, refused }, at) {
          found += secrets.length + refused.length
          for (const { secretId, code } of refused) {
            if (++refusals <= MOST_NAMED) log.warn(say`prefetch failed: ${code} (${shown(secretId)})`)
          }
          return onPage(secrets, at, (secret) => {
            const lookup = secretLookup(secret.Name ?? secret.ARN ?? '', { role })
            return [lookup, spelledAnswer(lookup, { store: 'secrets-manager', secret }, own)]
          })
        },
      })
      if (found === 0) log.warn(say`prefetch: there is no secret of ${label}`)
      const more = refusals - MOST_NAMED
      if (more > 0) log.warn(say`prefetch failed: ${more} more of ${label}`)
    })
  }

  /** Keeps what the pages bring, as long as there is room. Never rejects. */
  async function fetchList(
    what: Public,
    mayHold: ListFetch['mayHold'],
    fetch: (
      requested: () => Requested,
      onPage: <T>(
        page: readonly T[],
        requested: Requested,
        answerOf: (one: T) => [SingleLookup, Answer],
      ) => boolean,
    ) => Promise<void>,
  ): Promise<void> {
    const list: ListFetch = { mayHold, requested: cache().request(), isOver: false, waiting: [] }
    fetches.push(list)
    const wakeAll = (): void => {
      for (const waiter of list.waiting.splice(0)) waiter()
    }
    try {
      await fetch(
        () => (list.requested = cache().request()),
        (page, requested, answerOf) => {
          for (const one of page.slice(0, room)) {
            cache().add(...answerOf(one), { requested })
            count++
          }
          if (page.length > room) warnOfCapacity()
          room = Math.max(0, room - page.length)
          wakeAll()
          return room > 0
        },
      )
    } catch (error) {
      warn(what, error)
    } finally {
      list.isOver = true
      wakeAll()
    }
  }

  /** Looks into the cache after each page. */
  async function fromList(list: ListFetch, lookup: SingleLookup): Promise<Answer | undefined> {
    const decrypted =
      lookup.store === 'parameter-store'
        ? parameterLookup(lookup.name, { withDecryption: true, role: lookup.role })
        : lookup
    while (!list.isOver && cache().peek(decrypted) === undefined) {
      await new Promise<void>((resolve) => list.waiting.push(resolve))
    }
    return cache().peek(lookup)
  }

  /** Each question once, and no more than the cache can hold. */
  function questionsOf(lists: Lists) {
    const secretsByKey = new Map<string, SecretLookup>()
    const parametersByKey = new Map<string, ParameterLookup>()
    const pathsAsked = new Map<string, Listed>()
    const choices = new Map<string, Chosen>()
    for (const one of keptOf(lists.secrets, 'secrets-manager')) {
      if (isChoice(one.name)) {
        const choice = readChoice(one.name)
        if (typeof choice === 'string') log.warn(say`prefetch: ${shown(one.name)} ${choice}`)
        else choices.set(`${one.role} ${one.name}`, { ...choice, role: one.role })
        continue
      }
      const lookup = secretQuestion(one)
      secretsByKey.set(lookup.key, lookup)
    }
    for (const one of keptOf(lists.parameters, 'parameter-store')) {
      const lookup = parameterLookup(one.name, { withDecryption: true, role: one.role })
      if (one.name.endsWith('/')) pathsAsked.set(lookup.key, one)
      else parametersByKey.set(lookup.key, lookup)
    }
    for (const lookup of lookups) {
      // Whoever needs what would not be kept asks for it.
      if (!isKept(config, lookup)) continue
      if (lookup.store === 'secrets-manager') secretsByKey.set(lookup.key, lookup)
      else parametersByKey.set(lookup.key, lookup)
    }
    const named = secretsByKey.size + parametersByKey.size
    if (named > room) warnOfCapacity()
    const asked = {
      secrets: [...secretsByKey.values()].slice(0, room),
      parameters: [...parametersByKey.values()].slice(0, Math.max(0, room - secretsByKey.size)),
      paths: [...pathsAsked.values()],
      choices: [...choices.values()],
    }
    room = Math.max(0, room - named)
    return asked
  }

  /** The names. None, with a warning, if what is fetched would not be kept. */
  function keptOf(names: readonly Listed[], store: SingleLookup['store']): readonly Listed[] {
    if (names.length === 0 || isKept(config, { store })) return names
    log.warn(say`prefetch: nothing is kept (${config.capacity > 0 ? TTL[store] : say`the cache`} is off)`)
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

/** `MySecret`, `MySecret?versionStage=AWSPREVIOUS`: selectors as in a request. */
function secretQuestion({ name: text, role }: Listed): SecretLookup {
  const [secretId = '', query] = text.split('?', 2)
  const selectors = new URLSearchParams(query)
  return secretLookup(secretId, {
    versionId: selectors.get('versionId') || undefined,
    versionStage: selectors.get('versionStage') || undefined,
    role,
  })
}
