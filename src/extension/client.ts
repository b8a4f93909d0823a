import { Agent, request, type IncomingMessage } from 'node:http'

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

export type ExtensionEvent =
  | { readonly type: 'INVOKE' }
  /** `deadlineAt` is epoch milliseconds. */
  | { readonly type: 'SHUTDOWN'; readonly reason: string; readonly deadlineAt: number }

export interface ExtensionsClient {
  /** Resolves with the identifier that `next` needs. Rejects with ExtensionsApiError. */
  register(name: string, events: readonly string[]): Promise<string>
  /** Waits, without any bound, for the next event. Rejects with ExtensionsApiError. */
  next(identifier: string): Promise<ExtensionEvent>
}

const PATH = '/2020-01-01/extension'
const MAX_BODY_BYTES = 64 * 1024

/** `runtimeApi` is `host:port`, from `AWS_LAMBDA_RUNTIME_API`. */
export function createExtensionsClient(runtimeApi: string): ExtensionsClient {
  const url = new URL(`http://${runtimeApi}`)
  // One kept connection: `next` follows `register` on it without a second handshake.
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const call = (method: string, path: string, headers: Record<string, string>, body?: string) =>
    exchange(url, agent, method, PATH + path, headers, body)

  return {
    async register(name, events) {
      const headers = { 'Lambda-Extension-Name': name, 'Content-Type': 'application/json' }
      const answer = await call('POST', '/register', headers, JSON.stringify({ events }))
      const identifier = answer.response.headers['lambda-extension-identifier']
      if (typeof identifier !== 'string') throw new ExtensionsApiError(200, 'MissingIdentifier')
      return identifier
    },
    async next(identifier) {
      const answer = await call('GET', '/event/next', { 'Lambda-Extension-Identifier': identifier })
      return parseEvent(answer.body)
    },
  }
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

interface Exchange {
  readonly response: IncomingMessage
  readonly body: string
}

function exchange(
  url: URL,
  agent: Agent,
  method: string,
  path: string,
  headers: Record<string, string>,
  body: string | undefined,
): Promise<Exchange> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => reject(new ExtensionsApiError(0, error.code ?? error.name))
    // No timeout anywhere: `next` waits for as long as the environment is idle or frozen.
    const outgoing = request(
      { host: url.hostname, port: url.port || 80, method, path, headers, agent, timeout: 0 },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => {
          if (text.length < MAX_BODY_BYTES) text += chunk
        })
        response.on('error', fail)
        response.on('aborted', () => reject(new ExtensionsApiError(0, 'ECONNRESET')))
        response.on('end', () => {
          if (response.statusCode === 200) return resolve({ response, body: text })
          const errorType = parseObject(text)?.errorType
          const code = typeof errorType === 'string' ? errorType : 'UnexpectedStatus'
          return reject(new ExtensionsApiError(response.statusCode ?? 0, code))
        })
      },
    )
    outgoing.on('error', fail)
    outgoing.end(body)
  })
}
