import { METRICS } from './metrics.ts'
import { effect, estimate } from './statistics.ts'
import { narrowCell } from './grid.ts'

// A line of a table that has x86_64 and arm64 side by side.

export interface Cells {
  readonly label: string
  readonly layer: string
  readonly metric: string
  readonly x86: readonly number[]
  readonly arm: readonly number[]
}

const HEAD = '| | | x86_64 | arm64 | arm64 ÷ x86_64 |\n|---|---|---:|---:|---:|'

/** The lines of those that have a figure on either, below their head; empty where none has. */
export function beside(rows: readonly Cells[]): string {
  const shown = rows.filter(({ x86, arm }) => x86.length + arm.length > 0).map(rowOf)
  return shown.length === 0 ? '' : [HEAD, ...shown].join('\n')
}

function rowOf({ label, layer, metric, x86, arm }: Cells): string {
  const { unit = '', digits = 1 } = METRICS[metric] ?? {}
  const cells = [x86, arm].map((values) => {
    const { median, interval, n } = estimate(values)
    return n === 0 ? 'not measured' : narrowCell(median, interval, digits, unit)
  })
  const { ratio, interval } = effect(x86, arm)
  return `| ${[label, layer, ...cells, Number.isNaN(ratio) ? '' : narrowCell(ratio, interval, 2, '×')].join(' | ')} |`
}
