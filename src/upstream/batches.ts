import { UpstreamError } from '../errors.ts'
import { keyOf, type Place } from './place.ts'

// Many names in few calls.

/**
 * What came for one question. Undefined if AWS refused the name or does not mention it: what it says of a name in a
 * batch need not hold for a call of that name alone. A secret of another account, for one, is no member of a batch. An
 * error is that of the whole call; whether it holds for a name alone is for the caller to say.
 */
export type Part<T> = T | UpstreamError | undefined

export interface OnPart<L, T> {
  /** Called once for each lookup. */
  onPart(lookup: L, part: Part<T>): void
}

export interface Batches<L> {
  readonly lookups: readonly L[]
  /** Most lookups of a call. */
  readonly size: number
  placeOf(lookup: L): Place
}

/** Calls `ask` for each batch of a place, and `onPart` once for each lookup. */
export async function inBatches<L, T>(
  { lookups, size, placeOf }: Batches<L>,
  onPart: (lookup: L, part: Part<T>) => void,
  ask: (place: Place, batch: readonly L[]) => Promise<(lookup: L) => Part<T>>,
): Promise<void> {
  const byPlace = new Map<string, { place: Place; all: L[] }>()
  for (const lookup of lookups) {
    const place = placeOf(lookup)
    const key = keyOf(place)
    const group = byPlace.get(key) ?? { place, all: [] }
    group.all.push(lookup)
    byPlace.set(key, group)
  }
  const calls: Promise<void>[] = []
  for (const { place, all } of byPlace.values()) {
    for (let start = 0; start < all.length; start += size) {
      const batch = all.slice(start, start + size)
      const partOf = ask(place, batch).catch((error: unknown) => {
        if (!(error instanceof UpstreamError)) throw error
        return () => error
      })
      calls.push(
        partOf.then((part) => {
          for (const lookup of batch) onPart(lookup, part(lookup))
        }),
      )
    }
  }
  await Promise.all(calls)
}
