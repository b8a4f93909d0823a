import { connect, Socket } from 'node:net'
import { toText } from '../byte-string.ts'

// One question after the other over one bare socket. `http.request` alone takes 2 to 4 ms of a start (CPU profiles of
// Node 24 and Bun 1.4), twice; and a second connection would let a function's first request, which comes as soon as
// we have registered, be worked on before `next` is out (Bun: 10 ms).

/** A whole answer. `status` is the first line's, `head` that line and the headers, `body` is decoded from UTF-8. */
export interface WireAnswer {
  readonly status: number
  readonly head: string
  readonly body: string
}

/** The connection could not be made, ended early, or brought no HTTP. It holds a code, and quotes nothing. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError'
  readonly code: string

  constructor(code: string) {
    super(code)
    this.code = code
  }
}

interface Waiter {
  readonly question: string
  readonly isReused: boolean
  readonly onAsked: () => void
  resolve(answer: WireAnswer): void
  reject(error: ConnectionError): void
}

const LONGEST_ANSWER = 1024 * 1024
/** An answer without a length ends with its connection, or, if that stays open, after so many ms of silence. */
const UNFRAMED_SILENCE_MS = 1_000

export class Connection {
  readonly #host: string
  readonly #port: number
  #socket: Socket | undefined
  #waiter: Waiter | undefined
  /** The part of the answer that has come, one character for each byte. */
  #received = ''

  constructor(host: string, port: number) {
    this.#host = host
    this.#port = port
  }

  /**
   * Sends `question`, a whole HTTP/1.1 request, and waits without any bound for the answer; one at a time. Calls
   * `onAsked` when the question is out. Rejects with ConnectionError; the next call makes a new connection.
   */
  ask(question: string, onAsked = () => {}): Promise<WireAnswer> {
    return new Promise((resolve, reject) => {
      this.#send({ question, isReused: this.#socket !== undefined, onAsked, resolve, reject })
    })
  }

  /**
   * Waits in the same way for the answer to a question that another program has sent, on a socket that is open here as
   * `fd`. Undefined if that is no connection to this host and port.
   */
  receive(fd: number): Promise<WireAnswer> | undefined {
    const socket = inherited(fd)
    if (socket === undefined) return undefined
    if (socket.remotePort !== this.#port || socket.remoteAddress !== this.#host) {
      socket.on('error', () => {}).destroy()
      return undefined
    }
    return new Promise((resolve, reject) => {
      this.#waiter = { question: '', isReused: false, onAsked: () => {}, resolve, reject }
      this.#received = ''
      this.#socket = this.#watch(socket)
    })
  }

  #send(waiter: Waiter): void {
    this.#waiter = waiter
    this.#received = ''
    this.#socket ??= this.#watch(connect(this.#port, this.#host))
    this.#socket.write(waiter.question, 'latin1', (error) => {
      if (!error) waiter.onAsked()
    })
  }

  #watch(socket: Socket): Socket {
    const isCurrent = () => socket === this.#socket
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => {
      if (isCurrent()) this.#receive(chunk)
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (isCurrent()) this.#fail(error.code ?? error.name)
    })
    socket.on('end', () => {
      if (isCurrent()) this.#end()
    })
    socket.on('timeout', () => {
      if (isCurrent()) this.#end()
    })
    return socket
  }

  #receive(chunk: string): void {
    this.#received += chunk
    const parsed = parse(this.#received)
    if (this.#received.length > LONGEST_ANSWER) this.#fail('AnswerTooLong')
    else if (parsed === 'malformed') this.#fail('NotHttp')
    else if (parsed === 'incomplete') return
    else if (parsed.isWhole) this.#settle(parsed.answer, parsed.isReusable)
    else this.#socket?.setTimeout(UNFRAMED_SILENCE_MS)
  }

  #settle(answer: WireAnswer, isReusable: boolean): void {
    if (!isReusable) this.#close()
    const waiter = this.#waiter
    this.#waiter = undefined
    waiter?.resolve(answer)
  }

  /** Nothing more will come. */
  #end(): void {
    const parsed = parse(this.#received)
    if (typeof parsed === 'string' || parsed.isWhole) this.#fail('ECONNRESET')
    else this.#settle(parsed.answer, false)
  }

  #fail(code: string): void {
    this.#close()
    const waiter = this.#waiter
    this.#waiter = undefined
    if (waiter === undefined) return
    // A server may close a kept connection at any time, also while our question is on its way.
    if (waiter.isReused && this.#received === '') this.#send({ ...waiter, isReused: false })
    else waiter.reject(new ConnectionError(code))
  }

  #close(): void {
    this.#socket?.destroy()
    this.#socket = undefined
  }
}

function inherited(fd: number): Socket | undefined {
  try {
    return new Socket({ fd, readable: true, writable: true })
  } catch {
    return undefined
  }
}

type Parsed =
  /** One that is not whole has its head, and its body goes on until the connection ends. */
  | { readonly answer: WireAnswer; readonly isWhole: boolean; readonly isReusable: boolean }
  | 'incomplete'
  | 'malformed'

const HEAD_END = '\r\n\r\n'

function parse(text: string): Parsed {
  const start = 'HTTP/1.'
  if (!text.startsWith(start.slice(0, text.length))) return 'malformed'
  const end = text.indexOf(HEAD_END)
  if (end === -1) return 'incomplete'
  const head = text.slice(0, end)
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? 0)
  if (status === 0) return 'malformed'
  const rest = text.slice(end + HEAD_END.length)
  if (status < 200) return parse(rest)
  const body = bodyIn(head, rest)
  if (typeof body === 'string') return body
  const isReusable = head.startsWith('HTTP/1.1') && !/^connection: *close *$/im.test(head)
  return { answer: { status, head, body: toText(body.bytes) }, isWhole: body.isWhole, isReusable }
}

type Body = { readonly bytes: string; readonly isWhole: boolean } | 'incomplete' | 'malformed'

function bodyIn(head: string, rest: string): Body {
  if (/^transfer-encoding: *chunked *$/im.test(head)) return unchunk(rest)
  const length = /^content-length: *(\d{1,9}) *$/im.exec(head)?.[1]
  if (length === undefined) return { bytes: rest, isWhole: false }
  if (rest.length < Number(length)) return 'incomplete'
  return { bytes: rest.slice(0, Number(length)), isWhole: true }
}

function unchunk(text: string): Body {
  let body = ''
  for (let at = 0; ;) {
    const lineEnd = text.indexOf('\r\n', at)
    if (lineEnd === -1) return 'incomplete'
    const size = /^[\da-f]{1,6}(?=;|$)/i.exec(text.slice(at, lineEnd))?.[0]
    if (size === undefined) return 'malformed'
    const start = lineEnd + 2
    const next = start + Number.parseInt(size, 16)
    if (text.length < next + 2) return 'incomplete'
    if (next === start) return { bytes: body, isWhole: true }
    body += text.slice(start, next)
    at = next + 2
  }
}
