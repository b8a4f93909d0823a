import { toBytes } from '../byte-string.ts'
import { say } from '../public.ts'
import type { Failure } from './references.ts'

// The body of `GET /environment` is made so that bash reads it without parsing:
//
//   NAME LENGTH\nVALUE\n       replaces a variable
//   NAME LENGTH new\nVALUE\n   becomes a variable, unless there is one
//   NAME -\n                   takes a variable away
//
// LENGTH counts the bytes of VALUE.

/** Linux' limit for `NAME=VALUE` with the zero at its end: MAX_ARG_STRLEN, execve(2). */
export const LONGEST_VARIABLE = 131_072
/**
 * Of all that is set. The environment and the arguments of a process may have a quarter of the stack's limit
 * (execve(2)), which is 8 MiB on Lambda; the rest is for the variables that the function has already.
 */
export const MOST_BYTES = 1.5 * 1024 * 1024
/** Besides `NAME=VALUE`: the zero at its end, and a pointer to it. */
const OVERHEAD = 9

export const TOO_LONG: Failure = {
  code: say`EnvironmentTooLong`,
  why: say`all values together are longer than ${MOST_BYTES} bytes`,
}

export class EnvironmentBody {
  #bytes = ''
  #size = 0

  /** A byte string. */
  get bytes(): string {
    return this.#bytes
  }

  /** `value` is a byte string. A failure, and nothing is added, where the kernel would not take it. */
  set(name: string, value: string, isNew: boolean): Failure | undefined {
    if (value.includes('\u0000')) return { code: say`NulInValue` }
    const size = name.length + 1 + value.length + OVERHEAD
    if (size - OVERHEAD + 1 > LONGEST_VARIABLE) return { code: say`ValueTooLong` }
    if (this.#size + size > MOST_BYTES) return TOO_LONG
    this.#size += size
    this.#bytes += `${name} ${value.length}${isNew ? ' new' : ''}\n${value}\n`
    return undefined
  }

  /** `name` may be any but one with a line feed. */
  unset(name: string): void {
    this.#bytes += `${toBytes(name)} -\n`
  }
}
