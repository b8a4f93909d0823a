import { formatArn, parseArn } from '../arn.ts'
import { UpstreamError } from '../errors.ts'
import { say, shown, type Public } from '../public.ts'
import type { UpstreamSettings } from '../config/upstream.ts'
import { isFollowed, type Place } from './place.ts'

// The other region of secrets that are replicated. Only reads of a secret's value go there, and AssumeRole for them:
// where the function's own region cannot be asked, the same question is asked of the replica.
//
// - A failure that the hooks call an outage fails over. What AWS refuses is its answer.
// - The own region has half of the time limit, the other region what is left of it, and each has `SHARE_MS` at most, in
//   which the wait for one of our own connections does not count. With it the own region has `WAITING_SHARE` of the
//   limit: where it is silent all connections are taken, and the other region has its own.
// - A call that a freeze may have cut is made to the own region once more.
// - What the other region refuses is written to the log alone: the caller gets the failure of the own region, because
//   "not found" may mean that the secret has no replica.
// - For `ONCE_MS` after an answer of the other region the own one is asked with one attempt, in `ONCE_SHARE_MS`.

/** What the core knows of failures, and does about answers of a replica. */
export interface FailoverHooks {
  /** Whether AWS could not be asked now. */
  isOutage(error: UpstreamError): boolean
  /** Called for each call that the other region has answered. */
  failedOver(): void
  warn(line: Public): void
}

/** Bounds of one call, in milliseconds. */
export interface Bounds {
  /** For all of it; 0: none. */
  readonly withinMs: number
  /** Without the wait for one of our own connections. */
  readonly activeMs?: number
}

export interface Question {
  /** Of the first region. */
  readonly place: Place
  /** What comes from the other region: the beginning of a line of the log. */
  readonly what: Public
  /** Milliseconds for both regions together; 0: no bound of the caller's. */
  readonly withinMs: number
  /** It is made for a call to the first region, whose share of time is running: it has half of that share. */
  readonly isForCall?: boolean
  /** Called after an outage of the first. */
  mayFailOver(): boolean
}

export interface Outcome<T> {
  readonly answer: T
  /** Undefined where the first region has answered; else the other one, and why the first did not. */
  readonly replica: { readonly region: string; readonly failure: UpstreamError } | undefined
}

export interface Failover extends Pick<FailoverHooks, 'isOutage'> {
  readonly region: string
  /** Whether a call to the function's own region is to be tried once. */
  isOnce(region: string): boolean
  /** The id by which the replica is asked; undefined for the ARN of another region than the function's own. */
  replicaIdOf(secretId: string): string | undefined
  /** Rejects as the call to the first region did, where the other one does not answer. */
  ask<T>(
    question: Question,
    call: (place: Place, bounds: Bounds, isReplica: boolean) => Promise<T>,
  ): Promise<Outcome<T>>
  /** Logs, once a minute, that the other region did not answer for what the own one could not be asked for. */
  warnOfReplica(error: UpstreamError): void
  /** Forgets what was found out. */
  reset(): void
}

const SHARE_MS = 5_000
/** Of the time limit, what the own region has together with the wait for a connection. */
const WAITING_SHARE = 3 / 4
const ONCE_MS = 30_000
const ONCE_SHARE_MS = 2_000
/** Between two lines of the log that say the same. */
const QUIET_MS = 60_000

