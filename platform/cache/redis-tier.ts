// Redis between the memory of a process and the ledger: what one process loaded, the others need not. What it answers
// says when it was true, and is believed from then on for as long as declared, in total; whatever is wrong with Redis
// or with what is in it, the ledger is asked. That there is nothing is not stored: others would go on believing it.

import type { Clock } from '../module.ts'
import { type KeyFamily, keyOf, withJitter } from '../redis/keys.ts'
import { type Redis, script } from '../redis/redis.ts'
import { Recent } from './recent.ts'

export interface TierOptions<V> {
  readonly redis: Redis
  readonly prefix: string
  readonly family: KeyFamily
  readonly clock: Clock
  /** ms from the moment a value was true for which it is taken out of Redis; `family.ttl` at most. */
  readonly believedFor: number
  /** From the ledger; a key that is not in the answer does not exist. */
  load(keys: readonly string[]): Promise<ReadonlyMap<string, V>>
  /** When the value was true: epoch ms from before its read began. */
  asOf(value: V): number
  encode(value: V): string
  /** undefined: this is none of ours. May throw. */
  decode(key: string, text: string, asOf: number): V | undefined
  /** Of values found: which are not to be believed any more, though they are young enough. */
  readonly doubt?: (values: ReadonlyMap<string, V>) => Promise<Iterable<string>>
  readonly random?: () => number
}

export interface TierCounts {
  hits: number
  misses: number
  /** Not in our form: left over from another version, or somebody else's. */
  garbage: number
  /** Reads and writes that Redis did not answer, or refused. */
  errors: number
}

/** Keys remembered as changed, so that what is older does not come back: more than change in a second. */
const CHANGED_MOST = 10_000

/**
 * KEYS, ARGV of each a text and its life in ms. One command for all of a load, which is bounded: a command of its own for each
 * cost this process more than all else about a stranger's session.
 */
export const SET_ALL = script(
  `
for i, key in ipairs(KEYS) do redis.call('SET', key, ARGV[2 * i - 1], 'PX', ARGV[2 * i]) end
return #KEYS`,
  { perKey: 2 },
)

export class RedisTier<V> {
  readonly counts: TierCounts = { hits: 0, misses: 0, garbage: 0, errors: 0 }
  private readonly options: TierOptions<V>
  private readonly believedFor: number
  private readonly random: () => number
  /** When a key was last said to have changed: epoch ms. What was true up to then is not stored, and not believed. */
  private readonly changed = new Recent<string, number>(CHANGED_MOST)

  constructor(options: TierOptions<V>) {
    this.options = options
    this.believedFor = Math.min(options.believedFor, options.family.ttl)
    this.random = options.random ?? Math.random
  }

  /** What a cache in front of it loads. Rejects only when the ledger does. */
  async load(keys: readonly string[]): Promise<ReadonlyMap<string, V>> {
    const { redis, load } = this.options
    if (!redis.up) return load(keys)
    const found = await this.read(keys)
    const missing = keys.filter(key => !found.has(key))
    this.counts.hits += found.size
    this.counts.misses += missing.length
    if (missing.length === 0) return found
    const loaded = await load(missing)
    this.write(loaded)
    return found.size === 0 ? loaded : new Map([...found, ...loaded])
  }

  /** These changed, here or elsewhere: what another process puts there late is not taken for new here. */
  noteChanged(keys: readonly string[]): void {
    const now = this.options.clock()
    for (const key of keys) this.changed.set(key, now)
  }

  /** They changed here: nobody finds them in Redis any more. What is read after this call is newer. */
  async remove(keys: readonly string[]): Promise<void> {
    this.noteChanged(keys)
    if (keys.length > 0) await this.tolerate(this.options.redis.command('DEL', ...keys.map(this.keyOf)))
  }

  private readonly keyOf = (key: string): string => keyOf(this.options.prefix, this.options.family, key)

  private async read(keys: readonly string[]): Promise<Map<string, V>> {
    const { redis, doubt } = this.options
    const found = new Map<string, V>()
    try {
      const texts = await redis.command<readonly (string | null)[]>('MGET', ...keys.map(this.keyOf))
      const now = this.options.clock()
      for (const [i, key] of keys.entries()) {
        const value = this.decode(key, texts[i] ?? null, now)
        if (value !== undefined) found.set(key, value)
      }
      if (doubt !== undefined && found.size > 0) for (const key of await doubt(found)) found.delete(key)
      return found
    } catch {
      // Unknown, not empty: the ledger is asked for all of them.
      this.counts.errors++
      return new Map()
    }
  }

  /** `version asOf text`: the age is known before the rest is read. */
  private decode(key: string, stored: string | null, now: number): V | undefined {
    if (stored === null) return undefined
    const head = /^(\d+) (\d+) /.exec(stored)
    const asOf = Number(head?.[2])
    try {
      if (head !== null && Number(head[1]) === this.options.family.version) {
        // True in a time to come: somebody's clock is wrong, and its age cannot be told.
        if (asOf > now || now >= asOf + this.believedFor || this.isBefore(key, asOf)) return undefined
        const value = this.options.decode(key, stored.slice(head[0].length), asOf)
        if (value !== undefined) return value
      }
    } catch {
      // Not JSON, or not what we would write.
    }
    this.counts.garbage++
    return undefined
  }

  /** Nobody waits for it. Its life ends when it may not be believed any more, a little earlier at random. */
  private write(values: ReadonlyMap<string, V>): void {
    const { redis, family, asOf, encode } = this.options
    const now = this.options.clock()
    const keys: string[] = []
    const args: (string | number)[] = []
    for (const [key, value] of values) {
      const left = asOf(value) + this.believedFor - now
      if (left <= 0 || this.isBefore(key, asOf(value))) continue
      keys.push(this.keyOf(key))
      args.push(`${family.version} ${asOf(value)} ${encode(value)}`, withJitter(left, this.random()))
    }
    if (keys.length > 0) void this.tolerate(redis.run(SET_ALL, keys, args))
  }

  private isBefore(key: string, asOf: number): boolean {
    return asOf <= (this.changed.get(key) ?? Number.NEGATIVE_INFINITY)
  }

  private async tolerate(work: Promise<unknown>): Promise<void> {
    try {
      await work
    } catch {
      this.counts.errors++
    }
  }
}
