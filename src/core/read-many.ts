import type { Answer } from '../answer/answer.ts'
import type { Part } from '../answer/many-reply.ts'
import type { ReadThrough } from '../cache/read-through.ts'
import { UpstreamError } from '../errors.ts'
import type { Lookup, SingleLookup } from '../lookup.ts'
import { fetchFlights, openFlight, type BatchOptions, type Flight } from './batch.ts'
import { mayFailOverFor, type Fetch } from './fetch.ts'

export interface ManyOptions extends Omit<BatchOptions, 'mayFailOver'> {
  readonly cache: ReadThrough<Lookup, Answer>
  readonly answerOf: Fetch['answerOf']
  /** Runs a call to AWS. */
  during<T>(call: () => Promise<T>): Promise<T>
}

/**
 * Reads many at once: what is held is answered, what is under way is joined, and the rest is fetched in batches. In the
 * order of the lookups. Rejects with a defect of ours only.
 */
export function readMany(
  lookups: readonly SingleLookup[],
  isRefresh: boolean,
  options: ManyOptions,
): Promise<Part[]> {
  const { cache, answerOf, during } = options
  const flights: Flight[] = []
  const reads = lookups.map((lookup) => {
    const held = isRefresh ? undefined : cache.get(lookup)
    if (held !== undefined) return { lookup, got: held, isHit: true } as const
    const fetch = () => {
      const { flight, fields } = openFlight(lookup)
      flights.push(flight)
      return answerOf(lookup, fields)
    }
    return { lookup, coming: isRefresh ? cache.refresh(lookup, fetch) : cache.load(lookup, fetch) } as const
  })
  // Not waited for: an answer past its expiry is served before. An SDK that cannot be loaded has failed every flight.
  const mayFailOver = mayFailOverFor(isRefresh ? 'refresh' : 'read', cache)
  if (flights.length > 0)
    during(() => fetchFlights(flights, { ...options, mayFailOver })).catch(() => undefined)
  return Promise.all(
    reads.map(async (one): Promise<Part> => {
      if (one.coming === undefined) return one
      return { lookup: one.lookup, got: await one.coming.catch(ofUpstream), isHit: false }
    }),
  )
}

function ofUpstream(error: unknown): UpstreamError {
  if (error instanceof UpstreamError) return error
  throw error
}
