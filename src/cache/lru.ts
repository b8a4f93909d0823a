// An exact LRU: a Map for lookup, a circular doubly linked list for order.
//
//        root ⇄ newest ⇄ … ⇄ oldest ⇄ (root)
//
// `root` is a sentinel, so link and unlink never test for null. `root.next` is the head, used most recently and
// evicted last; `root.prev` is the tail, evicted first. Moving an entry allocates nothing. It is bounded twice, by the
// number of entries and by their bytes. It knows no time: how long a value is good for is for the caller to say.

interface Entry<V> {
  readonly key: string
  readonly aliases: readonly string[]
  readonly value: V
  bytes: number
  prev: Entry<V>
  next: Entry<V>
}

function createRoot<V>(): Entry<V> {
  // The sentinel's value is never read, and its links are made before anyone sees it.
  const root = { key: '', aliases: [], value: undefined, bytes: 0 } as unknown as Entry<V>
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

const NO_ALIASES: readonly string[] = []

export interface LruBounds {
  /** Most entries held; 0 holds none. */
  readonly capacity: number
  /** Most bytes of all entries together; a single larger one is not held. */
  readonly maxBytes: number
}

export interface Size {
  /** What the entry takes. */
  readonly bytes: number
  /** Further keys under which the value is found; they do not count towards the capacity. */
  readonly aliases?: readonly string[]
}

export class Lru<V> {
  /** How many entries were pushed out for room, since the start. */
  evictions = 0
  /** Of all entries held. */
  bytes = 0
  readonly #bounds: LruBounds
  /** Aliases are in the map too, so the map's size is not the number of entries. */
  #held = 0
  readonly #entries = new Map<string, Entry<V>>()
  readonly #root = createRoot<V>()

  constructor(bounds: LruBounds) {
    this.#bounds = bounds
  }

  /** The value, made the most recent. */
  get(key: string): V | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    if (this.#root.next !== entry) {
      unlink(entry)
      linkAfter(this.#root, entry)
    }
    return entry.value
  }

  /**
   * Stores the value, makes it the most recent, and evicts the least recent until there is room. Whatever was held
   * under any of its keys is removed first, also when the value is too large to be stored.
   */
  set(key: string, value: V, { bytes, aliases = NO_ALIASES }: Size): void {
    this.delete(key)
    for (const alias of aliases) this.delete(alias)
    const { capacity, maxBytes } = this.#bounds
    if (capacity === 0 || bytes > maxBytes) return
    while (this.#held >= capacity || this.bytes + bytes > maxBytes) this.#evict()
    const entry: Entry<V> = { key, aliases, value, bytes, prev: this.#root, next: this.#root }
    linkAfter(this.#root, entry)
    this.#entries.set(key, entry)
    for (const alias of aliases) this.#entries.set(alias, entry)
    this.#held++
    this.bytes += bytes
  }

  /**
   * The entry, which has grown or shrunk, takes `bytes` now and is the most recent. Evicts, itself last, until all fit.
   */
  resize(key: string, bytes: number): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    unlink(entry)
    linkAfter(this.#root, entry)
    this.bytes += bytes - entry.bytes
    entry.bytes = bytes
    while (this.bytes > this.#bounds.maxBytes) this.#evict()
  }

  /** Removes the entry under that key or alias, with all of its keys. Returns whether there was one. */
  delete(key: string): boolean {
    const entry = this.#entries.get(key)
    if (entry === undefined) return false
    this.#remove(entry)
    return true
  }

  /** Removes every entry whose value is one of those. */
  deleteWhere(isOne: (value: V) => boolean): void {
    for (let entry = this.#root.next; entry !== this.#root; entry = entry.next) {
      if (isOne(entry.value)) this.#remove(entry)
    }
  }

  clear(): void {
    this.#entries.clear()
    this.#root.prev = this.#root
    this.#root.next = this.#root
    this.#held = 0
    this.bytes = 0
  }

  /** Keys from the most to the least recent; checks the links both ways as it walks. */
  *keys(): Generator<string> {
    for (let entry = this.#root.next; entry !== this.#root; entry = entry.next) {
      if (entry.next.prev !== entry || entry.prev.next !== entry) throw new Error('broken link')
      yield entry.key
    }
  }

  #evict(): void {
    this.#remove(this.#root.prev)
    this.evictions++
  }

  #remove(entry: Entry<V>): void {
    unlink(entry)
    this.#entries.delete(entry.key)
    for (const alias of entry.aliases) this.#entries.delete(alias)
    this.#held--
    this.bytes -= entry.bytes
  }
}
