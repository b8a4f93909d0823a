import type { Log } from '../log.ts'
import { say } from '../public.ts'

// A token that is none of the environment's may be the session token of newer container credentials, as under
// SnapStart. Only their endpoint can tell.

export interface LateTokenOptions {
  readonly log: Log
  /** Whether it is the session token of the current container credentials; undefined if there are none. */
  readonly isCurrentToken: ((presented: string) => Promise<boolean>) | undefined
}

/** One of the three is called, once; at once where there is nothing to ask. */
interface Outcomes {
  serve(): void
  refuse(): void
  fail(error: unknown): void
}

export interface LateTokens {
  check(token: string, outcomes: Outcomes): void
  /** To be called for each request that is refused. */
  refused(): void
}

const WARN_EVERY_MS = 60_000

export function createLateTokens({ log, isCurrentToken }: LateTokenOptions): LateTokens {
  let refused = 0
  let warnedAt = 0
  return {
    check(token, { serve, refuse, fail }) {
      if (token === '' || isCurrentToken === undefined) return refuse()
      isCurrentToken(token)
        .then((isGood) => (isGood ? serve() : refuse()))
        .catch(fail)
    },

    /** Logged once a minute, so that a client that tries a wrong token again and again does not fill the log. */
    refused() {
      refused++
      const now = Date.now()
      if (Math.abs(now - warnedAt) < WARN_EVERY_MS) return
      log.warn(say`${refused} requests without a good X-Aws-Parameters-Secrets-Token were refused`)
      warnedAt = now
      refused = 0
    },
  }
}
