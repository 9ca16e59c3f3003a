// What every module hands to `compose.ts`.

import type { Ladder } from '../resilience/ladders.ts'
import type { CacheCounts } from './cache/cache-counts.ts'
import type { Contract, Door } from './contract/operation.ts'
import type { Consumer } from './events/consumer.ts'
import type { GroupOptions, Topic } from './kafka/kafka.ts'
import type { ShadowCounts } from './ladders/shadow-reads.ts'
import type { Wake } from './scheduler/wake.ts'

/** Work that comes round: expiries, sagas to resume, retention. Bounded per run. */
export interface Sweep {
  readonly name: string
  /** Pause between runs, ms. */
  readonly every: number
  /** The most that one run does. A run that returns this much is followed by the next at once. */
  readonly bound?: number
  /** Calls it before its time. */
  readonly wake?: Wake
  /** Does a bounded share of what is due; returns how many. */
  run(now: number): Promise<number>
}

export interface Module<C extends Contract> {
  readonly door: Door<C>
  readonly consumers: readonly Consumer[]
  readonly sweeps: readonly Sweep[]
  /** What its comparisons with the ledger count. */
  readonly shadows?: readonly { readonly ladder: Ladder; readonly counts: ShadowCounts }[]
  /** What its caches count. */
  readonly caches?: readonly CacheCounts[]
  /** Topics of its own on Kafka, and the groups that take their records. */
  readonly topics?: readonly Topic[]
  readonly groups?: readonly GroupOptions[]
  /** Resolves when what was accepted is decided (combiners empty). */
  drain(): Promise<void>
}

/** Epoch milliseconds. Handed in, so that decisions can be tested at any time. */
export type Clock = () => number
