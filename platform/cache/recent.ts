// A bounded map of what was put in last: facts that never change, or that may be asked for again.

/**
 * Keeps the newest entries: at least `most / 2`, at most `most`. Two generations: when the young one is full it
 * becomes the old one, and what was old is gone. (Deleting the oldest key of one Map leaves a gap that
 * `keys().next()` steps over each time: at 20,000 entries that took 6 µs a call.)
 */
export class Recent<K, V> {
  private readonly half: number
  private young = new Map<K, V>()
  private old = new Map<K, V>()

  /** `most`: entries. */
  constructor(most: number) {
    this.half = Math.max(1, most >> 1)
  }

  /** Entries held; one that was put in again counts twice until the old generation goes. */
  get size(): number {
    return this.young.size + this.old.size
  }

  get(key: K): V | undefined {
    return this.young.get(key) ?? this.old.get(key)
  }

  set(key: K, value: V): void {
    this.young.set(key, value)
    if (this.young.size < this.half) return
    this.old = this.young
    this.young = new Map()
  }

  delete(key: K): void {
    this.young.delete(key)
    this.old.delete(key)
  }

  /** Entries, the older ones first; one that was put in again may come twice. */
  *[Symbol.iterator](): Generator<[K, V]> {
    yield* this.old
    yield* this.young
  }
}
