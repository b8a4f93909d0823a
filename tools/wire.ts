// A client that speaks bytes, not HTTP: what is written goes out exactly so, what comes back is kept exactly so.
// Real clients normalise header names, join repeated headers, retry and hide interim answers; a contract about
// bytes cannot be read through them.

import { once } from 'node:events'
import { connect as connectSocket, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'

/** One answer, as sent. */
export interface Reply {
  /** `1.0` or `1.1`. */
  readonly version: string
  readonly status: number
  readonly reason: string
  /** Order, letter case and repetition kept. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer
  /** Head and body, untouched. */
  readonly bytes: Buffer
}

/** The bytes are not an HTTP answer, or the connection ended in the middle of one. */
export class WireError extends Error {
  override readonly name = 'WireError'
}

export interface ConnectOptions {
  /** Default `127.0.0.1`. */
  readonly host?: string
  /** How long `receive` and `closed` wait before they reject, so that a silent server fails a test. Default 30 s. */
  readonly patienceMs?: number
}

interface SendOptions {
  /** Offsets at which the bytes are cut into separate writes; `every` cuts after each byte. */
  readonly splitAt?: readonly number[] | 'every'
}

interface ReceiveOptions {
  /** The answer belongs to a HEAD request, or is a 2xx to CONNECT: it has no body whatever its headers say. */
  readonly bodiless?: boolean
}

/** One open connection. */
export interface Wire {
  send(bytes: Buffer | string, options?: SendOptions): Promise<void>
  /** The next answer; interim ones (100) count. Rejects with `WireError` where no whole answer comes. */
  receive(options?: ReceiveOptions): Promise<Reply>
  /** Sends FIN and keeps reading. */
  halfClose(): void
  /** Resolves with the bytes nobody received once the server has closed or reset the connection. */
  closed(): Promise<Buffer>
  /** Whether the server has kept the connection open so far, and what it sent that nobody received. */
  state(): { readonly open: boolean; readonly unread: Buffer }
  destroy(): void
}

export async function connect(port: number, options: ConnectOptions = {}): Promise<Wire> {
  const socket = connectSocket({
    port,
    host: options.host ?? '127.0.0.1',
    noDelay: true,
    allowHalfOpen: true,
  })
  await once(socket, 'connect')
  return wireOver(socket, options.patienceMs ?? 30_000)
}

export interface ExchangeOptions extends ConnectOptions, SendOptions, ReceiveOptions {
  /** How many answers to wait for. Default 1. */
  readonly replies?: number
  /** Send FIN behind the request. */
  readonly halfClose?: boolean
}

/** Connects, sends the bytes, returns the answers, and hangs up. */
export async function exchange(
  port: number,
  bytes: Buffer | string,
  options: ExchangeOptions = {},
): Promise<Reply[]> {
  const wire = await connect(port, options)
  try {
    await wire.send(bytes, options)
    if (options.halfClose === true) wire.halfClose()
    const replies: Reply[] = []
    for (let i = 0; i < (options.replies ?? 1); i++) replies.push(await wire.receive(options))
    return replies
  } finally {
    wire.destroy()
  }
}

/** The value of a header, or undefined; repeated ones joined with `, `. */
export function header(reply: Reply, name: string): string | undefined {
  const values = reply.headers.filter(([other]) => other.toLowerCase() === name.toLowerCase())
  return values.length === 0 ? undefined : values.map(([, value]) => value).join(', ')
}

const HEAD_END = '\r\n\r\n'

/**
 * The first answer in `bytes`, or undefined where more bytes are needed. `ended` says that no more will come,
 * which is what ends a body without Content-Length.
 */
export function parseReply(bytes: Buffer, ended: boolean, bodiless: boolean): Reply | undefined {
  const end = bytes.indexOf(HEAD_END, 0, 'latin1')
  if (end === -1) return undefined
  const [statusLine, ...lines] = bytes.toString('latin1', 0, end).split('\r\n')
  const status = /^HTTP\/(\d\.\d) (\d{3}) (.*)$/.exec(statusLine!)
  if (status === null) throw new WireError('not a status line: ' + JSON.stringify(statusLine))
  const headers = lines.map(parseHeader)
  const code = Number(status[2])
  const bodyAt = end + HEAD_END.length
  const length = bodyLength(headers, bodiless || code < 200 || code === 204 || code === 304)
  if (length === undefined ? !ended : bytes.length < bodyAt + length) return undefined
  const bodyEnd = length === undefined ? bytes.length : bodyAt + length
  return {
    version: status[1]!,
    status: code,
    reason: status[3]!,
    headers,
    body: bytes.subarray(bodyAt, bodyEnd),
    bytes: bytes.subarray(0, bodyEnd),
  }
}

function parseHeader(line: string): [string, string] {
  const parts = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+): ?(.*)$/.exec(line)
  if (parts === null) throw new WireError('not a header line: ' + JSON.stringify(line))
  return [parts[1]!, parts[2]!]
}

