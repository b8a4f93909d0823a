import { parseObject } from '../json.ts'
import { Connection, type ConnectionError, type WireAnswer } from './connection.ts'

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
  /**
   * Resolves with the identifier that `next` needs. Rejects with ExtensionsApiError. With `onAccount` the account's
   * id is asked for too, and passed to it if the answer has it.
   */
  register(name: string, events: readonly string[], onAccount?: (accountId: string) => void): Promise<string>
  /**
   * Waits, without any bound, for the next event; calls `onAsked` when the question is out. Rejects with
   * ExtensionsApiError.
   */
  next(identifier: string, onAsked?: () => void): Promise<ExtensionEvent>
}

const PATH = '/2020-01-01/extension'

/**
 * `runtimeApi` is `host:port`, from `AWS_LAMBDA_RUNTIME_API`. If `registering` is the descriptor of a connection to it,
 * `register` has been sent on that: the first `register` waits for its answer, and sends nothing.
 */
export function createExtensionsClient(runtimeApi: string, registering?: number): ExtensionsClient {
  const { hostname, port } = new URL(`http://${runtimeApi}`)
  const connection = new Connection(hostname.replace(/^\[|\]$/g, ''), Number(port || 80))
  const requestOf = (verb: string, headers: string, body = '') =>
    `${verb} HTTP/1.1\r\nHost: ${runtimeApi}\r\n${headers}\r\n\r\n${body}`
  const accepted = async (answering: Promise<WireAnswer>): Promise<WireAnswer> => {
    const answer = await answering.catch((error: ConnectionError) => {
      throw new ExtensionsApiError(0, error.code)
    })
    if (answer.status === 200) return answer
    const errorType = parseObject(answer.body)?.errorType
    throw new ExtensionsApiError(
      answer.status,
      typeof errorType === 'string' ? errorType : 'UnexpectedStatus',
    )
  }
  return {
    async register(name, events, onAccount) {
      const body = JSON.stringify({ events })
      const feature = onAccount === undefined ? '' : 'Lambda-Extension-Accept-Feature: accountId\r\n'
      const headers = `Lambda-Extension-Name: ${name}\r\n${feature}Content-Type: application/json\r\nContent-Length: ${body.length}`
      const sent = registering === undefined ? undefined : connection.receive(registering)
      registering = undefined
      const { head, body: answer } = await accepted(
        sent ?? connection.ask(requestOf(`POST ${PATH}/register`, headers, body)),
      )
      const identifier = /^lambda-extension-identifier: *(\S+)/im.exec(head)?.[1]
      if (identifier === undefined) throw new ExtensionsApiError(200, 'MissingIdentifier')
      if (onAccount !== undefined) {
        const accountId = parseObject(answer)?.accountId
        if (typeof accountId === 'string') onAccount(accountId)
      }
      return identifier
    },
    async next(identifier, onAsked) {
      const headers = `Lambda-Extension-Identifier: ${identifier}`
      const request = requestOf(`GET ${PATH}/event/next`, headers)
      return parseEvent((await accepted(connection.ask(request, onAsked))).body)
    },
  }
}

// The content type is not checked: Lambda sends SHUTDOWN as text/plain. The reason is not validated: real ones differ
// from the documented ones in letter case.
function parseEvent(body: string): ExtensionEvent {
  const event = parseObject(body)
  if (event?.eventType === 'INVOKE') return { type: 'INVOKE' }
  if (event?.eventType !== 'SHUTDOWN') throw new ExtensionsApiError(200, 'UnknownEvent')
  const { shutdownReason, deadlineMs } = event
  const reason = typeof shutdownReason === 'string' ? shutdownReason : 'unknown'
  return { type: 'SHUTDOWN', reason, deadlineAt: typeof deadlineMs === 'number' ? deadlineMs : Date.now() }
}