/** Undefined if there is no other region to ask. Warns of one that will not do. `wokeAt` is as in `UpstreamHooks`. */
export function createFailover(
  { region: own, failoverRegion: region, secretsManager }: UpstreamSettings,
  { isOutage, failedOver, warn }: FailoverHooks,
  wokeAt: () => number,
): Failover | undefined {
  if (region === undefined) return undefined
  if (own === undefined || region === own || !isFollowed(region, own)) {
    const rule = say`PARAMETERS_SECRETS_EXTENSION_FAILOVER_REGION must be another region of the function's partition`
    warn(say`${rule}, got "${shown(region)}". Ignoring it.`)
    return undefined
  }
  const other = region
  let failedOverAt = -Infinity
  const isOnce = (one: string | undefined) => one === own && isWithin(failedOverAt, ONCE_MS)
  /** When a line was logged last, by its first words. */
  const warnedAt = new Map<Public, number>()

  return {
    region: other,
    isOutage,
    isOnce,
    replicaIdOf(secretId) {
      const arn = parseArn(secretId)
      if (arn === undefined) return secretId
      return arn.region === own ? formatArn({ ...arn, region: other }) : undefined
    },
    async ask({ what, place, withinMs, isForCall = false, mayFailOver }, call) {
      const startedAt = performance.now()
      const requestedAt = Date.now()
      const leftMs = () => Math.ceil(withinMs - (performance.now() - startedAt))
      const isOutageInTime = (failure: unknown): failure is UpstreamError =>
        failure instanceof UpstreamError && isOutage(failure) && (withinMs === 0 || leftMs() > 0)
      const first = (mostMs: number) => {
        const activeMs = isForCall
          ? Math.ceil(ownShareMs(secretsManager.timeoutMs) / 2)
          : ownShareMs(withinMs)
        const ownMs = Math.ceil(mostMs * WAITING_SHARE)
        return call(place, isOwn(place) ? { withinMs: ownMs, activeMs } : { withinMs: mostMs }, false)
      }
      try {
        const answer = await first(withinMs).catch((failure: unknown) => {
          // The process slept, so the failure says nothing of the region.
          const isCut = isOwn(place) && wokeAt() > requestedAt && isOutageInTime(failure)
          if (!isCut) throw failure
          return first(withinMs > 0 ? leftMs() : 0)
        })
        return { answer, replica: undefined }
      } catch (failure) {
        if (!isOutageInTime(failure) || !isOwn(place) || !mayFailOver()) throw failure
        const bounds = { withinMs: withinMs > 0 ? leftMs() : 0, activeMs: SHARE_MS }
        const answer = await call({ ...place, region: other }, bounds, true).catch((error: unknown) => {
          if (!(error instanceof UpstreamError)) throw error
          warnOfReplica(error)
          throw failure
        })
        failedOverAt = Date.now()
        failedOver()
        warnOnceAMinute(say`${what} ${shown(other)}`, failure)
        return { answer, replica: { region: other, failure } }
      }
    },
    warnOfReplica,
    reset() {
      failedOverAt = -Infinity
    },
  }

  function isOwn({ region: one }: Place): boolean {
    return one === undefined || one === own
  }

  function ownShareMs(withinMs: number): number {
    const mostMs = isOnce(own) ? ONCE_SHARE_MS : SHARE_MS
    return withinMs > 0 ? Math.min(Math.ceil(withinMs / 2), mostMs) : mostMs
  }

  function warnOfReplica(error: UpstreamError): void {
    warnOnceAMinute(say`no answer from ${shown(other)} either`, error)
  }

  function warnOnceAMinute(line: Public, { report }: UpstreamError): void {
    if (isWithin(warnedAt.get(line) ?? -Infinity, QUIET_MS)) return
    warnedAt.set(line, Date.now())
    warn(say`${line}: ${report}`)
  }
}

/** As `failover.ask`; without a failover the place is asked, and nothing else. */
export async function withFailover<T>(
  failover: Failover | undefined,
  question: Question,
  call: (place: Place, bounds: Bounds, isReplica: boolean) => Promise<T>,
): Promise<Outcome<T>> {
  if (failover !== undefined) return failover.ask(question, call)
  const { place, withinMs } = question
  return { answer: await call(place, { withinMs }, false), replica: undefined }
}

/** By the wall clock, which may have been set back since. */
function isWithin(at: number, ms: number): boolean {
  const age = Date.now() - at
  return age >= 0 && age < ms
}
