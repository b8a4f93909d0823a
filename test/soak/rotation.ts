// Credentials that rotate behind the container endpoint, at any moment. Those before stay valid until the next
// rotation, and so a caller may show their session token.

import type { Aws } from '../../local/emulators/aws/server.ts'
import type { LambdaCredentials } from '../../local/emulators/lambda/credentials.ts'
import type { LambdaHost } from '../../local/emulators/lambda/host.ts'
import type { Random } from '../../tools/random.ts'

export interface Rotation {
  /** Rotates, unless it has done so a moment ago. Says whether it did. */
  rotate(random: Random): boolean
  /** A session token that is valid: in turn the newest and the one before it. */
  token(): string
}

/** Longer than the extension waits between two questions to the endpoint for a token that it does not know. */
const SHORTEST_MS = 3_000

/** Of the first credentials, and of all that follow. Nothing of it may be in the output. */
export const SOAK_TOKEN = 'the-session-token-of-the-soak'

export function credentialsOf(n: number, expiration?: string): LambdaCredentials {
  const number = String(n).padStart(8, '0')
  const secretAccessKey = `the-secret-access-key-of-the-soak-${number}`
  const credentials = {
    accessKeyId: `ASIASOAK${number}`,
    secretAccessKey,
    sessionToken: `${SOAK_TOKEN}-${number}`,
  }
  return expiration === undefined ? credentials : { ...credentials, expiration }
}

export function startRotation(aws: Aws, lambda: LambdaHost): Rotation {
  let n = 0
  let [newest, before] = [credentialsOf(0), credentialsOf(0)]
  let rotatedAt = Date.now()
  let turn = 0
  return {
    token: () => (turn++ % 2 === 0 ? newest : before).sessionToken,
    rotate(random) {
      if (Date.now() - rotatedAt < SHORTEST_MS) return false
      rotatedAt = Date.now()
      const inSeconds = random.pick([undefined, 5, 400, 3_600])
      const expiresAt = inSeconds === undefined ? undefined : new Date(rotatedAt + inSeconds * 1_000)
      ;[before, newest] = [newest, credentialsOf(++n, expiresAt?.toISOString())]
      aws.setCredentials([newest, before])
      lambda.rotateCredentials(newest)
      turn = 0
      return true
    },
  }
}
