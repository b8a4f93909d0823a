// Judges what came back. It knows nothing about how requests are parsed, only which answers must never come.

import { isDeepStrictEqual } from 'node:util'
import { header, parseReply, type Reply } from '../../tools/wire.ts'

/** What this extension holds, and who may see it. */
export interface Rules {
  readonly token: string
  /** The only bodies of a 200, beside the one of /ping. */
  readonly answers: readonly string[]
  /** What must stand nowhere but in those. */
  readonly secrets: readonly string[]
}

const STATUSES = new Set([100, 200, 400, 401, 403, 404, 405, 413, 431, 503])
/** A list, in which other names may stand than those that were requested at first. */
const LIST = /^\{"(?:Errors|InvalidParameters|NextToken|Parameters)":/

/** What is wrong with the bytes that one connection got, else undefined. `ended`: no more will come. */
export function complaint(
  rules: Rules,
  received: Buffer,
  ended: boolean,
  showsToken: boolean,
): { readonly wrong: string } | { readonly statuses: number[] } {
  const statuses: number[] = []
  let rest = received
  try {
    while (rest.length > 0) {
      const reply = nextReply(rest, ended)
      // A connection that was cut may have lost the end of an answer.
      if (reply === undefined) break
      const wrong = complaintAbout(rules, reply, showsToken)
      if (wrong !== undefined) return { wrong }
      statuses.push(reply.status)
      rest = rest.subarray(reply.bytes.length)
    }
  } catch (error) {
    return { wrong: String(error) }
  }
  return { statuses }
}

// The answer to a HEAD has a Content-Length and no body: the next answer follows at once, or nothing.
function nextReply(bytes: Buffer, ended: boolean): Reply | undefined {
  const head = bytes.indexOf('\r\n\r\n')
  const behind = bytes.subarray(head + 4)
  const isBodiless = behind.length === 0 ? ended : behind.indexOf('HTTP/1.1 ') === 0
  return head === -1 ? undefined : parseReply(bytes, false, isBodiless)
}

function complaintAbout(
  { token, answers, secrets }: Rules,
  reply: Reply,
  showsToken: boolean,
): string | undefined {
  const { status } = reply
  if (!STATUSES.has(status)) return `status ${status}`
  const body = reply.body.toString()
  const head = reply.bytes.subarray(0, reply.bytes.length - reply.body.length)
  if (head.includes(token)) return 'the token in a header'
  if (status !== 200)
    return secrets.some((one) => reply.bytes.includes(one)) ? `a secret in a ${status}` : undefined
  if (body === 'healthy') return undefined
  // A HEAD: it gives the length of an answer, of which that of /ping is no secret.
  if (body === '' && header(reply, 'content-length') === '7') return undefined
  if (!showsToken) return 'a 200 without the token'
  if (body === '' && Number(header(reply, 'content-length')) > 0) return undefined
  if (answers.includes(body) || LIST.test(body) || isSpelledByAws(body, answers)) return undefined
  return 'a 200 with a body that nobody holds'
}

/**
 * Whether AWS itself wrote one of the answers: to a call that is passed through, as one with a member of an unknown
 * name is. The same members and values then, in AWS's own order and with its own spelling of a number.
 */
function isSpelledByAws(body: string, answers: readonly string[]): boolean {
  const value = parsed(body)
  return value !== undefined && answers.some((answer) => isDeepStrictEqual(parsed(answer), value))
}

/** Undefined where that is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
