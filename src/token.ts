// Compares in constant time, without allocating, and without `node:crypto`, which nothing before `register` needs. The
// presented text is written over the bytes of the last one, and the two are compared four bytes at a time. That is ten
// times as fast as `charCodeAt` for each character, which took 1.9 µs for a session token of 900 (`bench -- micro`).

/**
 * Whether `presented` equals one of `tokens`, in a time that depends on the lengths alone: the length of a session
 * token is no secret, its characters are. An empty token matches nothing, presented or configured.
 */
export function createTokenCheck(tokens: readonly string[]): (presented: string) => boolean {
  const matchers = tokens.filter((token) => token !== '').map(createMatcher)
  return (presented) => {
    let matches = 0
    for (const isMatch of matchers) matches |= isMatch(presented)
    return matches === 1
  }
}

function createMatcher(token: string): (presented: string) => 0 | 1 {
  const expected = createWords(token.length)
  const scratch = createWords(token.length)
  expected.bytes.write(token, 'latin1')
  return (presented) => {
    if (presented.length !== token.length) return 0
    scratch.bytes.write(presented, 'latin1')
    if (difference(expected.words, scratch.words) !== 0) return 0
    // Only the low byte of each character was compared, so the texts may still differ.
    return presented === token ? 1 : 0
  }
}

/** The same memory, as bytes to write and as words to compare. */
function createWords(length: number): { bytes: Buffer; words: Uint32Array } {
  const words = new Uint32Array(Math.ceil(length / 4))
  return { bytes: Buffer.from(words.buffer), words }
}

/** 0 if all words are equal. Reads every word, also after a difference. Both have the same length. */
export function difference(expected: ArrayLike<number>, presented: ArrayLike<number>): number {
  let bits = 0
  for (let i = 0; i < expected.length; i++) bits |= expected[i]! ^ presented[i]!
  return bits
}

export interface CurrentToken {
  /** The session tokens of the credentials in use, and of those before them that have not expired; may be none. */
  current(): Promise<readonly string[]>
  /** Asks anew. Empty if there is nothing newer. */
  renewed(): Promise<readonly string[]>
  /** Epoch milliseconds. */
  now(): number
}

// Wrong tokens must not make us ask the credentials endpoint more often than this.
const RENEW_MS = 1_000

/**
 * For credentials that rotate while we run. A caller may have seen the newer token before we did, and another, whose
 * SDK keeps what it once read, may hold the older one until it expires.
 */
export function createCurrentTokenCheck(token: CurrentToken): (presented: string) => Promise<boolean> {
  let renewedAt = 0
  // All who come meanwhile share this question. Its answer is not kept here: after it, `current` gives the same.
  let renewing: Promise<readonly string[]> | undefined
  const isOneOf = (presented: string, tokens: readonly string[]) => createTokenCheck(tokens)(presented)
  return async (presented) => {
    if (isOneOf(presented, await token.current())) return true
    if (renewing === undefined) {
      const now = token.now()
      if (Math.abs(now - renewedAt) < RENEW_MS) return false
      renewedAt = now
      renewing = token.renewed().finally(() => (renewing = undefined))
    }
    return isOneOf(presented, await renewing)
  }
}
