import { UpstreamError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Meter, Outcome } from '../metrics/meter.ts'
import type { RawAnswer, RawCall } from '../raw-call.ts'
import { isThrottling } from './failure-kind.ts'
import type { LazyUpstream } from './lazy-upstream.ts'
import { parameterNamed, secretNamed } from './subjects.ts'

/**
 * Sends a call of an SDK to AWS as it is; logs a failure. `names` are those that the call would change, and are empty for
 * one that only reads. What it may have changed is forgotten before its answer is given. Rejects with UpstreamError, or
 * with a defect of ours.
 */
export type PassThrough = (call: RawCall, names: readonly string[]) => Promise<RawAnswer>

export interface PassThroughOptions {
  readonly upstream: LazyUpstream
  readonly log: Log
  readonly meter: Meter | undefined
  /** Called with the subjects of what may have changed. */
  changed(subjects: readonly string[]): void
}

/** Most names in a call that AWS accepts: DeleteParameters' 10. A longer list changes nothing. */
const MOST_NAMES = 10

export function createPassThrough({ upstream, log, meter, changed }: PassThroughOptions): PassThrough {
  return async (call, names) => {
    try {
      const aws = await upstream.load()
      meter?.handedOn()
      const answer = await aws.passThrough(call)
      if (answer.status >= 400) meter?.ended(outcomeOf(codeIn(answer)))
      forget(call, changedNames(names, answer))
      return answer
    } catch (error) {
      // AWS may have done it all the same, unless it has refused.
      if (!(error instanceof UpstreamError) || !isRefusal(error.status)) forget(call, names)
      if (error instanceof UpstreamError) log.error(error.report)
      throw error
    }
  }

  function forget({ target }: RawCall, names: readonly string[]): void {
    if (names.length === 0 || names.length > MOST_NAMES) return
    changed(names.flatMap(target.startsWith('secretsmanager.') ? secretNamed : parameterNamed))
  }
}

export function outcomeOf(code: string): Outcome {
  return isThrottling(code) ? 'throttled' : 'failed'
}

function isRefusal(status: number): boolean {
  return status >= 400 && status < 500
}

/** Those that AWS did not refuse. */
function changedNames(names: readonly string[], { status, bytes }: RawAnswer): readonly string[] {
  if (names.length === 0 || isRefusal(status)) return []
  const deleted = deletedIn(bytes)
  return deleted === undefined ? names : names.filter((name) => deleted.includes(name))
}

/** The names in an answer to DeleteParameters; undefined if it is none. */
function deletedIn(bytes: string): unknown[] | undefined {
  try {
    const answer = JSON.parse(Buffer.from(bytes, 'latin1').toString('utf8')) as {
      DeletedParameters?: unknown
    } | null
    return Array.isArray(answer?.DeletedParameters) ? answer.DeletedParameters : undefined
  } catch {
    return undefined
  }
}

/** AWS's error code in an answer that is passed through; empty where there is none. */
function codeIn({ bytes }: RawAnswer): string {
  return /"__type"\s*:\s*"(?:[\w.]+#)?(\w+)"/.exec(bytes)?.[1] ?? ''
}
