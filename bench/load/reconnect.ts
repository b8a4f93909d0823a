import { connect } from 'node:net'
import { REQUEST_HEADERS } from '../measuring/catalogue.ts'
import { differenceOf } from '../measuring/request.ts'
import type { Known, Load } from './load.ts'
import type { Job } from './drive.ts'

/**
 * A new connection for each request, one after the other, from connect to the end. Not autocannon's `reconnectRate`:
 * it gives no event for an answer after which it connects anew.
 */
export async function reconnect(job: Job, known: readonly Known[], load: Load): Promise<void> {
  const { port, warmup, measureMs } = job
  const headers = Object.entries({ ...REQUEST_HEADERS, Host: `localhost:${port}`, Connection: 'close' })
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const calls = known.map(({ path, body }) => ({ path, body, bytes: `GET ${path} HTTP/1.1\r\n${lines}\r\n` }))
  let turn = 0
  const askUntil = async (endsAt: number, record: (us: number) => void) => {
    while (performance.now() < endsAt) {
      const { path, body, bytes } = calls[turn++ % calls.length]!
      const startedAt = performance.now()
      const text = await exchange(port, bytes)
      record((performance.now() - startedAt) * 1000)
      check(text, path, body)
    }
  }
  await askUntil(performance.now() + warmup, () => undefined)
  load.onStart()
  await askUntil(performance.now() + measureMs, load.record)
  load.onEnd()
}

function exchange(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => (text += chunk))
    socket.on('end', () => resolve(text))
    socket.on('error', reject)
    socket.write(bytes, 'latin1')
  })
}

function check(text: string, path: string, body: string): void {
  const at = text.indexOf('\r\n\r\n')
  if (!text.startsWith('HTTP/1.1 200 ')) throw new Error(`${path}: expected 200, got ${text.slice(9, 12)}`)
  if (text.slice(at + 4) !== body) throw new Error(`${path}: ${differenceOf(text.slice(at + 4), body)}`)
}
