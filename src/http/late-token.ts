import type { Log } from '../log.ts'
import { say } from '../public.ts'

export interface StrangersOptions {
  readonly log: Log
  /** Whether it is the session token of the current container credentials; undefined if there are none. */
  readonly isCurrentToken: ((presented: string) => Promise<boolean>) | undefined
}

/** What becomes of a caller who has shown no token of the environment. */
interface Fate {
  serve(): void
  refuse(): void
  fail(error: unknown): void
}

/** Callers who have shown no token of the environment. One of SnapStart may have a newer one. */
export interface Strangers {
  /** Whether the token may still be good. */
  mayBeKnown(token: string): boolean
  /** Serves or refuses, once the token is checked. */
  decide(token: string, fate: Fate): void
  /** To be called for each one who is refused. */
  refused(): void
}

const WARN_EVERY_MS = 60_000

export function createStrangers({ log, isCurrentToken }: StrangersOptions): Strangers {
  let refused = 0
  let warnedAt = 0
  return {
    mayBeKnown: (token) => token !== '' && isCurrentToken !== undefined,

    decide(token, { serve, refuse, fail }) {
      const decideNow = async (): Promise<void> => {
        if (await isCurrentToken?.(token)) serve()
        else refuse()
      }
      decideNow().catch(fail)
    },

    /** Logged once a minute, so that a caller who tries a wrong token again and again does not fill the log. */
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
