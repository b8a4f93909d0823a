// A contract document: prose that shows, in fences, what goes over the wire and what must come back.
//
//   ```setup      once, before the first request: JSON, the environment and the seed of the extension's process
//   ```upstream   JSON, something that happens at AWS between two exchanges
//   ```request    the bytes sent. Lines end in CRLF; the head's blank line may be left out when there is no body
//   ```request-raw   the same where line ends matter: only what is written, with \r \n \t \\ and \xHH
//   ```response   the bytes expected, one fence per answer: status line and body exact, the set of headers exact
//                 (names in their letter case), their order free
//
// `request same-connection` sends on the connection of the exchange before it. Between a request's fences `{token}`,
// `{port}`, `{length}` (of the body) and `{a × 70000}` stand for what they say; a response's header may be `{date}`,
// `{uuid}` or `{length}`. Bodies are literal. Every heading that holds an exchange is a test, named by its heading
// path.
//
// Whatever is not understood throws: a document that silently tests less than it says is worse than none.

export interface Document {
  readonly title: string
  /** What the setup fence holds, or `{}`. */
  readonly setup: unknown
  readonly sections: readonly Section[]
}

/** The exchanges under one heading, in order. */
interface Section {
  readonly name: string
  readonly steps: readonly Step[]
}

export type Step = Exchange | Upstream

export interface Exchange {
  readonly kind: 'exchange'
  readonly line: number
  readonly sameConnection: boolean
  readonly raw: boolean
  readonly request: string
  readonly responses: readonly Expected[]
}

export interface Upstream {
  readonly kind: 'upstream'
  readonly line: number
  readonly action: unknown
}

export interface Expected {
  readonly line: number
  readonly statusLine: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string
}

/** The document says something that means nothing. */
export class DocumentError extends Error {
  override readonly name = 'DocumentError'
  constructor(line: number, problem: string) {
    super(`line ${line}: ${problem}`)
  }
}

interface Fence {
  readonly info: string
  readonly line: number
  readonly text: string
}

export function parseDocument(source: string): Document {
  const headings: string[] = []
  const sections: { name: string; steps: Mutable<Step>[] }[] = []
  let setup: unknown
  let open: (typeof sections)[number] | undefined

  const section = (line: number): (typeof sections)[number] => {
    if (headings[0] === undefined) throw new DocumentError(line, 'a fence above the title')
    if (open !== undefined) return open
    open = { name: headings.slice(1).join(' › ') || headings[0], steps: [] }
    if (sections.some((other) => other.name === open!.name)) {
      throw new DocumentError(line, `a second section called "${open.name}"`)
    }
    sections.push(open)
    return open
  }

  for (const item of items(source)) {
    if (item.kind === 'heading') {
      if ((item.depth === 1) !== (headings.length === 0)) {
        throw new DocumentError(item.line, 'one title, and it comes first')
      }
      if (item.depth > headings.length + 1) throw new DocumentError(item.line, 'a heading skips a level')
      headings.splice(item.depth - 1, headings.length, item.text)
      open = undefined
      continue
    }
    const { fence } = item
    if (fence.info === 'setup') {
      if (setup !== undefined) throw new DocumentError(fence.line, 'a second setup')
      if (sections.length > 0) throw new DocumentError(fence.line, 'setup comes before the first request')
      setup = parseJson(fence)
      continue
    }
    addStep(section(fence.line).steps, fence)
  }

  for (const { steps } of sections) steps.forEach(checkAnswered)
  if (!sections.some(({ steps }) => steps.some((step) => step.kind === 'exchange'))) {
    throw new DocumentError(1, 'no request in the whole document')
  }
  return { title: headings[0]!, setup: setup ?? {}, sections }
}

type Mutable<S> = S extends Exchange ? Omit<S, 'responses'> & { responses: Expected[] } : S

function addStep(steps: Mutable<Step>[], fence: Fence): void {
  const parts = /^(request|request-raw)( same-connection)?$/.exec(fence.info)
  if (parts !== null) {
    const raw = parts[1] === 'request-raw'
    const request = fence.text
    if (request === '') throw new DocumentError(fence.line, 'an empty request')
    const exchange = { line: fence.line, sameConnection: parts[2] !== undefined, raw, request }
    // Rendered once here, so that a bad escape or placeholder shows where documents are parsed.
    renderRequest({ ...exchange, kind: 'exchange', responses: [] }, { token: '', port: 0 })
    const before = steps.findLast((step) => step.kind === 'exchange')
    if (exchange.sameConnection && before === undefined) {
      throw new DocumentError(fence.line, 'same-connection needs an exchange before it in its section')
    }
    steps.push({ ...exchange, kind: 'exchange', responses: [] })
  } else if (fence.info === 'response') {
    const last = steps.at(-1)
    if (last?.kind !== 'exchange') throw new DocumentError(fence.line, 'a response without a request')
    last.responses.push(parseExpected(fence))
  } else if (fence.info === 'upstream') {
    steps.push({ kind: 'upstream', line: fence.line, action: parseJson(fence) })
  } else {
    throw new DocumentError(fence.line, `a fence of unknown kind "${fence.info}"`)
  }
}

function checkAnswered(step: Step): void {
  if (step.kind === 'exchange' && step.responses.length === 0) {
    throw new DocumentError(step.line, 'a request without a response')
  }
}

type Item = { kind: 'heading'; line: number; depth: number; text: string } | { kind: 'fence'; fence: Fence }

