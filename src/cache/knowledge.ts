// What is known, and since when. One rule is kept with it, by read-through.ts:
//
//   An answer that was requested at `t` is never kept over knowledge from after `t`, and never given to a reader who
//   came after such knowledge.
//
// Time is the order in which requests are made and things are learnt, a number that grows. The wall clock will not do:
// it may be set back, and two requests of one millisecond have an order, too. There are two kinds of knowledge.
//
// - A change: a write that AWS has accepted, or the answer to a refresh that somebody asked for. It is of subjects, the
//   names of what it is about in whatever spelling it is held, and counts from the moment when it is heard of. For AWS
//   may have looked at anything that was requested before that moment earlier than at this.
// - An answer that nobody insisted on. It is of its own keys, and counts from its request.
//
// Both are remembered in a bounded number. Behind what was forgotten stands a floor: an answer from before it counts
// as outdated, which costs one more call and no wrong value.

/** When an answer was requested. */
export interface Requested {
  /** Its place among all requests and changes. */
  readonly order: number
  /** Epoch milliseconds. */
  readonly at: number
}

interface Change {
  readonly subjects: readonly string[]
  readonly since: number
}

const MOST_KEYS = 8_192
const MOST_CHANGES = 256
/** Of all keys that are remembered, and of all subjects: names come from callers, and may be as long as a request. */
const MOST_CHARACTERS = 1_000_000

export class Knowledge {
  readonly #overlap: (one: string, other: string) => boolean
  #last = 0
  /** The newest answer's order, by key. */
  readonly #answers = new Map<string, number>()
  #keyCharacters = 0
  /** Of the answers that were forgotten here. */
  #answersFloor = 0
  #changes: Change[] = []
  #subjectCharacters = 0
  #floor = 0

  /** `overlap` says whether two subjects have something in common. */
  constructor(overlap: (one: string, other: string) => boolean) {
    this.#overlap = overlap
  }

  /** The place of a request that is made now. */
  next(): number {
    return ++this.#last
  }

  /** The answer that was requested at `order` is known, under these keys. */
  answered(keys: readonly string[], order: number): void {
    for (const key of keys) {
      const known = this.#answers.get(key) ?? 0
      // Deleted first, so that it becomes the last to be forgotten.
      if (!this.#answers.delete(key)) this.#keyCharacters += key.length
      this.#answers.set(key, Math.max(known, order))
    }
    for (const [key, since] of this.#answers) {
      if (this.#answers.size <= MOST_KEYS && this.#keyCharacters <= MOST_CHARACTERS) return
      this.#answers.delete(key)
      this.#keyCharacters -= key.length
      this.#answersFloor = Math.max(this.#answersFloor, since)
    }
  }

  /** What has one of these subjects may have changed: answers from before `since` are outdated. */
  changed(subjects: readonly string[], since: number): void {
    this.#changes.push({ subjects, since })
    this.#subjectCharacters += lengthOf(subjects)
    while (this.#changes.length > MOST_CHANGES || this.#subjectCharacters > MOST_CHARACTERS) {
      const forgotten = this.#changes.shift()!
      this.#subjectCharacters -= lengthOf(forgotten.subjects)
      this.#floor = Math.max(this.#floor, forgotten.since)
    }
  }

  /** Everything may have changed. */
  forget(): void {
    this.#answers.clear()
    this.#keyCharacters = 0
    this.#changes = []
    this.#subjectCharacters = 0
    this.#floor = this.next()
  }

  /** Whether there was a newer answer under one of these keys than one that was requested at `order`. */
  isAnsweredSince(keys: readonly string[], order: number): boolean {
    if (keys.length === 0) return false
    return order < this.#answersFloor || keys.some((key) => (this.#answers.get(key) ?? 0) > order)
  }

  /** Whether one of these subjects has changed since `order`. */
  isChangedSince(subjects: readonly string[], order: number): boolean {
    if (order < this.#floor) return true
    return this.#changes.some((change) => change.since > order && this.overlap(change.subjects, subjects))
  }

  /** Whether one of these has something in common with one of those. */
  overlap(some: readonly string[], others: readonly string[]): boolean {
    return some.some((one) => others.some((other) => this.#overlap(one, other)))
  }
}

function lengthOf(texts: readonly string[]): number {
  return texts.reduce((sum, { length }) => sum + length, 0)
}
