import type { UpstreamSettings } from '../config/upstream.ts'
import { UpstreamError } from '../errors.ts'
import type { SnapshotGuard } from '../lambda/snapshot.ts'
import type { Log } from '../log.ts'
import { createCurrentTokenCheck } from '../token.ts'
import type { LazyUpstream } from './lazy-upstream.ts'

export interface SessionTokenOptions {
  readonly upstream: LazyUpstream
  readonly guard: SnapshotGuard
  readonly log: Log
}

/**
 * With container credentials a caller may show the session token that the same endpoint gave it: whether it is the
 * current one. Undefined without such credentials.
 */
export function createSessionTokenCheck(
  { container, credentials }: UpstreamSettings,
  { upstream, guard, log }: SessionTokenOptions,
): ((presented: string) => Promise<boolean>) | undefined {
  if (container === undefined || credentials !== undefined) return undefined
  return createCurrentTokenCheck({
    current: () => tokens('sessionTokens'),
    renewed: () => tokens('renewedSessionTokens'),
    now: Date.now,
  })

  function tokens(which: 'sessionTokens' | 'renewedSessionTokens'): Promise<readonly string[]> {
    return guard.during(async () => {
      try {
        const aws = await upstream.load()
        return await aws[which]()
      } catch (error) {
        if (!(error instanceof UpstreamError)) throw error
        log.error(error.report)
        return []
      }
    })
  }
}
