import { UpstreamError } from '../errors.ts'
import type { ParameterFields } from '../fields.ts'
import type { PathLookup } from '../lookup.ts'
import { say } from '../public.ts'
import { listTooLong, listTooSlow, unreadable } from './failure.ts'
import { isParameter, type ParameterStore } from './parameter-store.ts'

// All parameters below a path, page by page. Each page is a call that has its own bounds, and AWS says whether there is
// one more. So the list as a whole has bounds, too: whoever names pages without an end gets no more than these.

const OPERATION = 'GetParametersByPath'
/** As many as an account holds of the standard tier ("Parameter Store quotas" in the AWS General Reference). */
const MOST_PARAMETERS = 10_000
/** Twice what those need, because pages may be empty. */
const MOST_PAGES = 2_000
/** Of names, values, the further members, and tokens. */
const MOST_BYTES = 16 * 1024 * 1024
const MEMBERS_BYTES = 250
/** For all pages, where the store has no shorter time for a call. */
const LONGEST_MS = 60_000

export interface PathOptions<T> {
  /** Called before each page is requested. */
  requested(): T
  /** Called with each page as it comes. Returns whether more are wanted. */
  onPage(parameters: readonly ParameterFields[], requested: T): boolean
}

/** Rejects with UpstreamError only; where a bound is met its message says which. `timeoutMs` 0: the longest there is. */
export async function getPath<T>(
  service: Pick<ParameterStore, 'getParametersByPath'>,
  { path, isRecursive, withDecryption, role }: PathLookup,
  { requested, onPage, timeoutMs }: PathOptions<T> & { readonly timeoutMs: number },
): Promise<void> {
  const withinMs = timeoutMs > 0 ? Math.min(timeoutMs, LONGEST_MS) : LONGEST_MS
  const startedAt = performance.now()
  const tokens = new Set<string>()
  let token: string | undefined
  let count = 0
  let bytes = 0
  for (let pages = 1; ; pages++) {
    const leftMs = Math.ceil(startedAt + withinMs - performance.now())
    if (leftMs <= 0) throw listTooSlow(OPERATION, withinMs, count)
    const at = requested()
    const page = await service
      .getParametersByPath(
        { region: undefined, role },
        {
          Path: path,
          Recursive: isRecursive,
          WithDecryption: withDecryption,
          ...(token !== undefined && { NextToken: token }),
        },
        leftMs,
      )
      .catch((error: unknown) => {
        const isOver = error instanceof UpstreamError && error.code === 'TimeoutError' && leftMs < withinMs
        throw isOver ? listTooSlow(OPERATION, withinMs, count) : error
      })
    const parameters = page.Parameters ?? []
    if (!Array.isArray(parameters) || !parameters.every(isParameter)) throw unreadable(OPERATION)
    count += parameters.length
    for (const one of parameters) bytes += bytesOf(one)
    if (count > MOST_PARAMETERS) throw listTooLong(OPERATION, say`more than ${MOST_PARAMETERS} parameters`)
    token = page.NextToken
    if (typeof token !== 'string') token = undefined
    bytes += token?.length ?? 0
    if (bytes > MOST_BYTES) throw listTooLong(OPERATION, say`more than ${MOST_BYTES} bytes`)
    if (!onPage(parameters, at) || !token) return
    if (tokens.has(token)) throw listTooLong(OPERATION, say`AWS repeats a NextToken`)
    if (pages === MOST_PAGES) throw listTooLong(OPERATION, say`more than ${MOST_PAGES} pages`)
    tokens.add(token)
  }
}

function bytesOf({ Name = '', Value = '' }: ParameterFields): number {
  return Name.length + Buffer.byteLength(Value) + MEMBERS_BYTES
}
