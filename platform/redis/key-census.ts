// How many keys of each family there are in Redis, and how much memory they take: counted by walking over them a bounded
// number of steps at a time, never by a command that holds Redis up. Memory is measured of some and taken for all.

import { families } from './keys.ts'
import { type Memory, memoryOf, sumOf } from './memory.ts'
import type { Redis } from './redis.ts'

/** Keys looked at in one step: Redis needs some 0.2 ms for it. */
const STEP_KEYS = 1_000
/** Steps of one run: 100,000 keys, some 50 ms of Redis's time, spread over as many round trips. A bigger base takes several runs. */
const STEPS_MOST = 100
/** Keys of a family measured in one walk: the mean of so many is right within some percent where they are alike. */
const MEASURED_MOST = 100

/** Memory of the whole server, or of all of a cluster's. */
export interface Census extends Memory {
  /** Null until the first walk has ended. */
  readonly families: ReadonlyMap<string, { readonly keys: number; readonly bytes: number }> | null
}

interface Tally {
  keys: number
  measured: number
  bytes: number
}

const names: ReadonlySet<string> = new Set(Object.values(families).map(each => each.name))

export class KeyCensus {
  private readonly redis: Redis
  private readonly prefix: string
  private cursor = '0'
  private walk = new Map<string, Tally>()
  private last: Census['families'] = null

  constructor(redis: Redis, prefix: string) {
    this.redis = redis
    this.prefix = prefix
  }

  /** A bounded part of a walk goes on where the last one ended. Rejects when Redis does. */
  async run(): Promise<Census> {
    const memory = sumOf(await memoryOf(this.redis))
    for (let step = 0; step < STEPS_MOST; step++) {
      const [cursor, keys] = await this.redis.command<[string, string[]]>(
        ...['SCAN', this.cursor, 'MATCH', `${this.prefix}:*`, 'COUNT', STEP_KEYS],
      )
      await this.count(keys)
      this.cursor = cursor
      if (cursor !== '0') continue
      this.last = new Map([...this.walk].map(([name, tally]) => [name, estimate(tally)]))
      this.walk = new Map()
      break
    }
    return { ...memory, families: this.last }
  }

  private async count(keys: readonly string[]): Promise<void> {
    const measuring: Promise<void>[] = []
    for (const key of keys) {
      const name = key.split(':', 2)[1] ?? ''
      const family = names.has(name) ? name : 'other'
      let tally = this.walk.get(family)
      if (tally === undefined) {
        tally = { keys: 0, measured: 0, bytes: 0 }
        this.walk.set(family, tally)
      }
      tally.keys++
      if (tally.measured + measuring.length < MEASURED_MOST) measuring.push(this.measure(key, tally))
    }
    await Promise.all(measuring)
  }

  private async measure(key: string, tally: Tally): Promise<void> {
    const bytes = await this.redis.command<number | null>('MEMORY', 'USAGE', key)
    // Gone since the step.
    if (bytes === null) return
    tally.measured++
    tally.bytes += bytes
  }
}

function estimate({ keys, measured, bytes }: Tally): { keys: number; bytes: number } {
  return { keys, bytes: measured === 0 ? 0 : Math.round((bytes / measured) * keys) }
}
