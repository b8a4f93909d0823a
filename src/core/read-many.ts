import type { Answer } from '../answer/answer.ts'
import type { ReadThrough } from '../cache/read-through.ts'
import { UpstreamError } from '../errors.ts'
import type { Fields } from '../fields.ts'
import type { Part } from '../answer/many-reply.ts'
import type { Lookup, ParameterLookup, SecretLookup } from '../lookup.ts'
import { fetchFlights, openFlight, type FetchOptions, type Flight } from './batch.ts'

type Single = SecretLookup | ParameterLookup

/** Reads many at once: what is held is answered, what is under way is joined, and the rest is fetched in batches. */
export interface ManyReader {
  /** In the order of the lookups. Rejects with a defect of ours only. */
  read(cache: ReadThrough<Lookup, Answer>, lookups: readonly Single[], isRefresh: boolean): Promise<Part[]>
  /** For the cache's `fetch`: the answer to come if the question is one of many just now, else undefined. */
  collect(lookup: Lookup): Promise<Fields> | undefined
}

export function createManyReader(options: FetchOptions): ManyReader {
  /** The flights that `read` has the cache open, synchronously; undefined outside of that. */
  let collecting: Flight[] | undefined
  return {
    collect(lookup) {
      if (collecting === undefined || lookup.store === 'parameter-path') return undefined
      const { flight, fields } = openFlight(lookup)
      collecting.push(flight)
      return fields
    },

    async read(cache, lookups, isRefresh) {
      const flights: Flight[] = []
      const asked = lookups.map((lookup) => {
        const held = isRefresh ? undefined : cache.get(lookup)
        if (held !== undefined) return { lookup, got: held, isHit: true } as const
        collecting = flights
        try {
          return { lookup, coming: isRefresh ? cache.refresh(lookup) : cache.load(lookup) } as const
        } finally {
          collecting = undefined
        }
      })
      const parts = Promise.all(
        asked.map(async (one): Promise<Part> => {
          if (one.coming === undefined) return one
          return { lookup: one.lookup, got: await one.coming.catch(ofUpstream), isHit: false }
        }),
      )
      // A half that cannot be loaded has failed every flight, and so the parts.
      await fetchFlights(flights, options).catch(() => undefined)
      return parts
    },
  }
}

function ofUpstream(error: unknown): UpstreamError {
  if (error instanceof UpstreamError) return error
  throw error
}
