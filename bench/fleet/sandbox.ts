import type { FreshnessRules } from '../../src/cache/freshness.ts'
import { ReadThrough } from '../../src/cache/read-through.ts'
import { kindOfFailure } from '../../src/core/failure-kind.ts'
import type { Account, Operation } from './aws-model.ts'
import type { VirtualTime } from './virtual-time.ts'

// One execution environment: the real cache with the real policy, read by a function that is invoked every minute
// or so, or after longer sleeps, and reads all of its parameters each time.

export interface Settings {
  readonly ttlMs: number
  readonly rules: FreshnessRules
  readonly prefetch: boolean
}

export interface Tally {
  reads: number
  /** Reads whose caller waited for AWS, or for others who did. */
  waited: number
  failed: number
  stale: number
  worstWaitMs: number
}

interface Question {
  readonly key: string
}

const MAX_CONNECTIONS = 3
/** GetParameters takes ten names. */
const BATCH = 10
const INIT_MS = 300
const PREFETCH_WAIT_MS = 1_000
interface Reply {
  readonly isStale: boolean
}

const fresh = (): Reply => ({ isStale: false })

export interface SandboxOptions {
  readonly time: VirtualTime
  readonly account: Account
  readonly settings: Settings
  /** The same objects for all sandboxes. */
  readonly questions: readonly Question[]
  readonly store: 'parameters' | 'secrets'
  readonly random: () => number
  readonly tally: Tally
  readonly invokeEveryMs: number
}

export class Sandbox {
  readonly #options: SandboxOptions
  readonly #cache: ReadThrough<Question, Reply>
  readonly #single: Operation
  #open = 0
  readonly #queue: (() => void)[] = []

  constructor(options: SandboxOptions) {
    const { time, settings, random, store } = options
    this.#options = options
    this.#single = store === 'parameters' ? 'GetParameter' : 'GetSecretValue'
    this.#cache = new ReadThrough<Question, Reply>({
      capacity: 1_000,
      maxBytes: 32 * 1024 * 1024,
      bytesOf: () => 1_000,
      mostBytes: () => Infinity,
      aliasesOf: () => [],
      substituteMs: () => undefined,
      subjectsOf: ({ key }) => [key],
      overlap: (one, other) => one === other,
      ttlMs: () => settings.ttlMs,
      rules: settings.rules,
      negativeTtlMs: 0,
      kindOf: kindOfFailure,
      asStale: () => ({ isStale: true }),
      now: () => time.now,
      wokeAt: () => 0,
      after(ms, action) {
        let isCancelled = false
        time.after(ms, () => {
          if (!isCancelled) action()
        })
        return () => (isCancelled = true)
      },
      random,
      fetch: () => this.#call(this.#single).then(fresh),
    })
  }

  /** To be called at the moment of its cold start. */
  async live(): Promise<void> {
    const { time, settings } = this.#options
    const prefetched = settings.prefetch ? this.#prefetch() : Promise.resolve()
    await Promise.all([time.sleep(INIT_MS), Promise.race([prefetched, time.sleep(PREFETCH_WAIT_MS)])])
    this.#invoke()
  }

  #invoke(): void {
    const { time, questions, random, invokeEveryMs } = this.#options
    for (const question of questions) this.#read(question)
    time.after(invokeEveryMs * (0.5 + random()), () => this.#invoke())
  }

  #read(question: Question): void {
    const { tally, time } = this.#options
    tally.reads++
    if (this.#cache.get(question) !== undefined) return
    const requestedAt = time.now
    const isDone = () => {
      const waitMs = time.now - requestedAt
      if (waitMs > 0) tally.waited++
      tally.worstWaitMs = Math.max(tally.worstWaitMs, waitMs)
    }
    this.#cache.load(question).then(
      (answer) => {
        if (answer.isStale) tally.stale++
        isDone()
      },
      () => {
        tally.failed++
        isDone()
      },
    )
  }

  /** As core/prefetch.ts: parameters ten a call, a refused batch one by one; secrets one by one. */
  async #prefetch(): Promise<void> {
    const { questions, store } = this.#options
    if (store === 'secrets') return settled(questions.map((question) => this.#cache.load(question)))
    const batches: Promise<void>[] = []
    for (let i = 0; i < questions.length; i += BATCH) {
      const batch = questions.slice(i, i + BATCH)
      const fetched = this.#call('GetParameters')
      const alone = () => this.#call(this.#single).then(fresh)
      const answers = batch.map((one) => this.#cache.prefetch(one, () => fetched.then(fresh, alone)))
      batches.push(settled(answers))
    }
    return settled(batches)
  }

  async #call(operation: Operation): Promise<void> {
    if (this.#open >= MAX_CONNECTIONS) await new Promise<void>((resolve) => this.#queue.push(resolve))
    else this.#open++
    try {
      await this.#options.account.call(operation)
    } finally {
      const next = this.#queue.shift()
      if (next === undefined) this.#open--
      else next()
    }
  }
}

async function settled(promises: readonly Promise<unknown>[]): Promise<void> {
  await Promise.allSettled(promises)
}
