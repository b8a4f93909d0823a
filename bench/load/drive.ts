import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Size } from '../measuring/catalogue.ts'
import type { Form } from './forms.ts'
import type { Bucket } from '../storing/histogram.ts'

/** What a driver process has to do. */
export interface Job {
  readonly port: number
  /** Whose CPU time is read around the measured part. */
  readonly serverPid: number
  readonly isExact: boolean
  readonly size: Size
  readonly keys: number
  /** For `keep`; default: the original's body. */
  readonly form?: Form | undefined
  /** For `each`: how often every key is requested, one round after another; default once. */
  readonly times?: number
  /** The number of the first key. Where each request must miss, each part has other keys. */
  readonly fromKey?: number
  readonly connections: number
  /**
   * `keep`: autocannon over kept connections. `reconnect`: a new connection for each request. `each`: every key once,
   * by as many at a time as there are connections. `burst`: as `each`, the hot key as many times as there are keys.
   */
  readonly mode: 'keep' | 'reconnect' | 'each' | 'burst'
  /** Before the measured part; for `each` and `burst` the number of keys that warm up, after the measured ones. */
  readonly warmup: number
  /** Milliseconds; not for `each` and `burst`, which end with the keys. */
  readonly measureMs: number
}

export interface Outcome {
  readonly responses: number
  readonly elapsedMs: number
  readonly serverCpuMs: number
  readonly driverCpuMs: number
  readonly latency: readonly Bucket[]
}

/** Runs the job in a fresh process. Rejects for any answer but the right one, and when it takes longer than that. */
export function drive(job: Job, withinMs?: number): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL('drive-process.ts', import.meta.url)), [JSON.stringify(job)])
    let outcome: Outcome | { error: string } | undefined
    child.on('message', (message) => (outcome = message as Outcome))
    const timer = withinMs && setTimeout(() => child.kill('SIGKILL'), withinMs)
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      clearTimeout(timer)
      if (signal === 'SIGKILL') reject(new Error(`not done within ${withinMs! / 1000} s`))
      else if (outcome === undefined) reject(new Error(`the driver ended with ${code}`))
      else if ('error' in outcome) reject(new Error(outcome.error))
      else resolve(outcome)
    })
  })
}
