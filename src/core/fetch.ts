import { answerOfBytes, createAnswer, type Answer } from '../answer/answer.ts'
import { goShape } from '../answer/go-shape.ts'
import { pathBytes } from '../answer/many.ts'
import type { Purpose, ReadThrough, Requested } from '../cache/read-through.ts'
import type { Config } from '../config/config.ts'
import { UpstreamError } from '../errors.ts'
import type { Log } from '../log.ts'
import {
  nameOf,
  parameterLookup,
  type Lookup,
  type PathLookup,
  type SingleLookup,
  type Fields,
} from '../lookup.ts'
import { say } from '../public.ts'
import type { LazyUpstream } from './lazy-upstream.ts'
import type { PrefetchWaits } from './prefetch-waits.ts'
import type { Own } from './spellings.ts'
import { spellingsOf } from './stores.ts'

// What the cache calls on a miss.

export interface FetchOptions {
  readonly config: Config
  readonly upstream: LazyUpstream
  readonly log: Log
  /** Whether the failure is expected: it is logged at DEBUG only. */
  isExpected(lookup: Lookup, error: UpstreamError): boolean
  readonly prefetch: (Pick<PrefetchWaits, 'awaited'> & { readonly own: Own }) | undefined
  cache(): ReadThrough<Lookup, Answer>
}

export interface Fetch {
  /**
   * Asks AWS; logs a failure. `page` is called before each page of a list. Rejects with UpstreamError, or with a
   * defect.
   */
  fetch(lookup: Lookup, purpose: Purpose, page: () => Requested): Promise<Answer>
  /** The answer of fields that a batch brings; logs a failure. */
  answerOf(lookup: SingleLookup, fields: Promise<Fields>): Promise<Answer>
}

/** What the parameters of one list may take of the cache, beside the list itself. */
const PARTS_SHARE = { count: 1 / 2, bytes: 1 / 4 }
/** Of all lists that are being read, in bytes of their bodies. Each takes three times as much, until it is sent. */
const MOST_LISTED_BYTES = 32 * 1024 * 1024

export function createFetch(options: FetchOptions): Fetch {
  const { config, upstream, log, isExpected, prefetch, cache } = options
  const most = { count: config.capacity * PARTS_SHARE.count, bytes: config.cacheMaxBytes * PARTS_SHARE.bytes }
  let listedBytes = 0

  return {
    fetch: (lookup, purpose, page) => logged(lookup, purpose, fetchAnswer(lookup, purpose, page)),
    answerOf: (lookup, fields) => logged(lookup, 'read', answerTo(lookup, fields)),
  }

  function own(): Own {
    return prefetch?.own ?? { accountId: undefined, region: config.upstream.region }
  }

  /** It takes the place of one that was found in further spellings in all of those. */
  async function answerTo(lookup: SingleLookup, coming: Promise<Fields>): Promise<Answer> {
    const isSpelled = cache().hasAliases(lookup)
    const fields = await coming
    return isSpelled ? spelledAnswer(lookup, fields, own()) : answerWith(fields)
  }

  /** A failure that nobody waits for is logged at DEBUG only. */
  async function logged(lookup: Lookup, purpose: Purpose, answer: Promise<Answer>): Promise<Answer> {
    try {
      return await answer
    } catch (error) {
      if (error instanceof UpstreamError) {
        const isQuiet = purpose === 'ahead' || isExpected(lookup, error)
        log[isQuiet ? 'debug' : 'error'](say`${error.report} (${nameOf(lookup)})`)
      }
      throw error
    }
  }

  async function fetchAnswer(lookup: Lookup, purpose: Purpose, page: () => Requested): Promise<Answer> {
    const isBackground = purpose === 'ahead' || purpose === 'behind'
    if (lookup.store === 'parameter-path') return fetchBelow(lookup, isBackground, page)
    const awaited = purpose === 'read' || purpose === 'behind' ? prefetch?.awaited(lookup) : undefined
    const prefetched = awaited && (await awaited)
    if (prefetched !== undefined) return prefetched
    const aws = await upstream.load()
    const mayFailOver = isBackground ? undefined : mayFailOverFor(purpose, cache())
    return answerTo(lookup, aws.fetch(lookup, { isBackground, mayFailOver }))
  }

  /**
   * All below a path. Each parameter is an answer of its own, too. Those that have no room in the list's share are kept
   * only where they are held already, so that a long list does not push out what is read often.
   */
  async function fetchBelow(
    lookup: PathLookup,
    isBackground: boolean,
    requested: () => Requested,
  ): Promise<Answer> {
    const { withDecryption, role } = lookup
    const aws = await upstream.load()
    const bodies: string[] = []
    let bytes = 0
    try {
      await aws.fetchPath(lookup, {
        isBackground,
        requested,
        onPage(page, at) {
          for (const parameter of page) {
            const single = parameterLookup(parameter.Name ?? '', { withDecryption, role })
            const answer = spelledAnswer(single, { store: 'parameter-store', parameter }, own())
            bodies.push(answer.bytes)
            bytes += answer.bytes.length
            listedBytes += answer.bytes.length
            const isInPlace = bodies.length > most.count || bytes > most.bytes
            cache().add(single, answer, { requested: at, isInPlace })
          }
          if (listedBytes > MOST_LISTED_BYTES) throw tooManyLists()
          return true
        },
      })
      return answerOfBytes(pathBytes(bodies))
    } finally {
      listedBytes -= bytes
    }
  }
}

/** An answer that nobody has asked for in one spelling, with the keys of all. */
export function spelledAnswer(lookup: SingleLookup, fields: Fields, own: Own): Answer {
  return answerWith(fields, spellingsOf(lookup, fields, own))
}

function answerWith(fields: Fields, aliases?: readonly string[]): Answer {
  const region = fields.store === 'secrets-manager' ? fields.secret.replicaRegion : undefined
  return createAnswer(goShape(fields), aliases, region)
}

/** Whether the replica of a secret is asked where its own region could not be: not where a stale answer is held. */
export function mayFailOverFor(
  purpose: 'read' | 'refresh',
  cache: Pick<ReadThrough<Lookup, Answer>, 'hasStale'>,
): (lookup: Lookup) => boolean {
  return (lookup) => purpose === 'refresh' || !cache.hasStale(lookup)
}

function tooManyLists(): UpstreamError {
  const code = say`ListTooLong`
  const reason = say`the lists that are being read have more than ${MOST_LISTED_BYTES} bytes together`
  return new UpstreamError({ code, reason, report: say`${code}: ${reason}`, status: 400 })
}
