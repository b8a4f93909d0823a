// A row of the table: where a fault happens, how, and what the caller, the log and the upstream see of it.

import type { Fault } from '../../local/emulators/aws/fault.ts'
import type { World, WorldName } from './worlds.ts'

export interface Row {
  /** What happens, to be read after "AWS itself: ". */
  readonly name: string
  readonly world: WorldName
  /** Default: a secret. */
  readonly asks?: 'secret' | 'parameter'
  /** The value that is held. Default: some text of its own. */
  readonly value?: string
  strike(world: World, name: string): unknown
  /** Ends what `strike` began, beside the faults of the emulator, which end by themselves. */
  mend?(world: World): unknown
  readonly expect: Failed | Served
  /** Which store must answer afterwards. Default: the one that failed, for the same name. */
  readonly next?: 'same' | 'parameter'
}

/** The caller gets the contract's 400. */
export interface Failed {
  /** `X-Amzn-ErrorType`, and in the log. */
  readonly code: string
  /** `X-Amzn-ErrorMessage`, and in the log. */
  readonly reason: string | RegExp
  /** Tries of the SDK, as the log tells them when they are used up. */
  readonly attempts: number
  /** Requests that arrived at AWS. Default: `attempts`. */
  readonly arrived?: number
}

/** The caller gets the value. */
interface Served {
  readonly arrived: number
}

/** The emulator's own faults, for the name that the row asks for. */
export function faulty(fault: Fault, times?: number): Row['strike'] {
  return ({ extension }, name) => extension.aws.fault({ name }, fault, times)
}
