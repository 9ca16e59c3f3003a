// Kafka by @platformatic/kafka: exactly version 2.12.1. Nothing is connected until it is needed, and nothing waits past
// its deadline, so a shop starts without it.

import { Admin } from '@platformatic/kafka'
import type { SampleKind } from '../../resilience/detector.ts'
import type { Log } from '../log/log.ts'
import { clientOptions, prefixed, saysKafka } from './clients.ts'
import { GroupConsumer } from './group-consumer.ts'
import { type Group, type Kafka, type Position, PROBES, type Publisher, type Topic } from './kafka.ts'
import { BatchingPublisher } from './publisher.ts'

/** Longest wait for an answer to a question about topics and groups, ms. Making a topic takes some 100. */
const ADMIN_MS = 3_000
/** Longest that a probe takes, ms: three that hang are told of within a second. A healthy broker takes some 5. */
const PROBE_MS = 300
/** Pause between looks whether a new topic has its leaders, ms. */
const LEADER_LOOK_MS = 20
/** Kafka's words: as many replicas as the brokers make of a topic; the next offset of a log. */
const DEFAULT_REPLICAS = -1
const LATEST = -1n

export interface KafkaOptions {
  readonly brokers: readonly string[]
  /** Begins every topic and group, with a dot; empty: none. */
  readonly prefix: string
  /** Longest wait for an acknowledgement, ms. */
  readonly publishTimeout: number
  readonly log: Log
  /** Told what every publishing came to, and after how many ms. */
  readonly note?: (kind: SampleKind, ms: number) => void
}

export function openKafka(options: KafkaOptions): Kafka {
  const { brokers, prefix, log } = options
  const note = options.note === undefined ? {} : { note: options.note }
  const admin = new Admin(clientOptions(brokers, 'levee-admin', ADMIN_MS))
  admin.on('error', () => undefined) // shows where it is used
  const publishers = new Map<string, BatchingPublisher>()
  const groups: Group[] = []
  const named = (name: string): string => prefixed(prefix, name)

  let probing: BatchingPublisher | null = null

  async function createTopic({ name, partitions, keep }: Topic): Promise<void> {
    const configs = keep === undefined ? {} : { configs: [{ name: 'retention.ms', value: String(keep) }] }
    try {
      await admin.createTopics({ topics: [named(name)], partitions, replicas: DEFAULT_REPLICAS, ...configs })
    } catch (error) {
      if (!saysKafka(error, 'TOPIC_ALREADY_EXISTS')) throw error
    }
    // A topic is made before its leaders know of it: what is sent at once would be refused.
    const deadline = performance.now() + ADMIN_MS
    for (;;) {
      try {
        await endsOf(admin, named(name))
        return
      } catch (error) {
        if (performance.now() >= deadline) throw error
        await new Promise(resolve => setTimeout(resolve, LEADER_LOOK_MS))
      }
    }
  }

  return {
    async ensureTopics(topics) {
      for (const topic of topics) await createTopic(topic)
    },
    publisher(topic): Publisher {
      let publisher = publishers.get(topic)
      if (publisher === undefined) {
        publisher = new BatchingPublisher({
          brokers,
          topic: named(topic),
          timeout: options.publishTimeout,
          log,
          ...note,
        })
        publishers.set(topic, publisher)
      }
      return publisher
    },
    group(of): Group {
      const group = new GroupConsumer({ ...of, brokers, prefix, log })
      groups.push(group)
      return group
    },
    positions: (group, topic) => positionsOf(admin, named(group), named(topic)),
    async ping() {
      await admin.metadata({ topics: [], forceUpdate: true })
    },
    async probe() {
      const timeout = Math.min(PROBE_MS, options.publishTimeout)
      probing ??= new BatchingPublisher({ brokers, topic: named(PROBES.name), timeout, log: null, ...note })
      await probing.publish({ key: '', value: '' })
    },
    async close() {
      await Promise.all([
        probing?.close(),
        ...groups.map(group => group.stop()),
        ...[...publishers.values()].map(p => p.close()),
      ])
      await admin.close().catch(() => undefined) // a broker that is away cannot be said goodbye to
    },
  }
}

/** Committed first: what is said to be committed then is so in the log that is named after it. */
async function positionsOf(admin: Admin, group: string, topic: string): Promise<readonly Position[]> {
  const [asked] = await admin.listConsumerGroupOffsets({ groups: [group] })
  const mine = asked?.topics.filter(each => each.name === topic).flatMap(each => each.partitions) ?? []
  const committed = new Map(mine.map(each => [each.partitionIndex, Number(each.committedOffset)]))
  const ends = await endsOf(admin, topic)
  return ends.map(each => ({ ...each, committed: Math.max(0, committed.get(each.partition) ?? 0) }))
}

async function endsOf(admin: Admin, topic: string): Promise<readonly Omit<Position, 'committed'>[]> {
  const { topics } = await admin.metadata({ topics: [topic], forceUpdate: true })
  const known = topics.get(topic)
  if (known === undefined) throw new Error(`topic ${topic} is not there`)
  const partitions = known.partitions.map((_, partitionIndex) => ({ partitionIndex, timestamp: LATEST }))
  const [ends] = await admin.listOffsets({ topics: [{ name: topic, partitions }] })
  return (ends?.partitions ?? []).map(({ partitionIndex, offset, leaderEpoch }) => ({
    partition: partitionIndex,
    end: Number(offset),
    log: `${known.id}/${leaderEpoch}`,
  }))
}
