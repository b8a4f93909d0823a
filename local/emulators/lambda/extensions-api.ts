// The runtime API address: the Extensions API 2020-01-01 over HTTP, the SnapStart credentials beside it, and the
// faults that a test can put in between. docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { type CredentialsEndpoint, credentialsPath } from './credentials.ts'
import type { FunctionSettings } from './environment.ts'
import { type Extension, type ExtensionStates, type Refusal, refusal } from './extension-states.ts'
import { LambdaFailure } from './failure.ts'

/** Faults of the host, which may be set and unset at any time. */
export interface ApiFaults {
  /** Every register gets this status and changes nothing. */
  registerStatus?: 400 | 403 | 500 | undefined
  /** Every register is answered this much later. The time of registration stays that of the request. */
  slowRegisterMs?: number | undefined
  /** Every next gets this status at once, in place of an event. */
  nextStatus?: 403 | 500 | undefined
}

interface ApiParts {
  states: ExtensionStates
  settings: FunctionSettings
  credentials: CredentialsEndpoint | undefined
  faults: ApiFaults
  /** An accepted init/error or exit/error. */
  onReportedError: (failure: LambdaFailure) => void
}

interface RouteEntry {
  method: string
  route: (request: IncomingMessage, response: ServerResponse, arrivedAt: number) => Promise<void> | void
}

