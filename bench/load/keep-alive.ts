import autocannon from 'autocannon'
import { differenceOf } from '../measuring/request.ts'
import type { Known, Load } from './load.ts'
import type { Job } from './drive.ts'

/** Kept connections, one request at a time on each. autocannon gives each latency in fractions of a millisecond. */
export function keepAlive(job: Job, known: readonly Known[], load: Load): Promise<void> {
  const { port, connections, warmup, measureMs } = job
  return new Promise((resolve, reject) => {
    let isMeasuring = false
    let problem: string | undefined
    const fail = (text: string) => {
      problem ??= text
      instance.stop?.()
    }
    const requests = known.map(({ path, request, body }) => ({
      method: request.method,
      path: request.path,
      headers: { ...request.headers, Host: `localhost:${port}` },
      ...(request.body !== undefined && { body: request.body }),
      onResponse: (status: number, got: string) => {
        if (status !== 200) fail(`${path}: expected 200, got ${status}`)
        else if (got !== body) fail(`${path}: ${differenceOf(got, body)}`)
      },
    }))
    const instance = autocannon(
      {
        url: `http://127.0.0.1:${port}`,
        connections,
        pipelining: 1,
        duration: Math.ceil((warmup + measureMs) / 1000) + 10,
        requests,
      },
      (error, result) => {
        problem ??= result.errors > 0 ? `${result.errors} connections failed` : undefined
        if (error !== null && error !== undefined) reject(error as Error)
        else if (problem !== undefined) reject(new Error(problem))
        else resolve()
      },
    )
    instance.on('response', (_client, _status, _bytes, responseMs: number) => {
      if (isMeasuring) load.record(responseMs * 1000)
    })
    setTimeout(() => {
      load.onStart()
      isMeasuring = true
      setTimeout(() => {
        isMeasuring = false
        load.onEnd()
        instance.stop?.()
      }, measureMs)
    }, warmup)
  })
}
