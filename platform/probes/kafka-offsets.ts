// Where logs begin and end, and when the record was made that a group has to handle next.

import { fetchV13, listOffsetsV7 } from '@platformatic/kafka'
import { takenRecords } from '../kafka/records.ts'
import type { KafkaLinks, MetadataResponse } from './kafka-links.ts'
import type { PartitionLag } from './parse-kafka.ts'
import { ProbeFailed } from './probe-failed.ts'

/** Partitions whose oldest record is read at one time, those with the most lag: each brings a batch of up to a megabyte. */
const OLDEST_MOST = 16
/** Kafka's words: any epoch; the first offset of a log, the next one; no session of requests. */
const ANY_EPOCH = -1
const EARLIEST = -2n
const LATEST = -1n
const NO_SESSION = [0, -1] as const
const ANY_REPLICA = -1
const UNCOMMITTED_TOO = 0

export type Lag = Omit<PartitionLag, 'oldest'>

/** The place of the next record that the group has to handle. */
export const placeOf = ({ topic, partition, committed, start }: Lag): string =>
  `${topic}/${partition}/${Math.max(committed ?? 0, start ?? 0)}`

export interface Bounds {
  readonly topic: string
  readonly partition: number
  readonly start: number | null
  readonly end: number | null
}

/** First and next offset of every partition, asked of who leads it; null where nobody does. */
export async function boundsOf(links: KafkaLinks, described: MetadataResponse): Promise<readonly Bounds[]> {
  const missing = described.topics.find(
    ({ errorCode, partitions }) => errorCode !== 0 && partitions.length === 0,
  )
  if (missing !== undefined) throw new ProbeFailed('gone', `Kafka: there is no topic ${missing.name}`)
  const all = described.topics.flatMap(({ name, partitions }) =>
    partitions.map(({ partitionIndex, leaderId }) => ({ topic: name ?? '', partitionIndex, leaderId })),
  )
  const found = new Map<string, number>()
  await Promise.all(
    [...Map.groupBy(all, ({ leaderId }) => leaderId)].map(async ([leader, led]) => {
      const to = described.brokers.find(({ nodeId }) => nodeId === leader)
      if (to === undefined) return
      for (const timestamp of [EARLIEST, LATEST]) {
        const topics = [...Map.groupBy(led, ({ topic }) => topic)].map(([name, of]) => ({
          name,
          partitions: of.map(({ partitionIndex }) => ({
            partitionIndex,
            currentLeaderEpoch: ANY_EPOCH,
            timestamp,
          })),
        }))
        const answer = await links.look(to, listOffsetsV7.api, ANY_REPLICA, UNCOMMITTED_TOO, topics)
        for (const { name, partitions } of answer.topics)
          for (const { partitionIndex, offset, errorCode } of partitions)
            if (errorCode === 0) found.set(`${timestamp}/${name}/${partitionIndex}`, Number(offset))
      }
    }),
  )
  return all
    .map(({ topic, partitionIndex: partition }) => ({
      ...{ topic, partition },
      start: found.get(`${EARLIEST}/${topic}/${partition}`) ?? null,
      end: found.get(`${LATEST}/${topic}/${partition}`) ?? null,
    }))
    .sort((a, b) => (a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1))
}

/** When the next record of each was made, by its place; `known`: of the reading before. */
export async function oldestOf(
  links: KafkaLinks,
  described: MetadataResponse,
  lags: readonly Lag[],
  known: ReadonlyMap<string, number>,
): Promise<Map<string, number>> {
  const behind = lags
    .filter(({ lag }) => lag !== null && lag > 0)
    .sort((a, b) => b.lag! - a.lag!)
    .slice(0, OLDEST_MOST)
  const times = new Map<string, number>()
  await Promise.all(
    behind.map(async each => {
      const place = placeOf(each)
      const time = known.get(place) ?? (await madeAt(links, described, each))
      if (time !== null) times.set(place, time)
    }),
  )
  return times
}

/** When the record at which the group stands was made; null: it was deleted meanwhile. */
async function madeAt(
  links: KafkaLinks,
  { brokers, topics }: MetadataResponse,
  { topic, partition, committed, start }: Lag,
): Promise<number | null> {
  const of = topics.find(({ name }) => name === topic)
  const leader = of?.partitions.find(({ partitionIndex }) => partitionIndex === partition)?.leaderId
  const to = brokers.find(({ nodeId }) => nodeId === leader)
  if (of === undefined || to === undefined) return null
  const from = Math.max(committed ?? 0, start ?? 0)
  const wanted = {
    partition,
    fetchOffset: BigInt(from),
    ...{ currentLeaderEpoch: ANY_EPOCH, lastFetchedEpoch: ANY_EPOCH },
    // The first batch comes whole, however large; no more is wanted.
    partitionMaxBytes: 1,
  }
  const answer = await links.look(
    to,
    fetchV13.api,
    ...([0, 1, 1, UNCOMMITTED_TOO] as const),
    ...NO_SESSION,
    [{ topicId: of.topicId, partitions: [wanted] }],
    [],
    '',
  )
  const batches = answer.responses[0]?.partitions[0]?.records ?? []
  return takenRecords(topic, partition, batches, from).records[0]?.timestamp ?? null
}
