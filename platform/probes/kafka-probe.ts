// How a Kafka is: its brokers one by one, who leads and follows which partition, and how far groups have come. Over
// connections of the probe's own, which are kept while they are well.

import { Admin, ConfigResourceTypes, describeConfigsV4, metadataV12 } from '@platformatic/kafka'
import { clientOptions } from '../kafka/clients.ts'
import { within } from '../within.ts'
import {
  type Address,
  addressFrom,
  addressText,
  type BrokerAnswer,
  KafkaLinks,
  type MetadataResponse,
} from './kafka-links.ts'
import { boundsOf, oldestOf, placeOf } from './kafka-offsets.ts'
import {
  healthOf,
  lagOf,
  type Partition,
  type PartitionHealth,
  type PartitionLag,
  partitionsOf,
  totalLag,
} from './parse-kafka.ts'
import { PROBE_MS } from './probe.ts'
import { probeFailure } from './probe-failed.ts'

export interface KafkaProbeOptions {
  /** `host:port` */
  readonly brokers: readonly string[]
  /** ms */
  readonly timeLimit?: number
}

export interface KafkaCluster extends PartitionHealth {
  /** Question and answer with the broker that described the cluster, ms. */
  readonly ping: number
  readonly controller: number
  /** Those that are in the cluster now, by number. */
  readonly brokers: readonly { readonly id: number; readonly address: string }[]
  /** Each that was named, and each that is in the cluster, asked for itself. */
  readonly answers: readonly BrokerAnswer[]
  readonly partitions: readonly Partition[]
}

export interface KafkaMember {
  readonly id: string
  readonly clientId: string
  readonly host: string
  readonly partitions: readonly { readonly topic: string; readonly partition: number }[]
}

export interface KafkaGroup {
  readonly group: string
  /** In Kafka's words: Stable, PreparingRebalance, CompletingRebalance, Empty, Dead. */
  readonly state: string
  readonly members: readonly KafkaMember[]
  /** When this was read, monotonic ms: for `trendOf`. */
  readonly at: number
  readonly partitions: readonly PartitionLag[]
  /** Of all partitions; null: one of them is not known. */
  readonly lag: number | null
  /** When the oldest record that nobody has handled was made, epoch ms; null: there is none. Read of the 16 partitions with the most lag. */
  readonly oldest: number | null
}

/** Every function throws ProbeFailed. */
export interface KafkaProbe {
  cluster(signal: AbortSignal): Promise<KafkaCluster>
  /** How far a group has come in these topics, by their whole names. */
  group(name: string, topics: readonly string[], signal: AbortSignal): Promise<KafkaGroup>
  close(): void
}

