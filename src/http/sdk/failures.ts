import type { UpstreamError } from '../../errors.ts'
import type { Lookup } from '../../lookup.ts'

// An SDK tries a failed call again, three times in all; so do we. Together that would be nine calls to an AWS that is
// in trouble already. So the further attempts of a call are given the failure of the first, without asking AWS: where
// AWS was really asked that often, and until AWS answers a call again.

/** As often as an SDK tries a call by default. */
const ATTEMPTS = 3
/** SDKs wait 20 s at most between two attempts. */
const REMEMBERED_MS = 30_000
const MOST_FAILURES = 100
/** Characters of a call with its names. A longer one is not remembered. */
const LONGEST_CALL = 4_096

export interface FailureMemory {
  /** The failure of an earlier attempt of that call for the same; undefined if there was none lately. */
  of(invocation: string, lookups: readonly Lookup[]): UpstreamError | undefined
  /** Remembers it, unless AWS was not asked three times. */
  remember(invocation: string, lookups: readonly Lookup[], error: UpstreamError): void
  /** To be called when AWS has answered a call that is passed through, or that may have changed something. */
  forget(): void
}

interface Failure {
  readonly error: UpstreamError
  readonly at: number
  readonly answers: number
}

/** `answers` counts what AWS has answered, to any caller. */
export function createFailureMemory(answers: () => number, now: () => number = Date.now): FailureMemory {
  const failures = new Map<string, Failure>()
  return {
    of(invocation, lookups) {
      const failure = failures.size === 0 ? undefined : failures.get(nameOf(invocation, lookups))
      if (failure === undefined || failure.answers !== answers()) return undefined
      return Math.abs(now() - failure.at) < REMEMBERED_MS ? failure.error : undefined
    },
    remember(invocation, lookups, error) {
      const name = nameOf(invocation, lookups)
      if (error.attempts < ATTEMPTS || name.length > LONGEST_CALL) return
      failures.delete(name)
      failures.set(name, { error, at: now(), answers: answers() })
      const [oldest] = failures.keys()
      if (failures.size > MOST_FAILURES && oldest !== undefined) failures.delete(oldest)
    },
    forget: () => failures.clear(),
  }
}

function nameOf(invocation: string, lookups: readonly Lookup[]): string {
  return [invocation, ...lookups.map(({ key }) => key)].join('\n')
}
