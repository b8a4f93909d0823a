// The picture of README.md: who asks whom, and when. `npm run bench:report` writes it to docs/architecture.svg.

const [WIDTH, HEIGHT] = [860, 326]

/** Text and lines follow the reader's light or dark scheme. The accents have a contrast of 3 or more to both. */
const STYLE =
  'svg{color:#1f2328;background:#ffffff}.pale{fill:#7a828e;fill-opacity:.12}.ours{fill:#4269d0;fill-opacity:.14}' +
  '@media(prefers-color-scheme:dark){svg{color:#e6edf3;background:#0d1117}}'

const TITLE =
  'A function asks the extension on localhost, which answers from its cache and asks AWS for what it lacks'

export function architecture(): string {
  const parts = [
    box(20, 20, 250, 150, 'pale', 'Your function, any language'),
    texts(36, 72, [
      'GET localhost:2773/… and a token',
      'or any AWS SDK, unchanged',
      'or environment variables',
    ]),
    box(336, 20, 280, 150, 'ours', 'The extension: one process'),
    step(352, 58, 76, 'token', 'and guards'),
    step(438, 58, 76, 'cache', 'LRU, bytes'),
    step(524, 58, 76, 'coalesce', 'one call'),
    texts(352, 131, ['a hit: bytes that are ready', 'prefetch, refresh-ahead, stale on error']),
    box(700, 20, 140, 150, 'pale', 'AWS'),
    texts(716, 72, ['Secrets Manager', 'Parameter Store']),
    arrow(270, 334, 82, 'HTTP'),
    arrow(616, 698, 82, 'a miss, TLS'),
    ...phases(),
  ]
  const size = `width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}"`
  const font = 'font-family="system-ui, sans-serif" font-size="12"'
  const marker =
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">' +
    '<path d="M0 0 8 4 0 8z" fill="currentColor"/></marker></defs>'
  const spoken = `role="img" aria-labelledby="title"`
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${font} ${spoken}><title id="title">${TITLE}</title>` +
    `<style>${STYLE}</style>${marker}${parts.join('')}</svg>\n`
  )
}

/** The life of a sandbox, from left to right. */
function phases(): string[] {
  const y = 194
  const names = [
    { x: 20, width: 330, name: 'INIT' },
    { x: 362, width: 300, name: 'INVOKE, again and again' },
    { x: 674, width: 166, name: 'SHUTDOWN' },
  ]
  const lines = [
    [
      'listen, register: the runtime may start',
      'meanwhile: prefetch, warm up the SDK',
      'then ask for the first event',
    ],
    [
      'reads are hits; misses are coalesced',
      'a freeze causes no error',
      'if set, a held value whatever AWS does',
    ],
    ['answer what was', 'asked, and exit'],
  ]
  return names.flatMap(({ x, width, name }, i) => [
    box(x, y, width, 112, 'pale', name),
    texts(x + 16, y + 50, lines[i]!),
  ])
}

function box(x: number, y: number, width: number, height: number, look: string, name: string): string {
  return (
    `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="8" class="${look}" stroke="currentColor"/>` +
    `<text x="${x + 16}" y="${y + 25}" font-weight="bold" font-size="13" fill="currentColor">${name}</text>`
  )
}

function step(x: number, y: number, width: number, name: string, what: string): string {
  const middle = `x="${x + width / 2}" text-anchor="middle" fill="currentColor"`
  return (
    `<rect x="${x}" y="${y}" width="${width}" height="48" rx="4" fill="none" stroke="#4269d0" stroke-width="2"/>` +
    `<text y="${y + 20}" ${middle} font-weight="bold">${name}</text>` +
    `<text y="${y + 37}" ${middle} font-size="11">${what}</text>`
  )
}

function texts(x: number, y: number, lines: readonly string[]): string {
  return lines
    .map((line, i) => `<text x="${x}" y="${y + i * 21}" font-size="11.5" fill="currentColor">${line}</text>`)
    .join('')
}

function arrow(from: number, to: number, y: number, label: string): string {
  const middle = (from + to) / 2
  return (
    `<line x1="${from}" y1="${y}" x2="${to}" y2="${y}" stroke="currentColor" stroke-width="1.5" marker-end="url(#tip)"/>` +
    `<text x="${middle}" y="${y - 8}" text-anchor="middle" font-size="11" fill="currentColor">${label}</text>`
  )
}