/** Undefined: the body lasts until the connection ends. */
function bodyLength(headers: readonly (readonly [string, string])[], bodiless: boolean): number | undefined {
  if (bodiless) return 0
  const values = headers.filter(([name]) => name.toLowerCase() === 'content-length')
  if (headers.some(([name]) => name.toLowerCase() === 'transfer-encoding')) {
    throw new WireError('a Transfer-Encoding, which no answer of ours uses')
  }
  if (values.length === 0) return undefined
  const length = Number(values[0]![1])
  if (values.length > 1 || !Number.isSafeInteger(length)) throw new WireError('a bad Content-Length')
  return length
}

function wireOver(socket: Socket, patienceMs: number): Wire {
  let unread: Buffer = Buffer.alloc(0)
  let ended = false
  let failure: Error | undefined
  let wake: () => void = () => {}
  const change = (): void => wake()

  socket.on('data', (chunk: Buffer) => {
    unread = Buffer.concat([unread, chunk])
    change()
  })
  socket.on('end', () => {
    ended = true
    change()
  })
  socket.on('error', (error) => (failure = error))
  socket.on('close', () => {
    ended = true
    change()
  })

  async function until<T>(what: string, attempt: () => T | undefined): Promise<T> {
    const deadline = Date.now() + patienceMs
    for (;;) {
      const value = attempt()
      if (value !== undefined) return value
      const left = deadline - Date.now()
      if (left <= 0) throw new WireError(`no ${what} within ${patienceMs} ms`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left)
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  return {
    async send(bytes, options = {}) {
      for (const piece of pieces(
        typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes,
        options.splitAt,
      )) {
        if (socket.destroyed) return
        await new Promise<void>((resolve) => socket.write(piece, () => resolve()))
        // One turn of the loop lets the kernel hand the piece over on its own.
        await turn()
      }
    },
    receive: (options = {}) =>
      until('whole answer', () => {
        const reply = parseReply(unread, ended, options.bodiless ?? false)
        if (reply !== undefined) {
          unread = unread.subarray(reply.bytes.length)
          return reply
        }
        if (!ended) return undefined
        const why = failure === undefined ? '' : ` (${failure.message})`
        throw new WireError(`the connection ended after ${unread.length} bytes of an answer${why}`)
      }),
    halfClose: () => void socket.end(),
    closed: () => until('end of the connection', () => (ended ? unread : undefined)),
    state: () => ({ open: !ended, unread }),
    destroy: () => void socket.destroy(),
  }
}

function pieces(bytes: Buffer, splitAt: SendOptions['splitAt']): Buffer[] {
  const offsets =
    splitAt === 'every' ? Array.from({ length: bytes.length - 1 }, (_, i) => i + 1) : (splitAt ?? [])
  const cuts = [0, ...offsets, bytes.length]
  return cuts.slice(1).map((end, i) => bytes.subarray(cuts[i], end))
}
