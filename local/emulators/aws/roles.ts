// Roles that may be assumed, the sessions that were given out, and what each role's account holds.

import { randomBytes } from 'node:crypto'

import { ServiceError } from './protocol.ts'
import type { Account } from './region.ts'
import type { Seed } from './seed.ts'
import type { Credentials } from './signature.ts'

export interface Role {
  /** Access keys that its trust policy names. Default: any known one. */
  readonly trusts?: readonly string[]
  /** What its trust policy wants to hear. */
  readonly externalId?: string
  /** What its account holds. Default: nothing. */
  readonly seed?: Seed
}

export interface Session {
  readonly credentials: Required<Credentials>
  /** As a caller with this session meets it. */
  readonly account: Account
  /** Epoch milliseconds. */
  readonly expiresAt: number
  readonly roleArn: string
  readonly name: string
}

export interface Question {
  readonly roleArn: string
  readonly sessionName: string
  readonly externalId: string | undefined
  readonly seconds: number
  /** Who asks. */
  readonly accessKeyId: string
}

/** Of a role that assumes a role: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html ("role chaining"). */
const LONGEST_CHAINED_SECONDS = 3600

export class Roles {
  readonly #roles: ReadonlyMap<string, { role: Role; account: Account }>
  readonly #sessions = new Map<string, Session>()

  constructor(roles: Readonly<Record<string, Role>>, accountOf: (accountId: string, seed: Seed) => Account) {
    this.#roles = new Map(
      Object.entries(roles).map(([arn, role]) => [
        arn,
        { role, account: accountOf(arn.split(':')[4] ?? '', role.seed ?? {}) },
      ]),
    )
  }

  /** Every session that was given out, oldest first. */
  sessions(): readonly Session[] {
    return [...this.#sessions.values()]
  }

  session(accessKeyId: string): Session | undefined {
    return this.#sessions.get(accessKeyId)
  }

  /** Throws the ServiceError that AWS would answer. The function's own credentials are a session of a role, too. */
  assume({ roleArn, sessionName, externalId, seconds, accessKeyId }: Question, now: number): Session {
    const found = this.#roles.get(roleArn)
    const isTrusted = found?.role.trusts?.includes(accessKeyId) ?? true
    const isExpected = found?.role.externalId === undefined || found.role.externalId === externalId
    if (found === undefined || !isTrusted || !isExpected) {
      const user = 'arn:aws:sts::123456789012:assumed-role/local-function-role/local-function'
      const what = `is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`
      throw new ServiceError('AccessDenied', `User: ${user} ${what}`, { status: 403 })
    }
    if (seconds > LONGEST_CHAINED_SECONDS) {
      const limit =
        'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining'
      throw new ServiceError('ValidationError', limit)
    }
    const session = {
      credentials: {
        accessKeyId: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
        secretAccessKey: randomBytes(30).toString('base64'),
        sessionToken: randomBytes(300).toString('base64'),
      },
      account: found.account,
      expiresAt: now + seconds * 1000,
      roleArn,
      name: sessionName,
    }
    this.#sessions.set(session.credentials.accessKeyId, session)
    return session
  }
}
