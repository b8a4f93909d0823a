import { LRUCache } from 'lru-cache'
import QuickLRU from 'quick-lru'
import { isFresh, lifeOf, PLAIN, type Life } from '../../src/cache/freshness.ts'
import { Lru } from '../../src/cache/lru.ts'
import { seeded } from '../../tools/random.ts'
import type { MicroBench } from './bench.ts'

// All on the same traces: look up, and put in what is missing. A thousand places, as the extension has.

interface Cache {
  get(key: string): string | undefined
  set(key: string, value: string): void
}

const CAPACITY = 1_000
const OPERATIONS = 10_000
const KEYS = 10_000
const TTL_MS = 300_000
const LIFE = { rules: PLAIN, random: Math.random }

const caches: Record<string, () => Cache> = {
  // As cache/read-through.ts uses it: the time to live beside the value, and one clock read a look-up.
  lru: () => {
    const cache = new Lru<{ readonly value: string; readonly life: Life }>({
      capacity: CAPACITY,
      maxBytes: Number.MAX_SAFE_INTEGER,
    })
    return {
      get: (key) => {
        const held = cache.get(key)
        return held !== undefined && isFresh(held.life, Date.now()) ? held.value : undefined
      },
      set: (key, value) =>
        cache.set(key, { value, life: lifeOf(Date.now(), TTL_MS, LIFE) }, { bytes: value.length }),
    }
  },
  // With a time to live each, as ours. By itself it reads the clock once a millisecond, by 0 at each look-up, as ours.
  'lru-cache': () => new LRUCache<string, string>({ max: CAPACITY, ttl: TTL_MS }),
  'quick-lru': () => new QuickLRU<string, string>({ maxSize: CAPACITY, maxAge: TTL_MS }),
  'lru-cache, ttlResolution 0': () =>
    new LRUCache<string, string>({ max: CAPACITY, ttl: TTL_MS, ttlResolution: 0 }),
}

const traces: Record<string, () => string[]> = {
  'LRU, all hits': () => draw((random) => Math.floor(random() * CAPACITY)),
  'LRU, Zipf': () => draw(zipf(KEYS)),
  'LRU, scan': () => Array.from({ length: OPERATIONS }, (_, i) => keyOf(i % KEYS)),
}

export const benches: MicroBench[] = Object.entries(traces).flatMap(([scenario, trace]) =>
  Object.entries(caches).map(([contender, create]) => ({
    scenario,
    contender,
    operations: OPERATIONS,
    prepare: () => replay(create(), trace()),
  })),
)

function replay(cache: Cache, trace: readonly string[]) {
  let hits = 0
  return {
    run: () => {
      hits = 0
      for (const key of trace) {
        if (cache.get(key) === undefined) cache.set(key, key)
        else hits++
      }
    },
    check: () => {
      const last = trace.at(-1)!
      if (cache.get(last) !== last) throw new Error('the last key is not held')
    },
    values: () => ({ hitShare: hits / trace.length }),
  }
}

function draw(next: (random: () => number) => number): string[] {
  const random = seeded(1)
  return Array.from({ length: OPERATIONS }, () => keyOf(next(random)))
}

/** Rank r is requested in proportion to 1/r. */
function zipf(keys: number): (random: () => number) => number {
  const shares = Array.from({ length: keys }, (_, rank) => 1 / (rank + 1))
  const total = shares.reduce((sum, share) => sum + share, 0)
  return (random) => {
    let left = random() * total
    let rank = 0
    while (rank < keys - 1 && (left -= shares[rank]!) > 0) rank++
    return rank
  }
}

function keyOf(index: number): string {
  return `s\u0000prod/service-${index}/database\u0000\u0000AWSCURRENT`
}
