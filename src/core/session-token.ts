import type { UpstreamSettings } from '../config/upstream.ts'
import { UpstreamError } from '../errors.ts'
import type { Log } from '../log.ts'
import { createCurrentTokenCheck } from '../token.ts'
import type { Upstream } from '../upstream/index.ts'
import type { LazyUpstream } from './lazy-upstream.ts'

export interface SessionTokenOptions {
  readonly upstream: LazyUpstream
  /** Runs a call to AWS. */
  during<T>(call: () => Promise<T>): Promise<T>
  readonly log: Log
}

/**
 * With container credentials a caller may show the session token that the same endpoint gave it: whether it is the
 * current one. Undefined without such credentials.
 */
export function createSessionTokenCheck(
  { container, credentials }: UpstreamSettings,
  { upstream, during, log }: SessionTokenOptions,
): ((presented: string) => Promise<boolean>) | undefined {
  if (container === undefined || credentials !== undefined) return undefined
  return createCurrentTokenCheck({
    current: async () => (await call((aws) => aws.sessionTokens())) ?? [],
    renew: () => call((aws) => aws.renewCredentials()),
    now: Date.now,
    pause: (ms) => (ms === 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms))),
  })

  /** Undefined after a failure, which is logged. */
  function call<T>(ask: (aws: Upstream) => Promise<T>): Promise<T | undefined> {
    return during(async () => {
      try {
        return await ask(await upstream.load())
      } catch (error) {
        if (!(error instanceof UpstreamError)) throw error
        log.error(error.report)
        return undefined
      }
    })
  }
}
