// A member of a group: joins until it is in, stays in by its heartbeats, and says which partitions are its own.

import { Consumer } from '@platformatic/kafka'
import { type Backoff, fullJitter } from '../../resilience/backoff.ts'
import { clientOptions } from './clients.ts'

/** A member that is silent for so long is out, ms: the least that brokers allow unless told otherwise. */
const SESSION_MS = 6_000
/** Longest that the others wait for a member while partitions are shared out anew, ms. */
const REBALANCE_MS = 6_000
/** How soon a member hears that partitions are shared out anew, ms. */
const HEARTBEAT_MS = 500
/** Longest wait for an answer, ms: joining takes as long as the slowest other member. */
const REQUEST_MS = REBALANCE_MS + 2_000
/** Pauses between attempts to join. */
const JOIN: Backoff = { first: 100, most: 2_000 }
/** Longest goodbye, ms: a broker that is away is told nothing, and the session runs out. */
const LEAVE_MS = 1_000

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

export interface MembershipDeps {
  readonly brokers: readonly string[]
  /** With its prefix. */
  readonly group: string
  readonly topics: readonly string[]
  /** These are ours from now on, and no others. */
  assigned(partitions: readonly TopicPartition[]): void
  /** Out of the group; joining again. */
  lost(): void
  health(error: unknown): void
}

export class Membership {
  private readonly deps: MembershipDeps
  private readonly client: Consumer
  private joining: Promise<void> | null = null
  private wake: (() => void) | null = null
  private stopped = false

  constructor(deps: MembershipDeps) {
    this.deps = deps
    this.client = new Consumer({
      ...clientOptions(deps.brokers, 'levee-member', REQUEST_MS),
      ...{ groupId: deps.group, autocommit: false },
      ...{ sessionTimeout: SESSION_MS, rebalanceTimeout: REBALANCE_MS, heartbeatInterval: HEARTBEAT_MS },
    })
    this.client.topics.trackAll(...deps.topics)
    this.client.on('consumer:group:join', ({ assignments = [] }) => {
      if (this.stopped) return
      deps.health(null)
      deps.assigned(
        assignments.flatMap(({ topic, partitions }) => partitions.map(partition => ({ topic, partition }))),
      )
    })
    // After a heartbeat was told to join again and that failed, the client gives up.
    this.client.on('error', error => this.again(error))
    this.client.on('consumer:heartbeat:stalled', ({ lastError }) => this.again(lastError))
  }

  join(): void {
    this.joining ??= this.run().finally(() => {
      this.joining = null
    })
  }

  /** The next offset of each that was committed by the group; null where none was. */
  async committed(partitions: readonly TopicPartition[]): Promise<readonly (number | null)[]> {
    const byTopic = Map.groupBy(partitions, each => each.topic)
    const topics = [...byTopic].map(([topic, of]) => ({ topic, partitions: of.map(each => each.partition) }))
    const committed = await this.client.listCommittedOffsets({ topics })
    return partitions.map(({ topic, partition }) => {
      const offset = committed.get(topic)?.[partition]
      return offset === undefined || offset < 0n ? null : Number(offset)
    })
  }

  async commit(offsets: readonly (TopicPartition & { readonly offset: number })[]): Promise<void> {
    await this.client.commit({
      offsets: offsets.map(({ topic, partition, offset }) => ({
        ...{ topic, partition, offset: BigInt(offset) },
        leaderEpoch: -1, // any
      })),
    })
  }

  /** Leaves at once, so that others need not wait for the end of the session. */
  async leave(): Promise<void> {
    this.stopped = true
    this.wake?.()
    await Promise.race([
      this.client.close(true).catch(() => undefined), // it is out when its session ends
      new Promise<void>(resolve => setTimeout(resolve, LEAVE_MS).unref()),
    ])
  }

  private again(error: unknown): void {
    if (this.stopped) return
    this.deps.health(error)
    this.deps.lost()
    this.join()
  }

  private async run(): Promise<void> {
    for (let attempt = 1; !this.stopped; attempt++) {
      try {
        await this.client.joinGroup({})
        return
      } catch (error) {
        if (this.stopped) return
        this.deps.health(error)
        this.client.clearMetadata()
      }
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, fullJitter(JOIN, attempt, Math.random()))
        this.wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }
}
