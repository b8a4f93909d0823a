import { isRefusal, UpstreamError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Meter, Outcome } from '../metrics/meter.ts'
import { serviceOf, type Changes, type RawAnswer, type RawCall, type Service } from '../raw-call.ts'
import type { CallObserver } from '../upstream/calls.ts'
import { isThrottling } from './failure-kind.ts'
import type { LazyUpstream } from './lazy-upstream.ts'
import { parameterNamed, secretNamed } from './subjects.ts'

/**
 * Sends a call of an SDK to AWS as it is; logs a failure. What it may have changed is forgotten before its answer is
 * given. Rejects with UpstreamError, or with a defect of ours.
 */
export type PassThrough = (call: RawCall, changes: Changes) => Promise<RawAnswer>

export interface PassThroughOptions {
  readonly upstream: LazyUpstream
  readonly log: Log
  readonly meter: Meter | undefined
  /** Called with the subjects of what may have changed. */
  changed(subjects: Changes): void
}

/** The subjects of what a write names. */
const NAMED_IN: Readonly<Record<Service, (name: string) => string[]>> = {
  secretsmanager: secretNamed,
  AmazonSSM: parameterNamed,
}

export function createPassThrough({ upstream, log, meter, changed }: PassThroughOptions): PassThrough {
  return async (call, changes) => {
    try {
      const aws = await upstream.load()
      meter?.passedThrough()
      const answer = await aws.passThrough(call)
      if (answer.status >= 400) meter?.ended(outcomeOf(codeIn(answer)))
      if (!isRefusal(answer.status)) forget(call, changes)
      return answer
    } catch (error) {
      // AWS may have done it all the same, unless it has refused.
      if (!(error instanceof UpstreamError) || !isRefusal(error.status)) forget(call, changes)
      if (error instanceof UpstreamError) log.error(error.report)
      throw error
    }
  }

  function forget({ target }: RawCall, changes: Changes): void {
    if (changes === 'everything') changed(changes)
    else if (changes.length > 0) changed(changes.flatMap((name) => NAMED_IN[serviceOf(target)](name)))
  }
}

/** Counts the calls to AWS. */
export function createObserver(meter: Meter): CallObserver {
  return (tookMs, error) => meter.called(tookMs, error === undefined ? 'answered' : outcomeOf(error.code))
}

function outcomeOf(code: string): Outcome {
  return isThrottling(code) ? 'throttled' : 'failed'
}

/** AWS's error code in an answer that is passed through; empty where there is none. */
function codeIn({ bytes }: RawAnswer): string {
  return /"__type"\s*:\s*"(?:[\w.]+#)?(\w+)"/.exec(bytes)?.[1] ?? ''
}
