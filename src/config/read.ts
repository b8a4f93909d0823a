import { say, shown, type Public } from '../public.ts'
import type { IntegerSetting, TextSetting, WordSetting } from './settings.ts'

// How a variable is read. A bad value warns and takes the default: stopping would fail every invocation of the
// function. Nothing here throws.

export type Environment = Readonly<Record<string, string | undefined>>

/** A line to be logged once the log exists; `plain` has no level. */
export interface Note {
  readonly level: 'plain' | 'debug' | 'info' | 'warn'
  readonly message: Public
}

/** The environment, and what is to be said of it. */
export interface Reading {
  readonly env: Environment
  readonly notes: Note[]
}

const INTEGER = /^[+-]?\d{1,15}$/

/** Empty is absent, as in the original. */
export function present(value: string | undefined): string | undefined {
  return value === '' ? undefined : value
}

export function isTrue(value: string | undefined): boolean {
  return value?.toLowerCase() === 'true'
}

/** Without blanks around it: those of ASCII alone, so that the wrapper (layer/exec/) reads the same. */
function trimmed(text: string): string {
  return text.replace(/^[\t-\r ]+|[\t-\r ]+$/g, '')
}

/** Undefined if the text is none. */
export function integerIn(text: string): number | undefined {
  return INTEGER.test(trimmed(text)) ? Number(text) : undefined
}

export function warn({ notes }: Reading, message: Public): void {
  notes.push({ level: 'warn', message })
}

export function readText({ env }: Reading, { name }: TextSetting): string | undefined {
  return present(env[name])
}

/** What stands between commas and white space. */
export function readNames(reading: Reading, setting: TextSetting): string[] {
  return (readText(reading, setting) ?? '').split(/[\s,]+/).filter((name) => name !== '')
}

/** The word in lower case. Undefined if it is absent, or (with a warning) none of them. */
export function readWord(reading: Reading, setting: WordSetting): string | undefined {
  const value = readText(reading, setting)
  const word = value && trimmed(value).toLowerCase()
  if (word === undefined || setting.words.includes(word)) return word
  warn(reading, say`${setting.name} must be ${setting.must}, got "${shown(value!)}". ${setting.otherwise}`)
  return undefined
}

/**
 * A setting of the original logs a line whatever it is, one of our own only where it is set, so that the lines without
 * ours stay those of the original.
 */
export function readInteger(reading: Reading, setting: IntegerSetting): number {
  const { notes } = reading
  const { name, fallback, min, max, absent, present: is, clamped, isOwn } = setting
  const given = readText(reading, setting)
  if (given === undefined) {
    if (isOwn !== true)
      notes.push({ level: 'debug', message: say`${name} is not present. ${absent(fallback)}` })
    return fallback
  }
  const value = integerIn(given) ?? Number.NaN
  if (value > max && clamped !== undefined) {
    warn(reading, say`${name} exceeds max limit. ${clamped(max)}`)
    return max
  }
  if (!(value >= min && value <= max)) {
    const range = max === Number.MAX_SAFE_INTEGER ? say`of ${min} or more` : say`from ${min} to ${max}`
    const got = shown(trimmed(given))
    warn(reading, say`${name} must be an integer ${range}, got "${got}". ${absent(fallback)}`)
    return fallback
  }
  notes.push({ level: 'debug', message: say`${name} ${is(value)}` })
  return value
}
