import type { IncomingMessage } from 'node:http'

/** Bytes. More than AWS takes: a value of 64 KiB, each byte of which is six in JSON, is the longest. */
const LONGEST_BODY = 1024 * 1024

/**
 * Calls back once with the whole body as a byte string, or with undefined when it is longer than 1 MiB; not at all
 * when the caller hangs up before its end. What `received` throws goes to `fail`.
 */
export function receiveBody(
  request: IncomingMessage,
  received: (body: string | undefined) => void,
  fail: (error: unknown) => void,
): void {
  let body = ''
  let isOver = false
  const end = (whole: string | undefined): void => {
    if (isOver) return
    isOver = true
    try {
      received(whole)
    } catch (error) {
      fail(error)
    }
  }
  // Without a body there are no events: see http-server.ts.
  if (request.readableEnded) return end(body)
  request.setEncoding('latin1')
  request.on('data', (chunk: string) => {
    if (isOver) return
    body += chunk
    if (body.length > LONGEST_BODY) end(undefined)
  })
  request.on('end', () => end(body))
  request.on('error', () => {
    isOver = true
  })
}
