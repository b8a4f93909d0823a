import type { UpstreamError } from '../../errors.ts'

// An SDK tries a failed call again, three times in all; so do we. Together that would be nine calls to an AWS that is
// in trouble already. So the further attempts of a call are given the failure of the first, without asking AWS.

/** SDKs wait 20 s at most between two attempts. */
const REMEMBERED_MS = 30_000
const MOST_FAILURES = 100

export interface FailureMemory {
  /** The failure of that call; undefined if there was none lately. */
  of(invocation: string): UpstreamError | undefined
  remember(invocation: string, error: UpstreamError): void
}

export function createFailureMemory(now: () => number = Date.now): FailureMemory {
  const failures = new Map<string, { readonly error: UpstreamError; readonly at: number }>()
  return {
    of(invocation) {
      const failure = failures.get(invocation)
      return failure !== undefined && Math.abs(now() - failure.at) < REMEMBERED_MS ? failure.error : undefined
    },
    remember(invocation, error) {
      failures.delete(invocation)
      failures.set(invocation, { error, at: now() })
      const [oldest] = failures.keys()
      if (failures.size > MOST_FAILURES && oldest !== undefined) failures.delete(oldest)
    },
  }
}
