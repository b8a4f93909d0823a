import { writeSync } from 'node:fs'
import type { Public } from './public.ts'
import { EXTENSION_NAME } from './version.ts'

// The only place that writes. A line is text in the original's format, or JSON where the function logs JSON:
//
//   [AWS Parameters and Secrets Lambda Extension] 2024/06/26 02:34:50 INFO Serving on port 2773
//
// It accepts `Public` text only, so nothing can be logged without a claim that it holds no secret value, token or body.

export type Level = 'debug' | 'info' | 'warn' | 'error' | 'none'

export interface Log {
  /** False when `debug` would write nothing: ask before building a message on a hot path. */
  readonly debugEnabled: boolean
  debug(message: Public): void
  info(message: Public): void
  warn(message: Public): void
  error(message: Public): void
  /** Without a level, as the original writes its very first line; silent only when the level is `none`. */
  plain(message: Public): void
  /** The line alone, in no format of ours, whatever the level: it is for a program that reads the log. */
  raw(line: Public): void
}

const RANK: Record<Level, number> = { debug: 0, info: 1, warn: 2, error: 3, none: 4 }
const PREFIX = '[AWS Parameters and Secrets Lambda Extension]'

function twoDigits(n: number): string {
  return n < 10 ? '0' + n : String(n)
}

/** Go's `log` timestamp in UTC: `2006/01/02 15:04:05`. */
function goTimestamp(at: Date): string {
  const day = [at.getUTCFullYear(), twoDigits(at.getUTCMonth() + 1), twoDigits(at.getUTCDate())].join('/')
  const time = [at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds()].map(twoDigits).join(':')
  return day + ' ' + time
}

function textLine(at: Date, level: Level | undefined, message: Public): string {
  const label = level === undefined ? '' : level.toUpperCase() + ' '
  return `${PREFIX} ${goTimestamp(at)} ${label}${message}\n`
}

/** The keys that Lambda's own JSON log lines use, so that one query finds both. */
function jsonLine(at: Date, level: Level | undefined, message: Public): string {
  const label = (level ?? 'info').toUpperCase()
  return (
    JSON.stringify({ timestamp: at.toISOString(), level: label, message, extension: EXTENSION_NAME }) + '\n'
  )
}

export interface LogOutput {
  /** Receives whole lines. */
  readonly write?: (line: string) => void
  /** The clock of their timestamps. */
  readonly now?: () => Date
}

export function createLog(
  level: Level,
  format: 'text' | 'json',
  { write = writeToStdout, now = () => new Date() }: LogOutput = {},
): Log {
  const line = format === 'json' ? jsonLine : textLine
  const at = (of: Level) => (message: Public) => {
    if (RANK[of] >= RANK[level]) write(line(now(), of, message))
  }
  return {
    debugEnabled: level === 'debug',
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    plain: (message) => {
      if (level !== 'none') write(line(now(), undefined, message))
    },
    raw: (text) => write(`${text}\n`),
  }
}

// Lines are written to the descriptor itself: `process.stdout` loads Node's stream and tty code, which nothing before
// `register` needs. If the pipe is full (EAGAIN) the rest waits a moment. A closed one (EPIPE, EBADF) must never kill
// us.
const BACKLOG_LIMIT = 64 * 1024
const RETRY_MS = 20
const NOTHING: Buffer = Buffer.alloc(0)
// Bytes, not text, because a write may stop inside a character.
let backlog = NOTHING

function writeToStdout(line: string): void {
  if (backlog.length === 0) {
    backlog = writeSome(Buffer.from(line))
    if (backlog.length > 0) setTimeout(drainBacklog, RETRY_MS).unref()
  } else if (backlog.length + line.length <= BACKLOG_LIMIT) {
    backlog = Buffer.concat([backlog, Buffer.from(line)])
  }
}

function drainBacklog(): void {
  backlog = writeSome(backlog)
  if (backlog.length > 0) setTimeout(drainBacklog, RETRY_MS).unref()
}

/** What could not be written yet; empty when all was, or when nobody will ever read it. */
function writeSome(bytes: Buffer): Buffer {
  let rest = bytes
  try {
    while (rest.length > 0) rest = rest.subarray(writeSync(1, rest))
    return NOTHING
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? rest : NOTHING
  }
}
