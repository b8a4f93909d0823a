/**
 * Whether `presented` equals one of `tokens`, in a time that depends on the lengths alone: the length of a session
 * token is no secret, its characters are. An empty token matches nothing, presented or configured.
 */
export function createTokenCheck(tokens: readonly string[]): (presented: string) => boolean {
  const usable = tokens.filter((token) => token !== '')
  return (presented) => {
    let matches = 0
    for (const token of usable) matches |= equalAsNumber(presented, token)
    return matches === 1
  }
}

// Not `crypto.timingSafeEqual`: it takes buffers, so a hit would allocate one, and `node:crypto` would be loaded
// before `register`. The loop reads every character whatever the ones before it were.
/** 1 where the two are equal, 0 where not; never stops early. */
export function equalAsNumber(presented: string, token: string): 0 | 1 {
  const length = presented.length
  if (length !== token.length) return 0
  let difference = 0
  for (let i = 0; i < length; i++) difference |= presented.charCodeAt(i) ^ token.charCodeAt(i)
  return difference === 0 ? 1 : 0
}

export interface CurrentToken {
  /** The session token of the credentials in use; undefined where there is none. */
  current(): Promise<string | undefined>
  /** The same asked anew; undefined where nothing newer is to be had. */
  renewed(): Promise<string | undefined>
  /** Epoch milliseconds. */
  now(): number
}

// Wrong tokens must not make us ask the credentials endpoint more often than this.
const RENEW_MS = 1_000

/** For credentials that rotate while we run: the caller may have seen the newer token before we did. */
export function createCurrentTokenCheck(token: CurrentToken): (presented: string) => Promise<boolean> {
  let renewedAt = 0
  // Shared by all who come while it is under way, and not kept: after it the answer is what `current` gives.
  let renewing: Promise<string | undefined> | undefined
  const equals = (presented: string, expected = '') =>
    presented !== '' && equalAsNumber(presented, expected) === 1
  return async (presented) => {
    if (equals(presented, await token.current())) return true
    if (renewing === undefined) {
      const now = token.now()
      if (Math.abs(now - renewedAt) < RENEW_MS) return false
      renewedAt = now
      renewing = token.renewed().finally(() => (renewing = undefined))
    }
    return equals(presented, await renewing)
  }
}
