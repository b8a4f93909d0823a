/** What Lambda writes at the end of an invocation. Milliseconds, and megabytes as Lambda counts them. */
export interface Report {
  readonly durationMs: number
  readonly billedMs: number
  readonly maxMemoryMb: number
  /** Undefined where the sandbox was there before. */
  readonly initMs: number | undefined
}

/**
 * Of the last invocation in a log. Throws where there is none.
 * https://docs.aws.amazon.com/lambda/latest/operatorguide/log-structure.html
 */
export function reportIn(log: string): Report {
  const line = log.split('\n').findLast((one) => one.startsWith('REPORT '))
  if (line === undefined) throw new Error('the log of the invocation has no REPORT line')
  const figure = (name: string, unit: string) => {
    const text = new RegExp(`\\t${name}: ([\\d.]+) ${unit}`).exec(line)?.[1]
    return text === undefined ? undefined : Number(text)
  }
  const [durationMs, billedMs] = [figure('Duration', 'ms'), figure('Billed Duration', 'ms')]
  const maxMemoryMb = figure('Max Memory Used', 'MB')
  if (durationMs === undefined || billedMs === undefined || maxMemoryMb === undefined)
    throw new Error('the REPORT line lacks a figure')
  return { durationMs, billedMs, maxMemoryMb, initMs: figure('Init Duration', 'ms') }
}
