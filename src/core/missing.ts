import type { Log } from '../log.ts'
import { say, type Public } from '../public.ts'
import type { Failure } from './references.ts'

/** Most of one kind that an answer or the log names. */
export const MOST_NAMED = 20

/** Variables and sources without a value, and why. */
export class Missing {
  readonly #named: (Failure & { readonly what: Public })[] = []
  #more = 0

  /** The code of the first; undefined if nothing is missing. */
  get code(): Public | undefined {
    return this.#named[0]?.code
  }

  add(what: Public, { code, why }: Failure): void {
    if (this.#named.length < MOST_NAMED) this.#named.push({ what, code, why })
    else this.#more++
  }

  report(log: Log): void {
    for (const { what, code, why } of this.#named) {
      log.error(say`environment: no value for ${what}: ${code}${why === undefined ? say`` : say` (${why})`}`)
    }
    if (this.#more > 0) log.error(say`environment: no value for ${this.#more} more`)
  }

  /** `A (ParameterNotFound), B (InvalidReference: why)`. */
  toString(): string {
    const named = this.#named.map(({ what, code, why }) => {
      return why === undefined ? `${what} (${code})` : `${what} (${code}: ${why})`
    })
    return named.join(', ') + (this.#more > 0 ? `, and ${this.#more} more` : '')
  }
}
