import { parseArgs, type ParseArgsConfig } from 'node:util'

/** What `parseArgs` takes as options. */
export type Options = NonNullable<ParseArgsConfig['options']>

type Parsed<Config extends ParseArgsConfig> = ReturnType<typeof parseArgs<Config>>

/**
 * What `read` makes of a script's arguments, before the script does anything. `--help` prints the help and ends the
 * process with 0. An unknown argument, and whatever `read` throws, ends it with 2 and a sentence.
 */
export function argumentsOf<Config extends ParseArgsConfig, Result>(
  help: string,
  config: Config,
  read: (parsed: Parsed<Config>) => Result,
): Result {
  const options = { ...config.options, help: { type: 'boolean' } } as const
  try {
    // The options have one more than the caller named: `help`.
    const parsed = parseArgs({ ...config, options }) as Parsed<Config> & { values: { help?: boolean } }
    if (parsed.values.help !== true) return read(parsed)
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${help}`)
    return process.exit(2)
  }
  console.log(help)
  return process.exit(0)
}

/** A whole number of up to nine digits. Throws a RangeError that names the argument. */
export function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new RangeError(`${name} must be a whole number, got "${text}"`)
  return Number(text)
}

/** A port from `least` on. Throws a RangeError that names the argument. */
export function portNumber(name: string, text: string, least: number): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port >= least && port <= 65_535) return port
  throw new RangeError(`${name} must be a number from ${least} to 65535, got "${text}"`)
}

/** A number above zero, such as `0.5`. Throws a RangeError that names the argument. */
export function positiveNumber(name: string, text: string): number {
  const value = /^\d{0,9}\.?\d{1,9}$/.test(text) ? Number(text) : 0
  if (value <= 0) throw new RangeError(`${name} must be a number above 0, got "${text}"`)
  return value
}
