import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Log } from '../log.ts'
import { say, type Public } from '../public.ts'

// What each phase of a start took, for a line at DEBUG. It is made there alone.

type Handler = (request: IncomingMessage, response: ServerResponse) => void

export interface Phases {
  /** A phase that began with the end of the one before has ended. */
  ended(phase: Public): void
  /** The same handler. When a first read has been answered with 200 its phase is added, and the line is written. */
  watching(handler: Handler): Handler
  /** Writes the line, if it has not been written. */
  tell(): void
}

/** `uptimeMs`: since the process started. */
export function createPhases(log: Log, uptimeMs = () => process.uptime() * 1_000): Phases {
  let line: Public | undefined = say``
  let endedAt = 0
  return { ended, watching, tell }

  function ended(phase: Public, tookMs = uptimeMs() - endedAt): void {
    if (line === undefined) return
    endedAt = uptimeMs()
    const separator = line === '' ? say`` : say`, `
    line = say`${line}${separator}${phase} ${inTenths(tookMs)} (${inTenths(endedAt)})`
  }

  function watching(handler: Handler): Handler {
    return (request, response) => {
      const cameAt = uptimeMs()
      if (line !== undefined && request.url !== '/ping')
        response.once('finish', () => {
          if (response.statusCode !== 200) return
          ended(say`first read`, uptimeMs() - cameAt)
          tell()
        })
      handler(request, response)
    }
  }

  function tell(): void {
    if (line !== undefined) log.debug(say`Start, ms of each phase (and since the process began): ${line}`)
    line = undefined
  }
}

function inTenths(ms: number): number {
  return Math.round(ms * 10) / 10
}
