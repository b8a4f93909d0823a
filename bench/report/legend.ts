// The contenders as a reader meets them: a colour that is the same in every plot, and a word about who they are.

interface Known {
  readonly pattern: RegExp
  readonly colour: string
  readonly explained?: string
}

const BARE =
  'bare node:http: a server without a cache that registers and answers with fixed bytes, the floor of its runtime'
const HTTPS = 'bare node:https: signs one request to AWS itself, without an SDK and without a cache'
const NAIVE =
  "naive: what one would write first, with AWS's SDK loaded at the start and a Map; unbundled: from node_modules"

/** Each colour has a contrast of 3 or more to the light and to the dark background of the plots. */
const KNOWN: readonly Known[] = [
  { pattern: /^nodejs layer\b/, colour: '#4269d0' },
  { pattern: /^executable\b/, colour: '#e5533d' },
  {
    pattern: /^net\b/,
    colour: '#b58105',
    explained: 'net: fixed bytes from a bare socket, the least that any server on Node can take',
  },
  {
    pattern: /^bare node:http, Bun/,
    colour: '#9c6b4e',
    explained: BARE,
  },
  {
    pattern: /^bare node:http\b/,
    colour: '#7a828e',
    explained: BARE,
  },
  {
    pattern: /^bare node:https, Bun/,
    colour: '#d9558f',
    explained: HTTPS,
  },
  {
    pattern: /^bare node:https\b/,
    colour: '#a463f2',
    explained: HTTPS,
  },
  { pattern: /^SDK in the function\b/, colour: '#2f9e86' },
  { pattern: /^no extension$/, colour: '#7a828e' },
  {
    pattern: /^naive unbundled\b/,
    colour: '#2f8f41',
    explained: NAIVE,
  },
  {
    pattern: /^naive\b/,
    colour: '#2f9e86',
    explained: NAIVE,
  },
]

/** For peers and settings that have no colour of their own. */
const OTHERS = ['#8a6fd1', '#4c8c8c', '#b0678a', '#6b8e23', '#a9702c', '#5b8fd9']

export function coloursOf(contenders: readonly string[]): string[] {
  const unknown = contenders.filter((contender) => knownOf(contender) === undefined)
  return contenders.map(
    (contender) => knownOf(contender)?.colour ?? OTHERS[unknown.indexOf(contender) % OTHERS.length]!,
  )
}

/** A sentence for each contender whose name does not explain itself. */
export function explanationsOf(contenders: readonly string[]): string[] {
  const texts = contenders.flatMap((contender) => knownOf(contender)?.explained ?? [])
  return [...new Set(texts)]
}

/** Whether it is ours, one of its floors, or what a function does by itself. */
export function isKnown(contender: string): boolean {
  return knownOf(contender) !== undefined
}

function knownOf(contender: string): Known | undefined {
  return KNOWN.find(({ pattern }) => pattern.test(contender))
}

const OURS = [/^nodejs layer\b/, /^executable\b/]

/** Ours on top, the `nodejs` layer before the executable, then the others in their order. */
export function oursFirst(contenders: readonly string[]): string[] {
  const ours = OURS.flatMap((pattern) => contenders.filter((contender) => pattern.test(contender)))
  return [...ours, ...contenders.filter((contender) => !ours.includes(contender))]
}

/** A scenario in the words of a reader, as short as a heading of a plot should be: `c1` is one client. */
export function plainly(scenario: string): string {
  return scenario
    .replace(/\bc1\b/, 'one client')
    .replace(/\bc(\d+)\b/, '$1 clients')
    .replace(/(\d)(K?B)\b/g, '$1 $2')
    .replace(/^(Node|Python) (reads .*) while it loads/, '$1 function that $2')
    .replace(/^(warm|cold)$/, '$1 page cache')
}