export function openKafkaProbe({ brokers, timeLimit = PROBE_MS }: KafkaProbeOptions): KafkaProbe {
  const named = brokers.map(addressFrom)
  const links = new KafkaLinks(timeLimit)
  let admin: Admin | null = null
  /** By `topic/partition/offset`: while a group does not move nothing has to be read again. */
  let made = new Map<string, number>()

  async function guarded<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    try {
      return await within(timeLimit, signal, work)
    } catch (error) {
      close()
      throw probeFailure('Kafka', error)
    }
  }

  /** By the first that answers, which is not told beforehand: with one broker hanging the others are still asked in time. */
  async function describe(topics: string[] | null): Promise<[MetadataResponse, number]> {
    const tries = named.map(async (to): Promise<[MetadataResponse, number]> => {
      await links.connect(to)
      const began = performance.now()
      const answer = await links.look(to, metadataV12.api, topics, false, false)
      return [answer, performance.now() - began]
    })
    return await Promise.any(tries).catch((error: AggregateError) => {
      throw error.errors[0]
    })
  }

  function close(): void {
    links.close()
    // A broker that is away cannot be said goodbye to.
    void admin?.close().catch(() => undefined)
    admin = null
  }

  return {
    cluster: signal =>
      guarded(signal, async () => {
        const [described, ping] = await describe(null)
        const members = described.brokers.map(({ nodeId, host, port }) => ({ id: nodeId, host, port }))
        const all = new Map([...named, ...members].map(each => [addressText(each), each]))
        // One that hangs must not take the others' time: its own limit is shorter than that of the whole.
        const own = AbortSignal.timeout(timeLimit / 2)
        const [answers, least] = await Promise.all([
          links.answers([...all.values()], own, metadataV12.api, [], false, false),
          minInSync(links, members, described),
        ])
        const partitions = partitionsOf(described.topics, least)
        const brokerList = members.map(each => ({ id: each.id, address: addressText(each) }))
        const { controllerId: controller } = described
        return { ping, controller, brokers: brokerList, answers, partitions, ...healthOf(partitions) }
      }),
    group: (group, topics, signal) =>
      guarded(signal, async () => {
        if (admin === null) {
          admin = new Admin(clientOptions(brokers, 'levee-probe', timeLimit))
          admin.on('error', () => undefined) // shows where it is used
        }
        const asked = admin
        const [groups, offsets] = await Promise.all([
          asked.describeGroups({ groups: [group] }),
          asked.listConsumerGroupOffsets({ groups: [group] }),
        ])
        // After the offsets: what is committed then is in the log that is described now.
        const [described] = await describe([...topics])
        const at = performance.now()
        const bounds = await boundsOf(links, described)
        const committed = new Map(
          offsets
            .flatMap(each => each.topics)
            .flatMap(({ name, partitions }) =>
              partitions.map(
                each => [keyOf(name, each.partitionIndex), Number(each.committedOffset)] as const,
              ),
            ),
        )
        const members = [...(groups.get(group)?.members.values() ?? [])].map(
          ({ id, clientId, clientHost, assignments }) => ({
            ...{ id, clientId, host: clientHost },
            partitions: [...(assignments ?? [])].flatMap(([topic, { partitions }]) =>
              partitions.map(partition => ({ topic, partition })),
            ),
          }),
        )
        const readers = new Map(
          members.flatMap(({ id, partitions }) =>
            partitions.map(each => [keyOf(each.topic, each.partition), id] as const),
          ),
        )
        const lags = bounds.map(({ topic, partition, start, end }) => {
          const key = keyOf(topic, partition)
          const at = committed.get(key) ?? -1
          const own = at < 0 ? null : at
          const lag = lagOf(own, start, end)
          return { topic, partition, committed: own, start, end, lag, member: readers.get(key) ?? null }
        })
        const times = await oldestOf(links, described, lags, made)
        made = times
        const partitions = lags.map(each => ({ ...each, oldest: times.get(placeOf(each)) ?? null }))
        const oldest = partitions.flatMap(each => (each.oldest === null ? [] : [each.oldest]))
        return {
          ...{ group, at, members, partitions },
          state: groups.get(group)?.state ?? 'Dead',
          lag: totalLag(partitions),
          oldest: oldest.length === 0 ? null : Math.min(...oldest),
        }
      }),
    close,
  }
}

const keyOf = (topic: string, partition: number): string => `${topic}/${partition}`

/** `min.insync.replicas` by topic, asked of one broker for all. */
async function minInSync(
  links: KafkaLinks,
  members: readonly Address[],
  { topics }: MetadataResponse,
): Promise<ReadonlyMap<string, number>> {
  const resources = topics.flatMap(({ name, errorCode }) =>
    typeof name !== 'string' || errorCode !== 0
      ? []
      : [
          {
            resourceType: ConfigResourceTypes.TOPIC,
            resourceName: name,
            configurationKeys: ['min.insync.replicas'],
          },
        ],
  )
  if (members.length === 0 || resources.length === 0) return new Map()
  const answers = await Promise.any(
    members.map(to => links.look(to, describeConfigsV4.api, resources, false, false)),
  ).catch((error: AggregateError) => {
    throw error.errors[0]
  })
  return new Map(
    answers.results.flatMap(({ resourceName, configs }) =>
      configs.map(({ value }) => [resourceName, Number(value)] as const),
    ),
  )
}
