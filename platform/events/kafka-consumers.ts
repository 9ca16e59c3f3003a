// The consumers' side of the topic `events`: a group for each, which takes what its consumer wants out of all
// partitions and hands it over in common batches, several partitions at once.

import type { Group, GroupOptions, TakenRecord } from '../kafka/kafka.ts'
import { SHARDS } from '../sql/platform-tables.ts'
import type { Consumer } from './consumer.ts'
import { ConsumerLane, type LaneDeps, Sent } from './consumer-lane.ts'
import { park } from './dead-letters-store.ts'
import { shardOf } from './event.ts'
import { EVENTS_TOPIC, type EventRead, readEvent } from './event-record.ts'
import { OutboxWindow } from './outbox-window.ts'
import type { Fence, OutboxEvent } from './transport.ts'
import type { EventId } from './unconfirmed.ts'

/** Events handed over at once. On SQLite consumers work on the main thread, at 10–30 µs an event. */
const BATCH = { sqlite: 512, mysql: 1_000 } as const
/** Pause between looks for events whose time to be tried again has come, ms. */
const LOOK_MS = 20

/** No lease tells members of a group apart. What two of them write twice, each of its effects is there once. */
const ALL_SHARDS: ReadonlySet<number> = new Set(Array.from({ length: SHARDS }, (_, shard) => shard))
const noFence: Fence = async () => ALL_SHARDS

export const groupOf = (consumer: string): string => `events-${consumer}`

export interface KafkaConsumerDeps extends LaneDeps {
  readonly kafka: { group(options: GroupOptions): Group }
  /** Told of events that took effect, or are dead letters: where the relay is in the same process. */
  took?(consumer: string, events: readonly EventId[]): void
}

/** Consumers whose events the relay copies need no group. */
export function createKafkaConsumers(
  consumers: readonly Consumer[],
  deps: KafkaConsumerDeps,
): readonly Group[] {
  return consumers
    .filter(consumer => consumer.copy === undefined)
    .map(consumer => {
      const taker = new EventTaker(consumer, deps)
      return deps.kafka.group({
        ...{ group: groupOf(consumer.name), topics: [EVENTS_TOPIC] },
        ...{ batch: BATCH[deps.ledger.dialect], handle: records => taker.take(records) },
      })
    })
}

interface Waiting {
  readonly seqs: Set<number>
  resolve(): void
  reject(error: unknown): void
}

/** Takes records of all partitions; a poisoned event holds up its own partition only, and until it is parked. */
export class EventTaker {
  private readonly consumer: Consumer
  private readonly deps: KafkaConsumerDeps
  private readonly lane: ConsumerLane
  private readonly types: ReadonlySet<string>
  private window = new OutboxWindow<EventRead>()
  private readonly waiting = new Set<Waiting>()
  private running = false
  /** Numbers of events that no relay sent; below those of the outbox. */
  private spare = 0

  constructor(consumer: Consumer, deps: KafkaConsumerDeps) {
    this.consumer = consumer
    this.deps = deps
    this.lane = new ConsumerLane(consumer, { ...deps, shared: true })
    this.types = new Set(consumer.types)
  }

  /** Resolves when all of them took effect or are dead letters. Rejects when the ledger is away. */
  async take(records: readonly TakenRecord[]): Promise<void> {
    const events: EventRead[] = []
    const malformed: { record: TakenRecord; cause: string }[] = []
    for (const record of records) {
      const read = readEvent(record, this.types, () => --this.spare)
      if (typeof read === 'string') malformed.push({ record, cause: read })
      else if (read !== null) events.push(read)
    }
    if (malformed.length > 0) await this.parkMalformed(malformed)
    if (events.length === 0) return
    await new Promise<void>((resolve, reject) => {
      this.waiting.add({ seqs: new Set(events.map(event => event.seq)), resolve, reject })
      for (const event of events) this.window.add(event)
      if (!this.running) void this.run()
    })
  }

  private async run(): Promise<void> {
    this.running = true
    while (this.window.size > 0) {
      const { window } = this
      const batch = window.take(this.deps.clock(), BATCH[this.deps.ledger.dialect])
      if (batch.length === 0) {
        await new Promise<void>(resolve => setTimeout(resolve, LOOK_MS))
        continue
      }
      try {
        const sent = batch.map(event => new Sent(event, event.parsed))
        const outcomes = await this.lane.deliver(sent, noFence)
        this.done(window.settle(outcomes, this.deps.clock(), Math.random))
      } catch (error) {
        this.fail(error)
      }
    }
    this.running = false
  }

  private done(events: readonly EventRead[]): void {
    if (events.length === 0) return
    this.deps.took?.(this.consumer.name, events)
    for (const waiting of this.waiting) {
      for (const { seq } of events) waiting.seqs.delete(seq)
      if (waiting.seqs.size > 0) continue
      this.waiting.delete(waiting)
      waiting.resolve()
    }
  }

  /** The ledger is away: all of it comes again. */
  private fail(error: unknown): void {
    this.window = new OutboxWindow()
    for (const { reject } of this.waiting) reject(error)
    this.waiting.clear()
  }

  /** Each under a key of its own: it is behind nothing, and nothing has to wait behind it. */
  private async parkMalformed(records: readonly { record: TakenRecord; cause: string }[]): Promise<void> {
    const { deps, consumer } = this
    const parcels = records.map(({ record, cause }) => {
      const { partition, offset, key, value } = record
      deps.log.error({ consumer: consumer.name, partition, offset, cause }, 'malformed record')
      return {
        event: malformedEvent(record),
        cause: `${key ?? 'no key'}: ${cause}: ${value?.slice(0, QUOTE)}`,
      }
    })
    await park(deps.ledger, consumer.name, parcels, noFence, deps.clock())
  }
}

/** Most characters of a malformed record that are kept. */
const QUOTE = 500

function malformedEvent({ partition, offset, timestamp, key, value }: TakenRecord): OutboxEvent {
  const name = `malformed-${partition}-${offset}-${timestamp}`
  return {
    ...{ seq: 0, shard: shardOf(name), key: name, version: 0, type: 'malformed', attempt: 0, copied: false },
    madeAt: timestamp,
    payload: JSON.stringify({ key: key?.slice(0, QUOTE), value: value?.slice(0, QUOTE) }),
  }
}
