import { once } from 'node:events'
import type { Readable } from 'node:stream'

/** The port that a stand-in says it serves on, once it has said so. For tests that start it as a process. */
export async function servingPort(stdout: Readable): Promise<number> {
  let output = ''
  stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  for (;;) {
    const port = /on port (\d+) \(up/.exec(output)?.[1]
    if (port !== undefined) return Number(port)
    await once(stdout, 'data')
  }
}
