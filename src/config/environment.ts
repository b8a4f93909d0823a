import { readText, readWord, type Reading } from './read.ts'
import { ENV_FROM, ENV_ON_ERROR } from './settings.ts'

// The part of the configuration that is about secrets as environment variables. Here is only found what is to be
// replaced, because `register` waits for it; core/references.ts and core/variable-sources.ts read it.

/** A variable of the function that is a reference, or may be meant as one. */
export interface Reference {
  readonly name: string
  readonly value: string
}

export interface EnvironmentSettings {
  /** By name. */
  readonly references: readonly Reference[]
  /** What holds several variables, as it is set. */
  readonly from: string
  /** What becomes of the function when a value cannot be had. `unset`: it starts without that variable. */
  readonly onError: 'fail' | 'unset'
  /** Whether the function has a variable of that name. */
  isSet(name: string): boolean
}

const OWN_PREFIX = 'PARAMETERS_SECRETS_EXTENSION_'
/**
 * `resolve:` in any letter case, behind whatever is no letter, digit or sign (blanks, control characters, quotes, a
 * byte order mark), and a reference of CloudFormation anywhere. Between their words may be whatever is no printable
 * ASCII. The wrapper says the same: layer/exec/.
 */
const MEANT = /^[^!#-&(-_a-~]*resolve[^!-~]*:|\{\{[^!-~]*resolve[^!-~]*:[^!-~]*(?:secretsmanager|ssm)/i

/** Whether that value of a variable is a reference, or was meant to be one. */
export function isMeantAsReference(value: string): boolean {
  return MEANT.test(value)
}

/** One look at each variable. Undefined if there is no reference and no source. Never throws. */
export function readEnvironmentSettings(reading: Reading): EnvironmentSettings | undefined {
  const { env } = reading
  let references: Reference[] | undefined
  for (const name in env) {
    const value = env[name]!
    if (!isMeantAsReference(value) || name.startsWith(OWN_PREFIX)) continue
    references ??= []
    references.push({ name, value })
  }
  const from = readText(reading, ENV_FROM) ?? ''
  if (references === undefined && !/[^\s,]/.test(from)) return undefined
  // A shell may have given them in any order.
  references?.sort((a, b) => (a.name < b.name ? -1 : 1))
  const onError = readWord(reading, ENV_ON_ERROR) === 'unset' ? 'unset' : 'fail'
  return { references: references ?? [], from, onError, isSet: (name) => env[name] !== undefined }
}