function* items(source: string): Generator<Item> {
  const lines = source.split('\n')
  for (let i = 0; i < lines.length; i++) {
    const heading = /^(#+)\s+(.*\S)\s*$/.exec(lines[i]!)
    if (heading !== null) {
      yield { kind: 'heading', line: i + 1, depth: heading[1]!.length, text: heading[2]! }
    } else if (lines[i]!.startsWith('```')) {
      const end = lines.indexOf('```', i + 1)
      if (end === -1) throw new DocumentError(i + 1, 'a fence that never closes')
      const fence = { info: lines[i]!.slice(3).trim(), line: i + 1, text: lines.slice(i + 1, end).join('\n') }
      yield { kind: 'fence', fence }
      i = end
    } else if (/^\s+(```|~~~)|^~~~/.test(lines[i]!)) {
      throw new DocumentError(i + 1, 'a fence must start at the margin, with backticks')
    }
  }
}

function parseJson(fence: Fence): unknown {
  try {
    return JSON.parse(fence.text) as unknown
  } catch (error) {
    throw new DocumentError(fence.line, `${fence.info} is not JSON: ${String(error)}`)
  }
}

function parseExpected(fence: Fence): Expected {
  const [head, body] = splitHead(fence.text)
  const [statusLine, ...lines] = head
  if (!/^HTTP\/1\.[01] \d{3} \S/.test(statusLine!)) {
    throw new DocumentError(fence.line + 1, `not a status line: ${statusLine}`)
  }
  const headers = lines.map((line, i): [string, string] => {
    const parts = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+): (.*\S)$/.exec(line)
    if (parts === null) throw new DocumentError(fence.line + 2 + i, `not a header line: ${line}`)
    const placeholder = /\{[^}]*\}/.exec(parts[2]!)?.[0]
    if (placeholder !== undefined && !['{date}', '{length}', '{uuid}'].includes(parts[2]!)) {
      throw new DocumentError(fence.line + 2 + i, `unknown placeholder ${placeholder}`)
    }
    return [parts[1]!, parts[2]!]
  })
  return { line: fence.line, statusLine: statusLine!, headers, body: body ?? '' }
}

/** Body undefined: no blank line. */
function splitHead(text: string): [head: string[], body: string | undefined] {
  const lines = text.split('\n')
  const blank = lines.indexOf('')
  return blank === -1 ? [lines, undefined] : [lines.slice(0, blank), lines.slice(blank + 1).join('\n')]
}

/** The bytes of a request. Text beyond ASCII goes out as UTF-8. */
export function renderRequest(exchange: Exchange, values: { token: string; port: number }): Buffer {
  const fill = (text: string, length: number): string =>
    text.replace(/\{([^{}]*)\}/g, (placeholder, name: string) => {
      if (name === 'token') return values.token
      if (name === 'port') return String(values.port)
      if (name === 'length') return String(length)
      const repeat = /^(.+) × (\d+)$/.exec(name)
      if (repeat !== null) return repeat[1]!.repeat(Number(repeat[2]))
      throw new DocumentError(exchange.line, `unknown placeholder ${placeholder}`)
    })
  if (exchange.raw) return Buffer.from(unescape(fill(exchange.request, 0), exchange.line), 'latin1')
  const [head, body = ''] = splitHead(exchange.request)
  return Buffer.from(fill(head.join('\r\n'), Buffer.byteLength(body)) + '\r\n\r\n' + body)
}

/** Line breaks of the document mean nothing; `\r \n \t \\ \xHH` are bytes. */
function unescape(text: string, line: number): string {
  const named: Record<string, string> = { r: '\r', n: '\n', t: '\t', '\\': '\\' }
  if (/[^ -~\n]/.test(text)) throw new DocumentError(line, 'only printable ASCII here; write \\xHH')
  return text.replaceAll('\n', '').replace(/\\(x[0-9a-fA-F]{2}|.|$)/g, (_, escape: string) => {
    if (escape.length === 3) return String.fromCharCode(Number.parseInt(escape.slice(1), 16))
    const byte = named[escape]
    if (byte === undefined) throw new DocumentError(line, `unknown escape \\${escape}`)
    return byte
  })
}

/** What comparing needs of an answer (a `Reply` of wire.ts is one). */
export interface Answered {
  readonly version: string
  readonly status: number
  readonly reason: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer
}

/**
 * Both sides in the notation of a response fence, equal exactly when the answer is as expected: headers sorted,
 * a placeholder in place of the value that satisfies it.
 */
export function compare(expected: Expected, reply: Answered): { expected: string; actual: string } {
  const wanted = new Map(expected.headers.map(([name, value]) => [name, value]))
  const show = ([name, value]: readonly [string, string]): string => {
    const placeholder = wanted.get(name)
    const satisfied =
      (placeholder === '{date}' && isHttpDate(value)) ||
      (placeholder === '{uuid}' && UUID.test(value)) ||
      (placeholder === '{length}' && value === String(Buffer.byteLength(expected.body)))
    return `${name}: ${satisfied ? placeholder : value}`
  }
  return {
    expected: layOut(
      expected.statusLine,
      expected.headers.map(([name, value]) => `${name}: ${value}`),
      expected.body,
    ),
    actual: layOut(
      `HTTP/${reply.version} ${reply.status} ${reply.reason}`,
      reply.headers.map(show),
      reply.body.toString(),
    ),
  }
}

function layOut(statusLine: string, headers: string[], body: string): string {
  return [statusLine, ...headers.sort(), '', body].join('\n')
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** IMF-fixdate, RFC 9110 section 5.6.7. */
function isHttpDate(text: string): boolean {
  const date = new Date(text)
  return !Number.isNaN(date.getTime()) && date.toUTCString() === text
}
