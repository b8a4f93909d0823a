import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Size } from '../measuring/catalogue.ts'

export interface UpstreamOptions {
  readonly kind: 'aws' | 'canned'
  readonly tls: boolean
  readonly secrets: readonly { size: Size; keys: number }[]
}

export interface UpstreamRequest {
  readonly ask: 'calls' | 'reset' | 'delay'
  readonly delayMs?: number
}

/** AWS for a benchmark: a process of its own on the driver's core. */
export interface Upstream {
  readonly endpoint: string
  readonly caBundle?: string
  /** Calls since the start or the last `reset`. */
  calls(): Promise<number>
  reset(): Promise<void>
  /** From now on each answer takes this much longer. */
  delay(delayMs: number): Promise<void>
  stop(): Promise<void>
}

export async function startUpstream(options: UpstreamOptions): Promise<Upstream> {
  const child = fork(fileURLToPath(new URL('upstream-process.ts', import.meta.url)), [
    JSON.stringify(options),
  ])
  const gone = once(child, 'exit')
  const answered = async () => {
    const [message] = (await Promise.race([once(child, 'message'), gone.then(ended)])) as [unknown]
    return message
  }
  const ask = async (request: UpstreamRequest) => {
    child.send(request)
    return ((await answered()) as { calls: number }).calls
  }
  const { url, caBundle } = (await answered()) as { url: string; caBundle?: string }
  return {
    endpoint: url,
    ...(caBundle !== undefined && { caBundle }),
    calls: () => ask({ ask: 'calls' }),
    reset: async () => void (await ask({ ask: 'reset' })),
    delay: async (delayMs) => void (await ask({ ask: 'delay', delayMs })),
    stop: async () => {
      child.disconnect()
      await gone
    },
  }
}

function ended(): never {
  throw new Error('the emulated AWS has ended')
}
