// A port that is silent, as in a VPC without a route: a process listens with the shortest backlog and is stopped. Its
// backlog is filled, so the kernel drops every further SYN.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export interface StalledPort {
  readonly url: string
  /** From now on no connection is accepted. Resolves when the backlog is full. */
  stall(): Promise<void>
  /** Accepts again, and passes what comes to the upstream. */
  recover(): void
  close(): Promise<void>
}

// A TCP relay: accepted connections are piped to the port given as its argument.
const RELAY = `
  const { connect, createServer } = require('node:net')
  const server = createServer((near) => {
    const far = connect(Number(process.argv[1]), '127.0.0.1')
    near.pipe(far).pipe(near)
    near.on('error', () => far.destroy())
    far.on('error', () => near.destroy())
  })
  const ready = () => process.stdout.write(String(server.address().port))
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, ready)
`
/** A SYN that was dropped is sent again after a second; one that was not is answered within a millisecond or two. */
const DROPPED_AFTER_MS = 300
const MOST_FILLERS = 64

export async function startStalledPort(upstreamPort: number): Promise<StalledPort> {
  const relay = spawn(process.execPath, ['-e', RELAY, String(upstreamPort)], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [line] = (await once(relay.stdout, 'data')) as [Buffer]
  const port = Number(line.toString())
  let fillers: Socket[] = []

  function letGo(): void {
    for (const filler of fillers) filler.destroy()
    fillers = []
    relay.kill('SIGCONT')
  }

  return {
    url: `http://127.0.0.1:${port}`,
    async stall() {
      relay.kill('SIGSTOP')
      for (;;) {
        const filler = connect(port, '127.0.0.1').on('error', () => {})
        fillers.push(filler)
        const connected = once(filler, 'connect').then(
          () => true,
          () => false,
        )
        if (!(await Promise.race([connected, sleep(DROPPED_AFTER_MS, false, { ref: false })]))) return
        if (fillers.length > MOST_FILLERS) throw new Error('the backlog does not fill up')
      }
    },
    recover: letGo,
    async close() {
      letGo()
      const exited = once(relay, 'exit')
      relay.kill('SIGKILL')
      await exited
    },
  }
}
