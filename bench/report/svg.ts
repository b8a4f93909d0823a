import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import type { Run } from '../storing/results.ts'
import { explanationsOf } from './legend.ts'

// Observable Plot without a browser, as a file of its own: a title, what was measured and where, the legend, the plot,
// and who the contenders are.

/**
 * Text and axes take the current colour, which follows the reader's light or dark scheme, and so does the background:
 * an image knows the scheme of the system alone, and the page may have the other.
 */
const STYLE =
  '<style>svg{color:#1f2328;background:#ffffff}' +
  '@media(prefers-color-scheme:dark){svg{color:#e6edf3;background:#0d1117}}</style>'
const WIDTH = 860
const MARGIN = 12
const LEGEND = { mark: 14, gap: 18 }
/** In pixels; system fonts are narrower than this. */
export const LINE = { height: 17, characterWidth: 6.4 }
const CHARACTERS = Math.floor((WIDTH - 2 * MARGIN) / LINE.characterWidth)

export interface Figure {
  readonly name: string
  readonly alt: string
  readonly svg: string
}

export interface Titles {
  readonly name: string
  readonly title: string
  readonly method: string
  readonly contenders: readonly string[]
  /** What every figure is: medians with intervals, or counts of a simulation. */
  readonly figures: string
  readonly legend: readonly {
    readonly text: string
    readonly colour: string
    readonly opacity?: number
  }[]
}

interface Text {
  readonly text: string
  readonly weight?: 'bold'
}

export const MEDIANS = 'Medians with 95 % intervals'
export const SIMULATED = 'Simulated in virtual time, the same on every machine'

export function drawn(run: Run, titles: Titles, options: Plot.PlotOptions): Figure {
  const { document } = parseHTML('<html><body></body></html>')
  const plot = Plot.plot({ document, width: WIDTH, ariaLabel: titles.title, ...options })
  const { cpu, arch, cores, startedAt, commit, emulated } = run.meta
  const processor = `${arch}${emulated ? ', emulated by qemu-user' : ''}, ${cpu}, ${cores} cores; `
  const when = `${startedAt.slice(0, 10)}, commit ${commit.slice(0, 7)}`
  const where = titles.figures === SIMULATED ? when : `${processor}${when}`
  const above: Text[] = [{ text: titles.title, weight: 'bold' }, ...wrapped(`${titles.figures}. ${where}`)]
  const notes = [titles.method.replaceAll('`', ''), ...explanationsOf(titles.contenders)]
  const below = notes.flatMap(wrapped)
  return {
    name: titles.name,
    alt: titles.title,
    svg: page(String(plot.outerHTML), titles, above, below),
  }
}

function page(plot: string, titles: Titles, above: readonly Text[], below: readonly Text[]): string {
  const plotHeight = Number(/ height="(\d+)"/.exec(plot)?.[1])
  const legendAt = MARGIN + above.length * LINE.height
  const legend = legendLines(titles.legend)
  const top = legendAt + legend.length * LINE.height
  const height = top + plotHeight + below.length * LINE.height + MARGIN
  const texts = [
    ...lines(above, MARGIN),
    ...legend.flatMap((entries, i) => legendLine(entries, legendAt + i * LINE.height)),
    ...lines(below, top + plotHeight),
  ].join('')
  const inner = plot.replace('<svg ', `<svg y="${top}" `)
  const size = `width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}"`
  const font = 'font-family="system-ui, sans-serif" font-size="11"'
  const spoken = `role="img" aria-labelledby="title"`
  const title = `<title id="title">${escaped(titles.title)}</title>`
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${font} ${spoken}>${title}${STYLE}${texts}${inner}</svg>\n`
}

function lines(texts: readonly Text[], fromY: number): string[] {
  return texts.map(({ text, weight }, i) => {
    const y = Math.round(fromY + (i + 0.7) * LINE.height)
    const bold = weight === undefined ? '' : ' font-weight="bold" font-size="13"'
    return `<text x="${MARGIN}" y="${y}" fill="currentColor"${bold}>${escaped(text)}</text>`
  })
}

/** As many entries in a line as it has room for. */
function legendLines(entries: Titles['legend']): Titles['legend'][] {
  const rows: Titles['legend'][number][][] = []
  let x = WIDTH
  for (const entry of entries) {
    if (x + widthOf(entry) > WIDTH - MARGIN) {
      rows.push([])
      x = MARGIN
    }
    rows.at(-1)!.push(entry)
    x += widthOf(entry) + LEGEND.gap
  }
  return rows
}

function widthOf({ text }: Titles['legend'][number]): number {
  return LEGEND.mark + LINE.characterWidth * text.length
}

function legendLine(entries: Titles['legend'], fromY: number): string[] {
  const y = Math.round(fromY + 0.7 * LINE.height)
  let x = MARGIN
  return entries.map((entry) => {
    const { text, colour, opacity = 1 } = entry
    const mark = `<circle cx="${x + 4}" cy="${y - 4}" r="4" fill="${colour}" fill-opacity="${opacity}"/>`
    const label = `<text x="${x + LEGEND.mark}" y="${y}" fill="currentColor">${escaped(text)}</text>`
    x += widthOf(entry) + LEGEND.gap
    return mark + label
  })
}

/** SVG breaks no lines. */
function wrapped(text: string): Text[] {
  const rows: string[] = ['']
  for (const word of text.split(' ')) {
    const row = rows.at(-1) ?? ''
    if (row !== '' && row.length + 1 + word.length > CHARACTERS) rows.push(word)
    else rows[rows.length - 1] = row === '' ? word : `${row} ${word}`
  }
  return rows.map((row) => ({ text: row }))
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
