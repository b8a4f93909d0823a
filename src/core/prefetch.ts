import type { Answer } from '../answer/answer.ts'
import type { Requested } from '../cache/read-through.ts'
import { UpstreamError } from '../errors.ts'
import { nameOf, parameterLookup, pathLookup, secretLookup, type SingleLookup } from '../lookup.ts'
import { say, shown, type Public } from '../public.ts'
import { fetchFlights, openFlight, type Flight } from './batch.ts'
import { readLists } from './prefetch-lists.ts'
import { questionsOf, type Chosen, type ListedPath } from './prefetch-questions.ts'
import { createPrefetchWaits, type PrefetchWaits } from './prefetch-waits.ts'
import { mayFailOverFor, spelledAnswer, type FetchOptions } from './fetch.ts'
import { mayChoose } from './secret-filters.ts'
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
  readonly awaited: PrefetchWaits['awaited']
  /** Something may have changed at AWS: nobody waits any more for what was asked before. */
  changed(): void
}

export interface PrefetchOptions extends Omit<FetchOptions, 'prefetch'> {
  /** Questions besides those of the lists. */
  readonly lookups: readonly SingleLookup[]
  readonly wake: Wake
}

/** How many warnings of a prefetch are written: its lists may have any length, and all may fail. */
const MOST_WARNINGS = 20

/** Undefined if nothing is to be prefetched. */
export function createPrefetch(options: PrefetchOptions): Prefetch | undefined {
  const { config, lookups, log, upstream, wake, cache } = options
  const { isEmpty, batch } = config.prefetch
  if (isEmpty && lookups.length === 0) return undefined
  const { maxConnections, region } = config.upstream
  const waits = createPrefetchWaits({ wake, cache })
  let warned = 0
  const warn = (line: Public): void => {
    if (++warned <= MOST_WARNINGS) log.warn(line)
  }
  let own: Own = { accountId: undefined, region }
  let count = 0
  let room = config.capacity
  /** Something is left out, because the cache does not hold more. */
  let isCut = false

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
        failed(say`everything`, error)
      }
      if (warned > MOST_WARNINGS) log.warn(say`prefetch: and ${warned - MOST_WARNINGS} more warnings`)
      warned = 0
      waits.forget()
    },
    awaited: waits.awaited,
    changed: waits.forget,
  }

  async function runAll(): Promise<void> {
    const asked = questionsOf(config, { lists: readLists(config, { warn }), lookups, warn })
    isCut = asked.isCut
    room -= asked.named.length
    const flights = asked.named.flatMap(start)
    const mayFailOver = mayFailOverFor('read', cache())
    await Promise.all([
      fetchFlights(flights, {
        upstream,
        maxConnections,
        isSecretBatched: batch,
        isBackground: true,
        mayFailOver,
      }),
      fetchLists([
        ...asked.paths.map((path) => () => fetchPath(path)),
        ...asked.choices.map((choice) => () => fetchChosen(choice)),
      ]),
    ])
    if (isCut)
      log.warn(say`prefetch: more than the ${config.capacity} that the cache holds; the rest is left out`)
  }

  /** A few at a time, as long as there is room for what they bring. */
  async function fetchLists(lists: readonly (() => Promise<void>)[]): Promise<void> {
    const left = lists.values()
    const work = async (): Promise<void> => {
      for (const fetch of left) {
        if (room > 0) await fetch()
        else isCut = true
      }
    }
    await Promise.all(Array.from({ length: Math.min(maxConnections, lists.length) }, work))
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
          failed(nameOf(lookup), error, isExpected)
        },
      )
    if (lookup.store === 'parameter-store') waits.alone(lookup, requested, settled)
    return flights
  }

  async function fetchPath({ name, role, path }: ListedPath): Promise<void> {
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
      if (found === 0) warn(say`prefetch: there is no parameter below path=${shown(name)}`)
    })
  }

  async function fetchChosen(choice: Chosen): Promise<void> {
    const { label, role } = choice
    const mayHold = (lookup: SingleLookup): boolean =>
      lookup.store === 'secrets-manager' &&
      lookup.role === role &&
      lookup.versionId === undefined &&
      lookup.versionStage === undefined &&
      mayChoose(choice, lookup.secretId)
    await fetchList(label, mayHold, async (requested, onPage) => {
      const aws = await upstream.load()
      let found = 0
      await aws.fetchMatching(choice, {
        requested,
        onPage({ secrets, refused }, at) {
          found += secrets.length + refused.length
          for (const { secretId, code } of refused) warn(say`prefetch failed: ${code} (${shown(secretId)})`)
          return onPage(secrets, at, (secret) => {
            const lookup = secretLookup(secret.Name ?? secret.ARN ?? '', { role })
            return [lookup, spelledAnswer(lookup, { store: 'secrets-manager', secret }, own)]
          })
        },
      })
      if (found === 0) warn(say`prefetch: there is no secret of ${label}`)
    })
  }

  /** Keeps what the pages bring, as long as there is room. Never rejects. */
  async function fetchList(
    what: Public,
    mayHold: (lookup: SingleLookup) => boolean,
    fetch: (
      requested: () => Requested,
      onPage: <T>(
        page: readonly T[],
        requested: Requested,
        answerOf: (one: T) => [SingleLookup, Answer],
      ) => boolean,
    ) => Promise<void>,
  ): Promise<void> {
    const list = waits.list(mayHold)
    try {
      await fetch(list.requested, (page, requested, answerOf) => {
        const isAll = page.length <= room
        for (const one of page.slice(0, room)) {
          cache().add(...answerOf(one), { requested })
          count++
        }
        room = Math.max(0, room - page.length)
        if (!isAll) isCut = true
        list.came()
        return isAll
      })
    } catch (error) {
      failed(what, error)
    } finally {
      list.over()
    }
  }

  function failed(what: Public, error: unknown, isExpected = false): void {
    const why = error instanceof UpstreamError ? error.report : say`internal error`
    ;(isExpected ? log.debug : warn)(say`prefetch failed: ${why} (${what})`)
  }
}
