// How long an answer is good for. All rules of time are here: the LRU knows none, and each reader asks this file.
//
//   storedAt ── fresh ── dueAt ── due ── expiresAt ── overdue ── staleAt ── stale ── goneAt ── gone
//
// Fresh and due answers are hits. An overdue one is served at once, a stale one if AWS cannot be asked in time, and
// both are marked as stale. All are epoch milliseconds of the wall clock, because a monotonic clock may stand still
// while the sandbox is frozen. A clock that reads less than `storedAt` was set back. The answer's age is unknown then,
// so it counts as gone.

export interface Life {
  readonly storedAt: number
  /** From here to `expiresAt` it is served, while it is fetched anew in the background. */
  readonly dueAt: number
  readonly expiresAt: number
  /** From `expiresAt` to here it is served at once, while it is fetched anew in the background. */
  readonly staleAt: number
  /** From `staleAt` to here it is served only if AWS cannot be asked, or does not answer soon. */
  readonly goneAt: number
}

export type Freshness = 'fresh' | 'due' | 'overdue' | 'stale' | 'gone'

/** The common case of `freshnessAt`, without making a word: true when the answer is fresh and not yet due. */
export function isFresh(life: Life, now: number): boolean {
  return now < life.dueAt && now >= life.storedAt
}

export function freshnessAt(life: Life, now: number): Freshness {
  if (now < life.storedAt || now >= life.goneAt) return 'gone'
  if (now < life.dueAt) return 'fresh'
  if (now < life.expiresAt) return 'due'
  return now < life.staleAt ? 'overdue' : 'stale'
}

export interface FreshnessRules {
  /** The last part of the time to live, in percent (0 to 90), in which an answer is due for a refresh. */
  readonly refreshAheadPercent: number
  /** How long after its expiry an answer is served at once (`stale-while-revalidate`, RFC 5861). */
  readonly revalidateMs: number
  /** How long after its expiry an answer may still be served if AWS cannot be asked (`stale-if-error`, RFC 5861). */
  readonly staleMs: number
  /** How long a read waits for AWS where it may be given a stale answer instead. */
  readonly staleWaitMs: number
}

/** No refresh ahead of the expiry, and nothing stale. */
export const PLAIN: FreshnessRules = { refreshAheadPercent: 0, revalidateMs: 0, staleMs: 0, staleWaitMs: 0 }

export interface LifeOptions {
  readonly rules: FreshnessRules
  /** 0 to 1. */
  random(): number
}

/**
 * The instants of an answer that was asked for at `requestedAt`. It becomes due at a random point in the first half of
 * the window of `refreshAheadPercent`, so that a thousand sandboxes do not ask together. The second half is left for
 * further attempts.
 */
export function lifeOf(requestedAt: number, ttlMs: number, { rules, random }: LifeOptions): Life {
  const expiresAt = requestedAt + ttlMs
  const { refreshAheadPercent, revalidateMs, staleMs } = rules
  const windowMs = (ttlMs * refreshAheadPercent) / 100
  const dueAt = windowMs === 0 ? expiresAt : Math.floor(expiresAt - windowMs + (random() * windowMs) / 2)
  return {
    storedAt: requestedAt,
    dueAt,
    expiresAt,
    staleAt: expiresAt + revalidateMs,
    goneAt: expiresAt + Math.max(revalidateMs, staleMs),
  }
}

/** The same, of an answer that is not served any more past its expiry. */
export function endedAtExpiry(life: Life): Life {
  return { ...life, staleAt: life.expiresAt, goneAt: life.expiresAt }
}

const FIRST_RETRY_MS = 1_000
const LAST_RETRY_MS = 30_000
const FIRST_PAUSE_MS = 5_000
const LAST_PAUSE_MS = 40_000
/** Part of a pause by which it is shorter or longer. */
const PAUSE_SPREAD = 0.2

/**
 * When AWS may be asked again after failures: two clocks, one for refreshes ahead and one for what is past its expiry.
 */
export interface Attempts {
  /** Epoch milliseconds; before it no refresh ahead starts. */
  aheadAt: number
  aheadDelayMs: number
  /** Epoch milliseconds; before it an answer past its expiry is served without asking. */
  staleUntil: number
  pauseMs: number
  /** Under which key it was last asked for in the background; empty if it was not. */
  requestedKey: string
}

export function noAttempts(): Attempts {
  return {
    aheadAt: 0,
    aheadDelayMs: FIRST_RETRY_MS,
    staleUntil: 0,
    pauseMs: FIRST_PAUSE_MS,
    requestedKey: '',
  }
}

/** Whether a refresh ahead may start now; when it may, the next one waits for 1 s, then 2 s, and so on to 30 s. */
export function takeAttempt(attempts: Attempts, now: number): boolean {
  // The instant is further away than any delay, so the clock was set back since.
  const isBack = attempts.aheadAt > now + LAST_RETRY_MS
  if (now < attempts.aheadAt && !isBack) return false
  attempts.aheadAt = now + attempts.aheadDelayMs
  attempts.aheadDelayMs = Math.min(attempts.aheadDelayMs * 2, LAST_RETRY_MS)
  return true
}

/** Whether AWS has failed so recently that it is left alone. */
export function isPaused({ staleUntil }: Attempts, now: number): boolean {
  // The instant is further away than any pause, so the clock was set back since.
  return now < staleUntil && staleUntil <= now + LAST_PAUSE_MS * (1 + PAUSE_SPREAD)
}

/**
 * To be called when AWS could not be asked. For 5 s, give or take a fifth, stale answers are then served without
 * asking. The pause doubles with each further failure, up to 40 s, so that not every sandbox keeps asking a throttled
 * account.
 */
export function pauseAfterFailure(attempts: Attempts, now: number, random: () => number): void {
  attempts.staleUntil = now + attempts.pauseMs * (1 - PAUSE_SPREAD + 2 * PAUSE_SPREAD * random())
  attempts.pauseMs = Math.min(attempts.pauseMs * 2, LAST_PAUSE_MS)
}
