// What a runtime asks for its invocations: docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** What an invocation ends with: the handler's result, or what it threw. */
export interface Ended {
  readonly isError: boolean
  readonly payload: string
}

export interface RuntimeApi {
  /** `host:port`, for AWS_LAMBDA_RUNTIME_API. */
  readonly address: string
  /** Resolves when the runtime asks for its first invocation. Rejects with its init error. */
  readonly ready: Promise<void>
  run(requestId: string, event: string): Promise<Ended>
  /** What waits, rejects with this. */
  fail(error: Error): void
  close(): void
}

export async function startRuntimeApi(): Promise<RuntimeApi> {
  const ready = deferred<void>()
  let waiting: ServerResponse | undefined
  let next: { id: string; event: string } | undefined
  let current: Deferred<Ended> | undefined

  /** Hands over, when there are an event and a runtime that waits for it. */
  const meet = (): void => {
    if (waiting === undefined || next === undefined) return
    const headers = {
      'Content-Type': 'application/json',
      'Lambda-Runtime-Aws-Request-Id': next.id,
      'Lambda-Runtime-Deadline-Ms': String(Date.now() + 60_000),
      'Lambda-Runtime-Invoked-Function-Arn':
        'arn:aws:lambda:us-east-1:123456789012:function:emulated-function',
    }
    waiting.writeHead(200, headers).end(next.event)
    waiting = next = undefined
  }
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = request.url?.replace('/2018-06-01/runtime/', '') ?? ''
    if (path === 'invocation/next') {
      waiting = response
      ready.resolve()
      return meet()
    }
    const payload = await text(request)
    response.writeHead(202).end()
    if (path === 'init/error') ready.reject(new Error(payload))
    else current?.resolve({ isError: path.endsWith('/error'), payload })
  }
  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    ready: ready.promise,
    run(id, event) {
      current = deferred<Ended>()
      next = { id, event }
      meet()
      return current.promise
    },
    fail(error) {
      ready.reject(error)
      current?.reject(error)
    },
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

interface Deferred<T> {
  readonly promise: Promise<T>
  resolve(value: T): void
  reject(error: Error): void
}

function deferred<T>(): Deferred<T> {
  let settle: Omit<Deferred<T>, 'promise'> | undefined
  const promise = new Promise<T>((resolve, reject) => (settle = { resolve, reject }))
  // A rejection that nobody awaits must not be an unhandled one.
  promise.catch(() => {})
  return { promise, ...settle! }
}
