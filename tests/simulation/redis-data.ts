// What a Redis holds, and its commands: strings, hashes and sorted sets, each with a life.

export type Hash = Map<string, string>
export type Scores = Map<string, number>
type Kept = { value: string | Hash | Scores; until: number }

export class RedisData {
  private keys = new Map<string, Kept>()
  private readonly clock: () => number

  constructor(clock: () => number) {
    this.clock = clock
  }

  private kept(key: string): Kept | undefined {
    const kept = this.keys.get(key)
    if (kept === undefined || kept.until > this.clock()) return kept
    this.keys.delete(key)
    return undefined
  }

  get(key: string): string | null {
    const value = this.kept(key)?.value
    if (value !== undefined && typeof value !== 'string') throw new Error('WRONGTYPE it holds no string')
    return value ?? null
  }

  set(key: string, value: string, life: number): void {
    this.keys.set(key, { value, until: this.clock() + life })
  }

  /** Null: it is not there. */
  hash(key: string): Hash | null {
    return (this.kept(key)?.value as Hash | undefined) ?? null
  }

  scores(key: string): Scores | null {
    return (this.kept(key)?.value as Scores | undefined) ?? null
  }

  hset(key: string, fields: Iterable<readonly [string, string]>): void {
    this.into(key, fields)
  }

  zadd(key: string, members: Iterable<readonly [string, number]>): void {
    this.into(key, members)
  }

  private into<V>(key: string, entries: Iterable<readonly [string, V]>): void {
    let kept = this.kept(key)
    if (kept === undefined) {
      kept = { value: new Map(), until: Number.POSITIVE_INFINITY }
      this.keys.set(key, kept)
    }
    for (const [name, value] of entries) (kept.value as Map<string, unknown>).set(name, value)
  }

  hdel(key: string, field: string): void {
    const hash = this.hash(key)
    hash?.delete(field)
    if (hash?.size === 0) this.keys.delete(key)
  }

  expire(key: string, life: number): boolean {
    const kept = this.kept(key)
    if (kept !== undefined) kept.until = this.clock() + life
    return kept !== undefined
  }

  has(key: string): boolean {
    return this.kept(key) !== undefined
  }

  remove(...keys: readonly string[]): number {
    return keys.filter(key => this.kept(key) !== undefined && this.keys.delete(key)).length
  }

  rename(from: string, to: string): void {
    const kept = this.kept(from)
    if (kept === undefined) throw new Error('ERR no such key')
    this.keys.delete(from)
    this.keys.set(to, kept)
  }

  clear(): void {
    this.keys.clear()
  }

  get size(): number {
    return this.keys.size
  }

  /** As a replica would have it: what is written afterwards is not in it. */
  copy(): RedisData {
    const copy = new RedisData(this.clock)
    for (const [key, { value, until }] of this.keys)
      copy.keys.set(key, { value: typeof value === 'string' ? value : new Map(value as Hash), until })
    return copy
  }

  takeOver(copy: RedisData): void {
    this.keys = copy.keys
  }
}

/** Members in order of score, then of name. */
export function ranked(scores: Scores): string[] {
  return [...scores].sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1)).map(([member]) => member)
}
