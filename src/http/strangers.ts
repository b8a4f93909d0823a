import type { IncomingMessage } from 'node:http'
import type { Log } from '../log.ts'
import { say } from '../public.ts'
import type { Asked, ReaderOptions } from './reader.ts'

export interface StrangersOptions extends Pick<ReaderOptions, 'answerAside'> {
  readonly log: Log
  /** Whether it is the session token of the current container credentials; undefined if there are none. */
  readonly isCurrentToken: ((presented: string) => Promise<boolean>) | undefined
  /**
   * This process will answer on that socket later, and so must answer all that is pipelined behind, to keep the
   * order.
   */
  keepHere(socket: IncomingMessage['socket']): void
}

/** What becomes of a caller who has shown no token of the environment. */
interface Fate {
  /** Undefined if the guards refuse the request, or if there is no answer of AWS to it. */
  readonly asked: Asked | undefined
  serve(): void
  refuse(): void
  fail(error: unknown): void
}

/** Callers who have shown no token of the environment. One of SnapStart may have a newer one. */
export interface Strangers {
  /** Whether the token may still be good. */
  mayBeKnown(token: string): boolean
  /** Serves or refuses, once the token is checked. Before a restore that is for another process to do. */
  decide(request: IncomingMessage, token: string, fate: Fate): void
  /** To be called for each one who is refused. */
  refused(): void
}

const WARN_EVERY_MS = 60_000

export function createStrangers({ log, isCurrentToken, answerAside, keepHere }: StrangersOptions): Strangers {
  let refused = 0
  let warnedAt = 0
  return {
    mayBeKnown: (token) => token !== '' && isCurrentToken !== undefined,

    decide(request, token, { asked, serve, refuse, fail }) {
      // Only the other process can check this token. Until then the caller may get a refusal, and no guard's answer.
      const elsewhere = asked === undefined ? undefined : answerAside(request.socket, asked, token)
      if (elsewhere === undefined) keepHere(request.socket)
      const decideNow = async (): Promise<void> => {
        if (await elsewhere) request.socket.destroy()
        else if (await isCurrentToken?.(token)) serve()
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
