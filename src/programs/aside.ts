import type { Core } from '../core/core.ts'
import { UpstreamError } from '../errors.ts'
import { answerFromStdin, leaveUnanswered } from '../snap-start/aside.ts'
import { rejects } from '../http/rejects.ts'
import { failureBytes, missBytes, refusalBytes } from '../http/reply.ts'
import type { Lookup } from '../lookup.ts'
import { makeShape, type Shape } from '../answer/shape.ts'

/** What the extension asks this program. snap-start/aside.ts passes it on as text. */
export interface AsideQuestion {
  readonly lookup: Lookup
  /** Absent for the original's body. */
  readonly shape?: Shape | undefined
  /** A token that is still to be checked; absent if it is known to be good. */
  readonly token?: string | undefined
}

/** The program that answers one question on a caller's socket and ends: see snap-start/aside.ts. */
export function runAside(core: Core, survive: (error: unknown) => void): void {
  answerFromStdin((question) => replyTo(core, question)).catch((error: unknown) => {
    survive(error)
    leaveUnanswered()
  })
}

/** The bytes of the answer. */
async function replyTo(core: Core, question: string): Promise<string> {
  const { lookup, shape, token } = JSON.parse(question) as AsideQuestion
  try {
    if (token !== undefined && !(await core.isCurrentToken?.(token))) return refusalBytes(rejects.badToken)
    const answer = await core.fetchAnswer(lookup)
    const shaped = shape === undefined ? answer : makeShape(answer, shape)
    return 'kind' in shaped ? refusalBytes(shaped) : missBytes(shaped)
  } catch (error) {
    if (error instanceof UpstreamError) return failureBytes(error)
    throw error
  }
}
