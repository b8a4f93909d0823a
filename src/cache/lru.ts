// An exact LRU: a Map for lookup, a circular doubly linked list for order.
//
//        root ⇄ newest ⇄ … ⇄ oldest ⇄ (root)
//
// `root` is a sentinel, so link and unlink never test for null. `root.next` is the head, used most recently and
// evicted last; `root.prev` is the tail, evicted first. Moving an entry allocates nothing. Nothing here reads a
// clock: the caller passes `now`, which keeps a hit to one `Date.now()` and the tests exact.

interface Entry<V> {
  readonly key: string
  value: V
  /** Epoch milliseconds. A clock that reads less than this went backwards, and the entry counts as expired. */
  storedAt: number
  /** Epoch milliseconds; at this instant the entry is expired. */
  expiresAt: number
  prev: Entry<V>
  next: Entry<V>
}

function createRoot<V>(): Entry<V> {
  // The sentinel's value is never read, and its links are made before anyone sees it.
  const root = { key: '', value: undefined, storedAt: 0, expiresAt: 0 } as unknown as Entry<V>
  root.prev = root
  root.next = root
  return root
}

function unlink<V>(entry: Entry<V>): void {
  entry.prev.next = entry.next
  entry.next.prev = entry.prev
}

function linkAfter<V>(place: Entry<V>, entry: Entry<V>): void {
  entry.prev = place
  entry.next = place.next
  place.next.prev = entry
  place.next = entry
}

export class Lru<V> {
  readonly capacity: number
  /** How many entries were pushed out for room, since the start. */
  evictions = 0
  readonly #entries = new Map<string, Entry<V>>()
  readonly #root = createRoot<V>()

  /** `capacity` is the most entries held; 0 holds none. */
  constructor(capacity: number) {
    this.capacity = capacity
  }

  get size(): number {
    return this.#entries.size
  }

  /** The fresh value, made the most recent; an expired one is removed, and undefined is returned. */
  get(key: string, now: number): V | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    if (now >= entry.expiresAt || now < entry.storedAt) {
      unlink(entry)
      this.#entries.delete(key)
      return undefined
    }
    if (this.#root.next !== entry) {
      unlink(entry)
      linkAfter(this.#root, entry)
    }
    return entry.value
  }

  /** Stores or replaces, makes it the most recent, and evicts the least recent when there is no room. */
  set(key: string, value: V, storedAt: number, expiresAt: number): void {
    if (this.capacity === 0) return
    const held = this.#entries.get(key)
    if (held !== undefined) {
      held.value = value
      held.storedAt = storedAt
      held.expiresAt = expiresAt
      unlink(held)
      linkAfter(this.#root, held)
      return
    }
    if (this.#entries.size >= this.capacity) this.#evict()
    const entry: Entry<V> = { key, value, storedAt, expiresAt, prev: this.#root, next: this.#root }
    linkAfter(this.#root, entry)
    this.#entries.set(key, entry)
  }

  /** Whether there was such an entry. */
  delete(key: string): boolean {
    const entry = this.#entries.get(key)
    if (entry === undefined) return false
    unlink(entry)
    return this.#entries.delete(key)
  }

  clear(): void {
    this.#entries.clear()
    this.#root.prev = this.#root
    this.#root.next = this.#root
  }

  /** Keys from the most to the least recent, expired ones included; checks the links both ways as it walks. */
  *keys(): Generator<string> {
    for (let entry = this.#root.next; entry !== this.#root; entry = entry.next) {
      if (entry.next.prev !== entry || entry.prev.next !== entry) throw new Error('broken link')
      yield entry.key
    }
  }

  #evict(): void {
    const oldest = this.#root.prev
    unlink(oldest)
    this.#entries.delete(oldest.key)
    this.evictions++
  }
}
