// One region's state, and who may not read what.

import type { Parameters } from './parameters.ts'
import { ServiceError } from './protocol.ts'
import type { Secrets } from './secrets.ts'

export interface Region {
  readonly name: string
  readonly account: string
  readonly secrets: Secrets
  readonly parameters: Parameters
  readonly policy: Policy
}

/** The role session that AWS names in an AccessDeniedException. */
const SESSION = 'assumed-role/local-function-role/local-function'

/** Allows everything but what was denied, by the name a caller sends or by the ARN behind it. */
export class Policy {
  readonly #account: string
  readonly #denied = new Map<string, string | undefined>()

  constructor(account: string) {
    this.#account = account
  }

  deny(nameOrArn: string, message?: string): void {
    this.#denied.set(nameOrArn, message)
  }

  allow(nameOrArn: string): void {
    this.#denied.delete(nameOrArn)
  }

  /** Throws AccessDeniedException when one of the names is denied. */
  check(action: string, arn: string, ...names: string[]): void {
    const denied = [arn, ...names].find((name) => this.#denied.has(name))
    if (denied === undefined) return
    const message =
      this.#denied.get(denied) ??
      `User: arn:aws:sts::${this.#account}:${SESSION} is not authorized to perform: ${action}` +
        ` on resource: ${arn} because no identity-based policy allows the ${action} action`
    throw new ServiceError('AccessDeniedException', message, { key: 'Message' })
  }
}
