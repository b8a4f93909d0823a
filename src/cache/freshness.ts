// How long an answer is good for. The one policy of time: the LRU knows none, and whoever reads asks here.
//
//   storedAt ── fresh ── dueAt ── due ── expiresAt ── stale ── goneAt ── gone
//
// All are epoch milliseconds of the wall clock: a monotonic one may stand still while the sandbox is frozen. A clock that
// reads less than `storedAt` went backwards; how old the answer is cannot be known then, and it is gone.

export interface Life {
  readonly storedAt: number
  /** From here to `expiresAt` it is served, and fetched anew meanwhile. */
  readonly dueAt: number
  readonly expiresAt: number
  /** From `expiresAt` to here it is served only where AWS cannot be asked. */
  readonly goneAt: number
}

export type Freshness = 'fresh' | 'due' | 'stale' | 'gone'

/** The common case of `freshnessAt` without a word for it: neither due nor worse. */
export function isFresh(life: Life, now: number): boolean {
  return now < life.dueAt && now >= life.storedAt
}

export function freshnessAt(life: Life, now: number): Freshness {
  if (now < life.storedAt || now >= life.goneAt) return 'gone'
  if (now < life.dueAt) return 'fresh'
  return now < life.expiresAt ? 'due' : 'stale'
}

/** Fresh for `ttlMs` from when it was asked for, and then gone. */
export function lifeOf(askedAt: number, ttlMs: number): Life {
  const expiresAt = askedAt + ttlMs
  return { storedAt: askedAt, dueAt: expiresAt, expiresAt, goneAt: expiresAt }
}
