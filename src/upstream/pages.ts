import { UpstreamError } from '../errors.ts'
import { say, type Public } from '../public.ts'
import { listTooLong, listTooSlow, type Operation } from './failure.ts'

// A list, page by page. Each page is a call that has its own bounds, and AWS says whether there is one more. So the
// list as a whole has bounds, too: a server that names pages without an end gets no more than these.

/** As many as an account holds parameters of the standard tier ("Parameter Store quotas", AWS General Reference). */
const MOST_ITEMS = 10_000
/** Twice what those need, because pages may be empty. */
const MOST_PAGES = 2_000
/** Of names, values, the further members, and tokens. */
const MOST_BYTES = 16 * 1024 * 1024
/** For all pages, where the store has no shorter time for a call. */
const LONGEST_MS = 60_000

/** Who reads a list. */
export interface PageReader<Page, T> {
  /** Called before each page is requested. */
  requested(): T
  /** Called with each page as it comes. Returns whether more are wanted. */
  onPage(page: Page, requested: T): boolean
}

interface List<Page> {
  readonly operation: Operation
  /** What it is of, in the plural. */
  readonly items: Public
  /** For the whole of it; 0: the longest there is. */
  readonly timeoutMs: number
  /** `withinMs` bounds the call, retries included. Rejects with UpstreamError only, also for what is no page. */
  ask(token: string | undefined, withinMs: number): Promise<Answered<Page>>
}

interface Answered<Page> {
  readonly page: Page
  readonly count: number
  readonly bytes: number
  readonly nextToken: unknown
}

/** Rejects with UpstreamError only; where a bound is met its message says which. */
export async function readPages<Page, T>(
  { operation, items, timeoutMs, ask }: List<Page>,
  { requested, onPage }: PageReader<Page, T>,
): Promise<void> {
  const withinMs = timeoutMs > 0 ? Math.min(timeoutMs, LONGEST_MS) : LONGEST_MS
  const startedAt = performance.now()
  const tokens = new Set<string>()
  let token: string | undefined
  let count = 0
  let bytes = 0
  for (let pages = 1; ; pages++) {
    const leftMs = Math.ceil(startedAt + withinMs - performance.now())
    if (leftMs <= 0) throw listTooSlow(operation, { withinMs, count, items })
    const at = requested()
    const answered = await ask(token, leftMs).catch((error: unknown) => {
      const isOver = error instanceof UpstreamError && error.code === 'TimeoutError' && leftMs < withinMs
      throw isOver ? listTooSlow(operation, { withinMs, count, items }) : error
    })
    count += answered.count
    if (count > MOST_ITEMS) throw listTooLong(operation, say`more than ${MOST_ITEMS} ${items}`)
    token = typeof answered.nextToken === 'string' ? answered.nextToken : undefined
    bytes += answered.bytes + (token?.length ?? 0)
    if (bytes > MOST_BYTES) throw listTooLong(operation, say`more than ${MOST_BYTES} bytes`)
    if (!onPage(answered.page, at) || !token) return
    if (tokens.has(token)) throw listTooLong(operation, say`AWS repeats a NextToken`)
    if (pages === MOST_PAGES) throw listTooLong(operation, say`more than ${MOST_PAGES} pages`)
    tokens.add(token)
  }
}
