import type { Answer } from '../answer/answer.ts'
import { PREFETCH_WAIT_MS, type ReadThrough, type Requested } from '../cache/read-through.ts'
import { parameterLookup, type Lookup, type ParameterLookup, type SingleLookup } from '../lookup.ts'
import type { Wake } from './wake.ts'

// What is under way in a prefetch, and may answer a question that has no flight of its own. A list may take a minute,
// so a reader waits `PREFETCH_WAIT_MS` for it, and then asks.

export interface PrefetchWaits {
  /**
   * Waits for what may answer the question, and looks into the cache. So whatever was learnt meanwhile counts. Resolves
   * with undefined if it is not held then, or has not come in time. Undefined if nothing under way may answer it. Never
   * rejects.
   */
  awaited(lookup: Lookup): Promise<Answer | undefined> | undefined
  /** A parameter is asked for with decryption: it answers the question without, if it is not encrypted. */
  alone(lookup: ParameterLookup, requested: Requested, settled: Promise<void>): void
  /** A list is asked for, in which an answer to such questions may be. */
  list(mayHold: (lookup: SingleLookup) => boolean): ListUnderWay
  /** Nobody waits any more for what was asked before. */
  forget(): void
}

interface ListUnderWay {
  /** To be called before each page is requested. */
  requested(): Requested
  /** To be called when a page is in the cache. */
  came(): void
  /** To be called when no more pages will come. */
  over(): void
}

export interface PrefetchWaitsOptions {
  readonly wake: Wake
  cache(): ReadThrough<Lookup, Answer>
}

interface List {
  readonly mayHold: (lookup: SingleLookup) => boolean
  /** Of its latest page. */
  requested: Requested
  isOver: boolean
  /** Resolves when a page has come, or no more will. */
  page: Promise<void>
}

/** Of one reader. */
interface Wait {
  isOver: boolean
  readonly over: Promise<void>
}

export function createPrefetchWaits({ wake, cache }: PrefetchWaitsOptions): PrefetchWaits {
  /** By the key of the question without decryption. */
  const siblings = new Map<string, { readonly requested: Requested; readonly settled: Promise<void> }>()
  const lists = new Set<List>()

  return {
    awaited(lookup) {
      if (lookup.store === 'parameter-path') return undefined
      const sibling = siblings.get(lookup.key)
      if (sibling !== undefined && !hasSlept(sibling)) {
        return inTime(({ over }) => Promise.race([sibling.settled, over])).then(() => cache().peek(lookup))
      }
      const list = [...lists].find(({ mayHold }) => mayHold(lookup))
      if (list === undefined || hasSlept(list)) return undefined
      return inTime((wait) => fromList(list, lookup, wait)).then(() => cache().peek(lookup))
    },
    alone(lookup, requested, settled) {
      siblings.set(parameterLookup(lookup.name, { role: lookup.role }).key, { requested, settled })
    },
    list(mayHold) {
      let wakeAll = (): void => {}
      const nextPage = () => new Promise<void>((resolve) => (wakeAll = resolve))
      const list: List = { mayHold, requested: cache().request(), isOver: false, page: nextPage() }
      lists.add(list)
      return {
        requested: () => (list.requested = cache().request()),
        came() {
          const wakeThese = wakeAll
          list.page = nextPage()
          wakeThese()
        },
        over() {
          list.isOver = true
          lists.delete(list)
          wakeAll()
        },
      }
    },
    forget() {
      siblings.clear()
      lists.clear()
    },
  }

  /** Its connection may be dead since. */
  function hasSlept({ requested }: { readonly requested: Requested }): boolean {
    return requested.at < wake.wokeAt()
  }

  /** Looks into the cache after each page. */
  async function fromList(list: List, lookup: SingleLookup, wait: Wait): Promise<void> {
    const decrypted =
      lookup.store === 'parameter-store'
        ? parameterLookup(lookup.name, { withDecryption: true, role: lookup.role })
        : lookup
    while (!wait.isOver && !list.isOver && cache().peek(decrypted) === undefined) {
      await Promise.race([list.page, wait.over])
    }
  }
}

/** Runs a wait for as long as it may take at most. */
async function inTime(run: (wait: Wait) => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const wait: Wait = {
    isOver: false,
    over: new Promise((resolve) => {
      timer = setTimeout(() => {
        wait.isOver = true
        resolve()
      }, PREFETCH_WAIT_MS)
    }),
  }
  await run(wait)
  clearTimeout(timer)
}