const base = '/2020-01-01/extension'
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export class ExtensionsApi {
  readonly #parts: ApiParts
  readonly #server: Server
  readonly #routes: Map<string, RouteEntry>
  /** Open `next` calls. */
  readonly #held = new Set<ServerResponse>()
  #port = 0

  constructor(parts: ApiParts) {
    this.#parts = parts
    this.#routes = new Map<string, RouteEntry>([
      [`${base}/register`, { method: 'POST', route: this.#register.bind(this) }],
      [`${base}/event/next`, { method: 'GET', route: this.#next.bind(this) }],
      [`${base}/init/error`, { method: 'POST', route: this.#reportError.bind(this, 'InitError') }],
      [`${base}/exit/error`, { method: 'POST', route: this.#reportError.bind(this, 'ExitError') }],
    ])
    if (parts.credentials !== undefined) {
      const endpoint = parts.credentials
      this.#routes.set(credentialsPath, { method: 'GET', route: endpoint.answer.bind(endpoint) })
    }
    const listener = (request: IncomingMessage, response: ServerResponse): void => {
      this.#dispatch(request, response, performance.now()).catch(() => response.destroy())
    }
    // A `next` is held for hours and over freezes: no timeout of Node's may end it.
    const patient = { keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 }
    this.#server = createServer(patient, listener)
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`
  }

  /** Listens, on the same port as before if there was one. */
  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(this.#port, '127.0.0.1', () => {
        this.#server.off('error', reject)
        const address = this.#server.address()
        if (typeof address === 'object' && address !== null) this.#port = address.port
        resolve()
      })
    })
  }

  /** Refuses connections and cuts those that are open. */
  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }

  /** Cuts the connection of every open next; says how many there were. */
  dropNext(): number {
    const open = [...this.#held].filter((response) => !response.writableEnded)
    for (const response of open) response.destroy()
    return open.length
  }

  async #dispatch(request: IncomingMessage, response: ServerResponse, arrivedAt: number): Promise<void> {
    const [path = ''] = (request.url ?? '').split('?')
    const found = this.#routes.get(path)
    if (found === undefined) return send(response, 404, '404 page not found\n', plainText)
    if (request.method !== found.method) return send(response, 405, '', { Allow: found.method })
    await found.route(request, response, arrivedAt)
  }

  async #register(request: IncomingMessage, response: ServerResponse, arrivedAt: number): Promise<void> {
    const { states, faults } = this.#parts
    const body = await text(request)
    if (faults.slowRegisterMs !== undefined) await sleep(faults.slowRegisterMs)
    if (faults.registerStatus !== undefined) return sendInjected(response, faults.registerStatus)
    const name = header(request, 'lambda-extension-name')
    if (name === '')
      return refuse(response, refusal('Extension.InvalidExtensionName', 'Empty extension name'))
    const events = parseEvents(body)
    if (typeof events === 'string') return refuse(response, refusal('InvalidRequestFormat', events))
    const registered = states.register(name, events, arrivedAt)
    if ('errorType' in registered) return refuse(response, registered)
    const answer = JSON.stringify(this.#functionFacts(request))
    send(response, 200, `${answer}\n`, { ...json, 'Lambda-Extension-Identifier': registered.id })
  }

  #functionFacts(request: IncomingMessage): Record<string, string> {
    const { accountId, functionName, functionVersion, handler } = this.#parts.settings
    const features = header(request, 'lambda-extension-accept-feature').split(',')
    const wantsAccount = features.some((feature) => feature.trim() === 'accountId')
    return { ...(wantsAccount && accountId !== '' && { accountId }), functionName, functionVersion, handler }
  }

  #next(request: IncomingMessage, response: ServerResponse, arrivedAt: number): void {
    const { states, faults } = this.#parts
    if (faults.nextStatus !== undefined) return sendInjected(response, faults.nextStatus)
    const extension = this.#identify(request)
    if ('errorType' in extension) return refuse(response, extension)
    const answer = (event: { headers: Record<string, string>; body: string }): void =>
      send(response, 200, event.body, event.headers)
    this.#held.add(response)
    response.once('close', () => {
      this.#held.delete(response)
      extension.waiting.delete(answer)
    })
    const refused = states.next(extension, answer, arrivedAt)
    if (refused !== undefined) refuse(response, refused)
  }

  async #reportError(
    state: 'InitError' | 'ExitError',
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const body = await text(request)
    const extension = this.#identify(request)
    if ('errorType' in extension) return refuse(response, extension)
    const errorType = header(request, 'lambda-extension-function-error-type')
    const missing = refusal('Extension.MissingHeader', 'Lambda-Extension-Function-Error-Type not found')
    if (errorType === '') return refuse(response, missing)
    const refused = this.#parts.states.reportError(extension, state)
    if (refused !== undefined) return refuse(response, refused)
    send(response, 202, '{"status":"OK"}\n', json)
    this.#parts.onReportedError(new LambdaFailure(errorType, `Error: ${body}`, extension.name))
  }

  #identify(request: IncomingMessage): Extension | Refusal {
    const id = header(request, 'lambda-extension-identifier')
    const headerName = 'Lambda-Extension-Identifier'
    if (id === '') return refusal('Extension.MissingExtensionIdentifier', `Missing ${headerName}`)
    if (!uuid.test(id)) return refusal('Extension.InvalidExtensionIdentifier', `Invalid ${headerName}: ${id}`)
    const extension = this.#parts.states.all.find(
      (candidate) => candidate.id === id.toLowerCase() && candidate.registeredAt !== undefined,
    )
    return extension ?? refusal('Extension.UnknownExtensionIdentifier', `Unknown ${headerName}: ${id}`)
  }
}

const json = { 'Content-Type': 'application/json' }
const plainText = { 'Content-Type': 'text/plain; charset=utf-8' }

/** The events of a register body, or why the body is none. */
function parseEvents(body: string): string[] | string {
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch (error) {
    return String(error)
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    return 'body is not a JSON object'
  const { events, configurationKeys } = parsed as { events?: unknown; configurationKeys?: unknown }
  if (Array.isArray(configurationKeys) && configurationKeys.length > 0)
    return 'configurationKeys is not supported'
  const list: unknown = events ?? []
  if (!Array.isArray(list)) return 'events is not a list'
  const names: unknown[] = list
  return names.every((name) => typeof name === 'string') ? names : 'events holds more than names'
}

function header(request: IncomingMessage, name: string): string {
  const value = request.headers[name]
  return typeof value === 'string' ? value.trim() : ''
}

function refuse(response: ServerResponse, { errorType, errorMessage }: Refusal): void {
  send(response, 403, JSON.stringify({ errorMessage, errorType }), json)
}

function sendInjected(response: ServerResponse, status: number): void {
  const body = { errorMessage: 'injected by the emulator', errorType: 'Extension.InjectedFault' }
  send(response, status, JSON.stringify(body), json)
}

function send(response: ServerResponse, status: number, body: string, headers: Record<string, string>): void {
  response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) })
  response.end(body)
}
