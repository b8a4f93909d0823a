// What came in: requests by name, sockets, and how many of each at once. Never a value, a token or a signature.

import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

import type { Service } from './protocol.ts'

export interface RecordedRequest {
  readonly service: Service
  readonly operation: string
  /** Names, ARNs or paths as sent, selectors included. */
  readonly names: readonly string[]
  /** From the credential scope. */
  readonly region: string | undefined
  readonly accessKeyId: string | undefined
  /** Epoch milliseconds. */
  readonly at: number
  /** Counts up from 1 for each accepted socket: equal for requests that shared one. */
  readonly connection: number
  /** Without authorization and security token. */
  readonly headers: IncomingHttpHeaders
  /** What AWS would answer, before any fault. */
  readonly status: number
  /** AWS's error code. */
  readonly error: string | undefined
}

/** Older requests are forgotten; the counts are not. */
const REMEMBERED = 10_000

interface Waiter {
  readonly name: string | undefined
  readonly times: number
  readonly wake: () => void
}

export class Traffic {
  readonly requests: RecordedRequest[] = []
  accepted = 0
  inFlight = 0
  peakInFlight = 0
  peakOpen = 0
  readonly #sockets = new Map<Socket, number>()
  #calls = new Map<string, number>()
  #total = 0
  #waiters: Waiter[] = []

  accept(socket: Socket): void {
    this.#sockets.set(socket, ++this.accepted)
    this.peakOpen = Math.max(this.peakOpen, this.#sockets.size)
    socket.once('close', () => this.#sockets.delete(socket))
  }

  begin(res: ServerResponse): void {
    this.inFlight++
    this.peakInFlight = Math.max(this.peakInFlight, this.inFlight)
    res.once('close', () => this.inFlight--)
  }

  record(req: IncomingMessage, seen: Omit<RecordedRequest, 'at' | 'connection' | 'headers'>): void {
    const { authorization: _, 'x-amz-security-token': __, ...headers } = req.headers
    this.requests.push({ ...seen, at: Date.now(), connection: this.#connectionOf(req.socket), headers })
    if (this.requests.length > REMEMBERED) this.requests.shift()
    this.#total++
    for (const name of new Set(seen.names)) this.#calls.set(name, this.calls(name) + 1)
    this.#wake()
  }

  calls(name?: string): number {
    return name === undefined ? this.#total : (this.#calls.get(name) ?? 0)
  }

  called(name: string | undefined, times: number): Promise<void> {
    return new Promise((wake) => {
      this.#waiters.push({ name, times, wake })
      this.#wake()
    })
  }

  /** Forgets requests, counts and peaks; sockets that are open stay counted as open. */
  reset(): void {
    this.requests.length = 0
    this.#calls = new Map()
    this.#total = 0
    this.accepted = this.#sockets.size
    this.peakInFlight = this.inFlight
    this.peakOpen = this.#sockets.size
  }

  get open(): number {
    return this.#sockets.size
  }

  dropSockets(): number {
    const open = [...this.#sockets.keys()]
    for (const socket of open) socket.destroy()
    return open.length
  }

  #wake(): void {
    const ready = this.#waiters.filter(({ name, times }) => this.calls(name) >= times)
    this.#waiters = this.#waiters.filter((waiter) => !ready.includes(waiter))
    for (const { wake } of ready) wake()
  }

  // Over TLS a request carries the secure socket, whose port at the far end is that of the accepted one.
  #connectionOf(socket: Socket): number {
    const direct = this.#sockets.get(socket)
    if (direct !== undefined) return direct
    return [...this.#sockets].find(([accepted]) => accepted.remotePort === socket.remotePort)?.[1] ?? 0
  }
}
