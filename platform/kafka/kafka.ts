// Kafka as the rest of Levee sees it: publishing with a deadline, and groups that take whole batches in order.

/** Kafka did not confirm it. It may be in the log all the same, now or in a moment: every failure is unknown. */
export class PublishUnknown extends Error {
  override readonly name = 'PublishUnknown'
}

export interface KafkaRecord {
  /** Records of one key keep their order. */
  readonly key: string
  readonly value: string
}

/** Where a record is: all in-sync replicas have it. */
export interface Place {
  readonly partition: number
  readonly offset: number
}

export interface Publisher {
  /** Resolves when all in-sync replicas have it. Rejects with PublishUnknown within `kafka.publishTimeout`. */
  publish(record: KafkaRecord): Promise<Place>
  /**
   * The same for several: those of one key are appended together or not at all, in the order given. Rejects where
   * they are more than one request carries (2,000 records or 900 kB).
   */
  publishTogether(records: readonly KafkaRecord[]): Promise<readonly Place[]>
  /** Records that wait to be sent or confirmed. */
  readonly waiting: number
  close(): Promise<void>
}

export interface TakenRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Null where the record has none, or is no UTF-8. */
  readonly key: string | null
  readonly value: string | null
  /** When it was appended or made, epoch ms. */
  readonly timestamp: number
}

export interface GroupOptions {
  readonly group: string
  readonly topics: readonly string[]
  /** Most records handed over at once. */
  readonly batch: number
  /**
   * Takes records of one partition, in order. Resolved: their effects are in the ledger, and their offset is
   * committed then, never before. Rejected: the same records come again after a pause that grows.
   * Partitions are handled side by side, batches of one partition one after the other.
   */
  handle(records: readonly TakenRecord[]): Promise<void>
  /** Pause before the next batch of the partition, ms, after one that took `ms`. What comes meanwhile goes with it. Absent: none. */
  rest?(ms: number): number
}

export interface Group {
  start(): void
  /** Ends after the batch under way, and leaves the group at once, so that others take over. */
  stop(): Promise<void>
  readonly status: {
    readonly partitions: readonly number[]
    readonly handled: number
    readonly failing: boolean
  }
}

export interface Topic {
  readonly name: string
  readonly partitions: number
  /** How long records are kept, ms. Absent: as the brokers keep them, 7 days unless told otherwise. */
  readonly keep?: number
}

/** How far a group has come in one partition. */
export interface Position {
  readonly partition: number
  /** The next record to handle; 0 where nothing was committed yet. */
  readonly committed: number
  /** The next record to be appended. */
  readonly end: number
  /**
   * Which log this is. Changes with the partition's leader and with the topic made anew: after that, records which
   * were acknowledged before may be gone, and others in their places.
   */
  readonly log: string
}

/** What probes are published to; nobody reads it. */
export const PROBES: Topic = { name: 'probes', partitions: 1, keep: 3_600_000 }

export interface Kafka {
  /** Makes the topics that are not there. */
  ensureTopics(topics: readonly Topic[]): Promise<void>
  publisher(topic: string): Publisher
  group(options: GroupOptions): Group
  /** How far a group has come, by partition of the topic. Rejects within a bound. */
  positions(group: string, topic: string): Promise<readonly Position[]>
  /** Resolves when a broker answers; rejects within a bound. */
  ping(): Promise<void>
  /** Publishes something small: tells of the brokers' health what it finds. Rejects when that failed. */
  probe(): Promise<void>
  close(): Promise<void>
}
