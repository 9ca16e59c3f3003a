// A cache for reads of popular things, in the process. What it answers was true at some moment no longer than the
// declared staleness before it was asked. It asks once for many who ask at the same time, and refreshes ahead
// while it still may answer.

export interface CacheOptions<V> {
  /** Loads these keys together; a key that is not in the answer does not exist. */
  load(keys: readonly string[]): Promise<ReadonlyMap<string, V>>
  /** Keys that one load may be asked for; default 500, one query's worth. 1: each by itself, so that one that fails fails alone. */
  readonly together?: number
  /** ms after which an answer is refreshed in the background. Shortened by up to a fifth at random, so that not all expire together. */
  readonly freshFor: number
  /** ms after which an answer is never given any more: the declared staleness, counted from before its load began. */
  readonly staleness: number
  /** When the value was true, where that was before its load began: epoch ms. Both times above count from then. */
  asOf?(value: V): number
  /** ms by which `asOf` may be before a load began, at most; default 0. Who comes later than that allows does not join. */
  readonly olderBy?: number
  /**
   * ms for which a value is given that was older than `staleness` allows when it came: to ask again at once would tell
   * nothing newer, and would ask whatever is late already at every read. Default 0. Only with `asOf`, which says its age.
   */
  readonly lateFor?: number
  /**
   * What is kept is given although it is older than `staleness`, up to so many ms, instead of an error for which `instead` is true.
   * Only where the value itself says when it was true.
   */
  readonly old?: { readonly upTo: number; instead(error: unknown): boolean }
  /** ms for which "does not exist" is remembered. */
  readonly negativeFor: number
  /** Entries kept; the one loaded longest ago makes room: what is read is refreshed, so that is the one least used. */
  readonly most: number
  readonly random?: () => number
}

interface Entry<V> {
  /** undefined: does not exist. */
  readonly value: V | undefined
  /** Epoch ms from before the load began. */
  readonly asOf: number
  readonly refreshAt: number
  readonly endsAt: number
  /** Of the load. */
  readonly generation: number
}

interface Load<V> {
  readonly value: Promise<V | undefined>
  /** Epoch ms from before it began. */
  readonly began: number
}

/** Keys loaded together at most, where nothing else is said. */
const KEYS_PER_LOAD = 500
const JITTER = 0.2
/** After a refresh that failed the old answer stays, and the next attempt waits this part of `freshFor`: a ledger in trouble is not asked at every read. */
const RETRY_PART = 0.1

export class ReadCache<V> {
  readonly counts = { hits: 0, stale: 0, misses: 0 }
  private readonly options: CacheOptions<V>
  private readonly random: () => number
  private readonly entries = new Map<string, Entry<V>>()
  /** Loads under way or waiting for this turn of the loop to end. */
  private readonly loads = new Map<string, Load<V>>()
  /** Grows with each invalidation: a load that began before it is not kept. */
  private readonly invalidated = new Map<string, number>()
  private generation = 0
  /** What was loaded before is refreshed at its next read. */
  private outdated = 0
  private next: { keys: string[]; done: Promise<ReadonlyMap<string, V>> } | null = null

  constructor(options: CacheOptions<V>) {
    this.options = options
    this.random = options.random ?? Math.random
  }

  /** What is known of the key and fresh enough to be said at once; `null` where it must be loaded. */
  peek(key: string, now: number): { readonly value: V | undefined } | null {
    const entry = this.entries.get(key)
    // Before its own time: the clock was set back, and the age of what is here cannot be told.
    if (entry === undefined || now >= entry.endsAt || now < entry.asOf) return null
    if (now < entry.refreshAt && entry.generation >= this.outdated) this.counts.hits++
    else {
      this.counts.stale++
      // Whoever waits for it says if it fails; until its end the old answer is right.
      this.load(key, now).catch(() => this.tryLater(key, entry, now))
    }
    return entry
  }

  /** The value, loaded if need be; undefined: does not exist. Rejects when the load fails. */
  async get(key: string, now: number): Promise<V | undefined> {
    const known = this.peek(key, now)
    if (known !== null) return known.value
    this.counts.misses++
    if (this.options.old === undefined) return this.load(key, now)
    return this.load(key, now).catch((error: unknown) => this.oldOr(error, key, now))
  }

  /** It changed: the next read loads it, and a load that is under way does not count. */
  invalidate(key: string): void {
    this.entries.delete(key)
    this.loads.delete(key)
    this.invalidated.set(key, ++this.generation)
    if (this.invalidated.size > this.options.most) this.clear()
  }

  /** Everything may have changed: it is given until it is refreshed, or ends, and the next read of it refreshes it. */
  outdate(): void {
    this.outdated = ++this.generation
    // Those under way may not know of it.
    this.loads.clear()
  }

  /** Everything may have changed, and nothing of it is given any more. */
  clear(): void {
    this.entries.clear()
    this.loads.clear()
    this.invalidated.clear()
  }

  private load(key: string, now: number): Promise<V | undefined> {
    const running = this.loads.get(key)
    // One that hangs may know no more than what is too old already: it is not joined.
    const worthFor = this.options.staleness - (this.options.olderBy ?? 0)
    if (running !== undefined && now >= running.began && now < running.began + worthFor) return running.value
    const generation = ++this.generation
    const value = this.together(key)
      .then(values => {
        const loaded = values.get(key)
        if ((this.invalidated.get(key) ?? 0) < generation && this.loads.get(key) === load)
          this.keep(key, loaded, now, generation)
        return loaded
      })
      .finally(() => {
        if (this.loads.get(key) === load) this.loads.delete(key)
      })
    const load: Load<V> = { value, began: now }
    this.loads.set(key, load)
    return value
  }

  private oldOr(error: unknown, key: string, now: number): V | undefined {
    const { old } = this.options
    const entry = this.entries.get(key)
    if (entry?.value === undefined || !old?.instead(error) || Math.abs(now - entry.asOf) > old.upTo)
      throw error
    return entry.value
  }

  private tryLater(key: string, entry: Entry<V>, now: number): void {
    if (this.entries.get(key) !== entry) return
    this.entries.set(key, {
      ...entry,
      refreshAt: now + this.options.freshFor * RETRY_PART,
      generation: this.generation,
    })
  }

  /** Joins the load of this turn of the loop. */
  private together(key: string): Promise<ReadonlyMap<string, V>> {
    if (this.next === null || this.next.keys.length >= (this.options.together ?? KEYS_PER_LOAD)) {
      const keys: string[] = []
      const batch = {
        keys,
        done: new Promise<void>(resolve => setImmediate(resolve)).then(() => {
          if (this.next === batch) this.next = null
          return this.options.load(keys)
        }),
      }
      this.next = batch
    }
    this.next.keys.push(key)
    return this.next.done
  }

  private keep(key: string, value: V | undefined, began: number, generation: number): void {
    const asOf = value === undefined ? began : Math.min(began, this.options.asOf?.(value) ?? began)
    const { freshFor, staleness, negativeFor, lateFor = 0, most } = this.options
    this.entries.delete(key)
    if (this.entries.size >= most) {
      const oldest = this.entries.keys().next()
      if (!oldest.done) this.entries.delete(oldest.value)
    }
    const fresh = freshFor * (1 - JITTER * this.random())
    const endsAt =
      value === undefined
        ? began + Math.min(negativeFor, staleness)
        : Math.max(asOf + staleness, began + lateFor)
    const refreshAt = Math.min(Math.max(asOf + fresh, began + lateFor / 2), endsAt)
    this.entries.set(key, { value, asOf, refreshAt, endsAt, generation })
  }
}
