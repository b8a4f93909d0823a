import { makeShape, type Shape } from '../answer/shape.ts'
import type { Core } from '../core/core.ts'
import { UpstreamError } from '../errors.ts'
import type { Asked } from '../http/reader.ts'
import { manyReady } from '../http/many.ts'
import { rejects } from '../http/rejects.ts'
import type { ReadMany } from '../http/asked.ts'
import { failureBytes, missBytes, refusalBytes } from '../http/reply.ts'
import { BAD_TOKEN, errorBytes, failureBytesOfSdk, rawBytes } from '../http/sdk-reply.ts'
import type { Lookup } from '../lookup.ts'
import type { RawCall } from '../raw-call.ts'
import { answerFromStdin, leaveUnanswered } from '../snap-start/aside.ts'

// The program that answers one question on a caller's socket and ends: see snap-start/aside.ts, which passes the
// question on as text.

interface AsideQuestion {
  readonly lookup?: Lookup | undefined
  /** Absent for the original's body. */
  readonly shape?: Shape | undefined
  /** In place of a lookup: many. */
  readonly many?: ReadMany | undefined
  /** In place of a lookup: a call of an SDK. */
  readonly call?: RawCall | undefined
  /** A token that is still to be checked; absent if it is known to be good. */
  readonly token?: string | undefined
}

export function asideQuestion(asked: Asked, token: string | undefined): string {
  const question: AsideQuestion =
    asked.kind === 'read'
      ? { lookup: asked.lookup, shape: asked.shape, token }
      : asked.kind === 'many'
        ? { many: asked, token }
        : { call: asked.call, token }
  return JSON.stringify(question)
}

export function runAside(core: Core, survive: (error: unknown) => void): void {
  answerFromStdin((question) => replyTo(core, JSON.parse(question) as AsideQuestion)).catch(
    (error: unknown) => {
      survive(error)
      leaveUnanswered()
    },
  )
}

/** The bytes of the answer. */
async function replyTo(core: Core, question: AsideQuestion): Promise<string> {
  const { lookup, shape, many, call, token } = question
  const isOfSdk = call !== undefined || many?.isWire === true || shape?.kind === 'wire'
  try {
    if (token !== undefined && !(await core.isCurrentToken?.(token))) {
      return isOfSdk ? errorBytes(BAD_TOKEN) : refusalBytes(rejects.badToken)
    }
    if (call !== undefined) return rawBytes(await core.passOn(call))
    if (many !== undefined) {
      const ready = manyReady(many, await core.readMany(many.lookups, many.refreshNow))
      if (ready instanceof UpstreamError) throw ready
      return missBytes(ready)
    }
    const answer = await core.fetchAnswer(lookup!)
    const shaped = shape === undefined ? answer : makeShape(answer, shape)
    return 'kind' in shaped ? refusalBytes(shaped) : missBytes(shaped)
  } catch (error) {
    if (error instanceof UpstreamError) return isOfSdk ? failureBytesOfSdk(error) : failureBytes(error)
    throw error
  }
}
