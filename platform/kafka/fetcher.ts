// Reads ahead for a group: one request at a time to each broker that leads a partition of ours, for those partitions
// that have room. Positions are ours: the client's own stream reads on from what was committed after each rebalance,
// past records that it had handed out and that nobody has handled yet.

import { type ClusterMetadata, Consumer, type FetchOptions, type RecordsBatch } from '@platformatic/kafka'
import { type Backoff, fullJitter } from '../../resilience/backoff.ts'
import { clientOptions, saysKafka } from './clients.ts'
import type { TopicPartition } from './membership.ts'
import type { PartitionQueue } from './partition-queue.ts'
import { takenRecords } from './records.ts'

/** How long a broker keeps a request waiting for records, ms: an idle group asks twice a second. */
const WAIT_MS = 500
/** The same while a partition has no room: it must not wait for the others' silence once it has, ms. */
const SHORT_WAIT_MS = 10
/**
 * From one request to the next at least, ms: what comes one by one is taken together, or a hundred events a second would be a
 * hundred requests, transactions and commits of each group. Whoever waits for an event waits half of this longer.
 */
const APART_MS = 15
/** Longest wait for an answer, ms: then the broker hangs. */
const REQUEST_MS = 2_000
/** Bytes of one partition, and of one answer. A single batch larger than that comes all the same. */
const PARTITION_BYTES = 512 * 1024
const ANSWER_BYTES = 4 * 1024 * 1024
/** Pauses after a failure. */
const FAILED: Backoff = { first: 50, most: 1_000 }
/** Kafka's words for any epoch, the first offset of a log, and the next one. */
const ANY_EPOCH = -1
const EARLIEST = -2n
const LATEST = -1n

type FetchTopics = FetchOptions<Buffer, Buffer, Buffer, Buffer>['topics']
interface Response {
  readonly responses: readonly {
    readonly topicId: string
    readonly partitions: readonly { partitionIndex: number; records?: RecordsBatch[] | null }[]
  }[]
}

export interface FetcherDeps {
  readonly brokers: readonly string[]
  readonly group: string
  readonly topics: readonly string[]
  queues(): Iterable<PartitionQueue>
  /** Their positions may not be in the log any more; `anew`: the topic is another one under the same name. */
  astray(queues: readonly PartitionQueue[], anew: boolean): void
  /** A topic has got more partitions. */
  grown(): void
  /** Kafka answers (null), or does not. */
  health(error: unknown): void
}

export class Fetcher {
  private readonly deps: FetcherDeps
  private readonly client: Consumer
  /** Brokers that a request is under way to. */
  private readonly asked = new Set<number>()
  private readonly ids = new Map<string, string>()
  private readonly counts = new Map<string, number>()
  private failures = 0
  private pausing: NodeJS.Timeout | null = null
  private looking = false
  private again = false
  private stopped = false

  constructor(deps: FetcherDeps) {
    this.deps = deps
    this.client = new Consumer({
      ...clientOptions(deps.brokers, 'levee-reader', REQUEST_MS),
      groupId: deps.group,
      maxWaitTime: WAIT_MS,
      autocommit: false,
    })
    this.client.on('error', () => undefined) // shows where it is used
    this.client.topics.trackAll(...deps.topics)
  }

  /** Asks every broker that may be asked now. Cheap; call it whenever something changed. */
  pump(): void {
    if (this.stopped || this.pausing !== null) return
    if (this.looking) {
      this.again = true
      return
    }
    this.looking = true
    void this.ask()
      .catch(error => this.failed(error))
      .finally(() => {
        this.looking = false
        if (!this.again) return
        this.again = false
        this.pump()
      })
  }

  /** Of these partitions, the first offset in the log and the next to be appended. */
  async bounds(queues: readonly TopicPartition[]): Promise<readonly { start: number; end: number }[]> {
    const topics = [...new Set(queues.map(queue => queue.topic))]
    const [starts, ends] = await Promise.all([
      this.client.listOffsets({ topics, timestamp: EARLIEST }),
      this.client.listOffsets({ topics, timestamp: LATEST }),
    ])
    return queues.map(({ topic, partition }) => ({
      start: Number(starts.get(topic)?.[partition] ?? 0n),
      end: Number(ends.get(topic)?.[partition] ?? 0n),
    }))
  }

