import { isFresh, lifeOf, PLAIN, type Life, type LifeOptions } from './freshness.ts'
import type { Knowledge } from './knowledge.ts'
import { Lru } from './lru.ts'

// Negative answers: failures that say that there is no such answer for us, remembered for a while. Names come from
// callers, and a loop over wrong names must not push out answers, so these have a bound of their own.

const MOST_ABSENCES = 100
const SIZE = { bytes: 1 }
const LIFE: LifeOptions = { rules: PLAIN, random: Math.random }

interface Absence {
  readonly error: unknown
  readonly life: Life
  readonly subjects: readonly string[]
}

/** A failure that says that there is no answer. */
export interface Absent {
  readonly error: unknown
  readonly subjects: readonly string[]
  /** The place of its request; see knowledge.ts. */
  readonly order: number
}

export class Absences {
  /** Reads that were given one. */
  reads = 0
  readonly #absences = new Lru<Absence>({ capacity: MOST_ABSENCES, maxBytes: MOST_ABSENCES })
  readonly #ttlMs: number
  readonly #knowledge: Knowledge

  /** `ttlMs` 0 remembers none. */
  constructor(ttlMs: number, knowledge: Knowledge) {
    this.#ttlMs = ttlMs
    this.#knowledge = knowledge
  }

  /** A rejection with the failure that is remembered under this key, or undefined. `now` is epoch milliseconds. */
  read(key: string, now: number): Promise<never> | undefined {
    if (this.#ttlMs === 0) return undefined
    const absence = this.#absences.get(key)
    if (absence === undefined || !isFresh(absence.life, now)) return undefined
    this.reads++
    return Promise.reject(absence.error)
  }

  /** Unless something was learnt of its subjects after its request. `now` is epoch milliseconds. */
  remember(key: string, { error, subjects, order }: Absent, now: number): void {
    if (this.#ttlMs === 0 || this.#knowledge.isChangedSince(subjects, order)) return
    // It was there under another spelling, when somebody asked later.
    if (this.#knowledge.isAnsweredSince(subjects.map(asKey), order)) return
    const life = lifeOf(now, this.#ttlMs, LIFE)
    this.#absences.set(key, { error, life, subjects }, SIZE)
  }

  /** An answer has come, whether it is kept or not: to ask once more costs a call, and an absence may be over. */
  answered(subjects: readonly string[], order: number): void {
    if (this.#ttlMs === 0) return
    this.#absences.deleteWhere((absence) => this.#knowledge.overlap(absence.subjects, subjects))
    this.#knowledge.answered(subjects.map(asKey), order)
  }

  delete(key: string): void {
    this.#absences.delete(key)
  }

  clear(): void {
    this.#absences.clear()
  }
}

/** No question has such a key: those begin with their store. */
function asKey(subject: string): string {
  return `of ${subject}`
}
