import { Agent, request, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'

// The verbs of the Extensions API (2020-01-01), and no policy. AWS: "Lambda Extensions API" in the Developer Guide.

/** The answer was not 200, or was not what the API promises. `status` is 0 when there was no answer at all. */
export class ExtensionsApiError extends Error {
  override readonly name = 'ExtensionsApiError'
  readonly status: number
  /** The API's `errorType`, a socket error's code, or a word of ours. */
  readonly code: string

  constructor(status: number, code: string) {
    super(`${status} ${code}`)
    this.status = status
    this.code = code
  }
}

type ExtensionEvent =
  | { readonly type: 'INVOKE' }
  /** `deadlineAt` is epoch milliseconds. */
  | { readonly type: 'SHUTDOWN'; readonly reason: string; readonly deadlineAt: number }

export interface ExtensionsClient {
  /** Resolves with the identifier that `next` needs. Rejects with ExtensionsApiError. */
  register(name: string, events: readonly string[]): Promise<string>
  /** Waits, without any bound, for the next event; calls `onAsked` when the question is out. Rejects with ExtensionsApiError. */
  next(identifier: string, onAsked?: () => void): Promise<ExtensionEvent>
}

const PATH = '/2020-01-01/extension'
const MAX_ANSWER = 64 * 1024
// A refusal ends with its connection; one that stays open in spite of `Connection: close` is taken as it is by then.
const REST_OF_REFUSAL_MS = 1_000

/** `runtimeApi` is `host:port`, from `AWS_LAMBDA_RUNTIME_API`. */
export function createExtensionsClient(runtimeApi: string): ExtensionsClient {
  const { hostname: host, port } = new URL(`http://${runtimeApi}`)
  const address: Address = { host: host.replace(/^\[|\]$/g, ''), port: Number(port || 80) }
  return {
    register: (name, events) => register(address, name, events),
    next: async (identifier, onAsked) => parseEvent(await get(address, '/event/next', identifier, onAsked)),
  }
}

interface Address {
  readonly host: string
  readonly port: number
}

/**
 * On a bare socket: the function's runtime is started when this has been answered, and `http.request` alone would delay
 * it by some 4 ms of 45 (CPU profile, Node 24). The connection is closed by the answer, so that the end of the answer is
 * the end of the stream; and of the answer one header is all we need.
 */
function register({ host, port }: Address, name: string, events: readonly string[]): Promise<string> {
  const body = JSON.stringify({ events })
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(port, host)
    socket.setEncoding('latin1')
    socket.on('error', (error: NodeJS.ErrnoException) => {
      reject(new ExtensionsApiError(0, error.code ?? error.name))
    })
    socket.on('data', (chunk: string) => {
      if (answer.length < MAX_ANSWER) answer += chunk
      const identifier = identifierIn(answer)
      if (identifier === undefined) {
        socket.setTimeout(REST_OF_REFUSAL_MS)
        return
      }
      socket.destroy()
      resolve(identifier)
    })
    const refuse = () => {
      socket.destroy()
      reject(refusalIn(answer))
    }
    socket.on('end', refuse)
    socket.on('timeout', refuse)
    socket.write(
      `POST ${PATH}/register HTTP/1.1\r\nHost: ${host}:${port}\r\nLambda-Extension-Name: ${name}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    )
  })
}

/** Of a 200 whose header block is complete. */
function identifierIn(answer: string): string | undefined {
  const end = answer.indexOf('\r\n\r\n')
  if (end === -1 || !/^HTTP\/1\.[01] 200 /.test(answer)) return undefined
  return /^lambda-extension-identifier: *(\S+)/im.exec(answer.slice(0, end))?.[1]
}

function refusalIn(answer: string): ExtensionsApiError {
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(answer)?.[1] ?? 0)
  if (status === 0) return new ExtensionsApiError(0, 'ECONNRESET')
  if (status === 200) return new ExtensionsApiError(200, 'MissingIdentifier')
  return new ExtensionsApiError(status, /"errorType" *: *"([\w.]+)"/.exec(answer)?.[1] ?? 'UnexpectedStatus')
}

// Whatever the content type: Lambda sends SHUTDOWN as text/plain. The reason is not validated: real ones differ from
// the documented ones in letter case.
function parseEvent(body: string): ExtensionEvent {
  const event = parseObject(body)
  if (event?.eventType === 'INVOKE') return { type: 'INVOKE' }
  if (event?.eventType !== 'SHUTDOWN') throw new ExtensionsApiError(200, 'UnknownEvent')
  const { shutdownReason, deadlineMs } = event
  const reason = typeof shutdownReason === 'string' ? shutdownReason : 'unknown'
  return { type: 'SHUTDOWN', reason, deadlineAt: typeof deadlineMs === 'number' ? deadlineMs : Date.now() }
}

function parseObject(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}

// One connection for all the waiting: `next` follows `next` on it.
const agent = new Agent({ keepAlive: true, maxSockets: 1 })

/** The body of a 200. No timeout anywhere: `next` waits for as long as the environment is idle or frozen. */
function get({ host, port }: Address, path: string, identifier: string, onAsked = () => {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => reject(new ExtensionsApiError(0, error.code ?? error.name))
    const read = (response: IncomingMessage) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        if (text.length < MAX_ANSWER) text += chunk
      })
      response.on('error', fail)
      response.on('aborted', () => reject(new ExtensionsApiError(0, 'ECONNRESET')))
      response.on('end', () => {
        if (response.statusCode === 200) return resolve(text)
        const errorType = parseObject(text)?.errorType
        const code = typeof errorType === 'string' ? errorType : 'UnexpectedStatus'
        return reject(new ExtensionsApiError(response.statusCode ?? 0, code))
      })
    }
    const headers = { 'Lambda-Extension-Identifier': identifier }
    const outgoing = request({ host, port, path: PATH + path, headers, agent, timeout: 0 }, read)
    outgoing.on('error', fail)
    outgoing.on('finish', onAsked)
    outgoing.end()
  })
}