  async stop(): Promise<void> {
    this.stopped = true
    if (this.pausing !== null) clearTimeout(this.pausing)
    await this.client.close(true).catch(() => undefined) // its connections are given up all the same
  }

  private async ask(): Promise<void> {
    const metadata = await this.client.metadata({ topics: [...this.deps.topics] })
    if (this.stopped) return
    this.countPartitions(metadata)
    const byLeader = Map.groupBy(this.deps.queues(), ({ topic, partition }) => {
      return metadata.topics.get(topic)?.partitions[partition]?.leader ?? -1
    })
    for (const [leader, queues] of byLeader) {
      if (leader < 0 || this.asked.has(leader)) continue
      const roomy = queues.filter(queue => queue.hasRoom)
      if (roomy.length === 0) continue
      this.asked.add(leader)
      const wait = roomy.length === queues.length ? WAIT_MS : SHORT_WAIT_MS
      const next = performance.now() + APART_MS
      void this.fetch(metadata, leader, roomy, wait)
        .catch(error => this.failed(error, roomy))
        .finally(() => {
          const again = (): void => {
            this.asked.delete(leader)
            this.pump()
          }
          const left = next - performance.now()
          if (left > 0) setTimeout(again, left)
          else again()
        })
    }
    if (byLeader.has(-1)) throw new Error('a partition has no leader')
  }

  private async fetch(
    metadata: ClusterMetadata,
    node: number,
    queues: readonly PartitionQueue[],
    maxWaitTime: number,
  ): Promise<void> {
    const strangers = queues.filter(({ topic }) => this.isAnother(topic, metadata.topics.get(topic)!.id))
    if (strangers.length > 0) {
      this.deps.astray(strangers, true)
      return
    }
    const asked = new Map(queues.map(queue => [`${this.ids.get(queue.topic)}:${queue.partition}`, queue]))
    const from = new Map(queues.map(queue => [queue, queue.next]))
    const topics: FetchTopics = queues.map(queue => ({
      topicId: this.ids.get(queue.topic)!,
      partitions: [
        {
          partition: queue.partition,
          fetchOffset: BigInt(queue.next),
          currentLeaderEpoch: ANY_EPOCH,
          lastFetchedEpoch: ANY_EPOCH,
          partitionMaxBytes: PARTITION_BYTES,
        },
      ],
    }))
    const response = await this.client.fetch({
      ...{ node, topics, maxWaitTime },
      ...{ minBytes: 1, maxBytes: ANSWER_BYTES },
    })
    this.failures = 0
    this.deps.health(null)
    this.deliver(response, asked, from)
  }

  private deliver(
    response: Response,
    asked: ReadonlyMap<string, PartitionQueue>,
    from: ReadonlyMap<PartitionQueue, number>,
  ): void {
    for (const { topicId, partitions } of response.responses)
      for (const { partitionIndex, records } of partitions) {
        const queue = asked.get(`${topicId}:${partitionIndex}`)
        if (queue === undefined || records === null || records === undefined) continue
        // What a session brings late, for another position, was read already.
        if (queue.next !== from.get(queue)) continue
        queue.add(takenRecords(queue.topic, partitionIndex, records, queue.next))
      }
  }

  private countPartitions({ topics }: ClusterMetadata): void {
    for (const [topic, { partitionsCount }] of topics) {
      const known = this.counts.get(topic)
      this.counts.set(topic, partitionsCount)
      if (known !== undefined && known < partitionsCount) this.deps.grown()
    }
  }

  private isAnother(topic: string, id: string): boolean {
    const known = this.ids.get(topic)
    this.ids.set(topic, id)
    return known !== undefined && known !== id
  }

  private failed(error: unknown, queues: readonly PartitionQueue[] = []): void {
    if (this.stopped) return
    // A session of requests that the broker has forgotten: the next request begins another.
    if (saysKafka(error, 'FETCH_SESSION_ID_NOT_FOUND', 'INVALID_FETCH_SESSION_EPOCH')) return
    if (saysKafka(error, 'OFFSET_OUT_OF_RANGE')) this.deps.astray(queues, false)
    else this.deps.health(error)
    this.client.clearMetadata()
    this.failures++
    const pause = fullJitter(FAILED, this.failures, Math.random())
    this.pausing ??= setTimeout(() => {
      this.pausing = null
      this.pump()
    }, pause)
  }
}
