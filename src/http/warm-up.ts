import { connect } from 'node:net'

// The first request of a process costs 2 ms more than the second, because the code of node:http and ours is compiled
// when it is first run. While the function's own runtime starts there is time for that, so we send requests to
// ourselves first.

const PATIENCE_MS = 1_000

/**
 * Sends this process, which must listen on that port, two requests that need no answer of AWS: the way of a hit, but
 * for the cache. Resolves when both requests are answered, or after a second; never rejects.
 */
export function warmUpRequests(port: number, token: string): Promise<void> {
  const headers = `HTTP/1.1\r\nHost: localhost:${port}\r\nX-Aws-Parameters-Secrets-Token: ${token}\r\n`
  const ping = `GET /ping ${headers}\r\n`
  const refused = `GET /secretsmanager/get?secretId=warm-up%2Fof&refreshNow=neither ${headers}Connection: close\r\n\r\n`
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.on('error', () => undefined).on('close', () => resolve())
    socket.setTimeout(PATIENCE_MS, () => socket.destroy())
    socket.resume().write(ping + refused)
  })
}
