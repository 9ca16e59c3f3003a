// What a cluster's description means. Pure.

export interface Partition {
  readonly topic: string
  readonly partition: number
  /** The number of the broker that leads it; null: nobody does, and it serves nobody. */
  readonly leader: number | null
  readonly replicas: readonly number[]
  readonly inSync: readonly number[]
  /** Least in-sync replicas with which it takes records; null: not known. */
  readonly minInSync: number | null
}

export interface DescribedTopic {
  readonly name?: string | null | undefined
  readonly errorCode: number
  readonly partitions: readonly {
    readonly partitionIndex: number
    readonly leaderId: number
    readonly replicaNodes: readonly number[]
    readonly isrNodes: readonly number[]
  }[]
}

/** `minInSync`: by topic. A topic that is being deleted has an error and no partitions, and is left out. */
export function partitionsOf(
  topics: readonly DescribedTopic[],
  minInSync: ReadonlyMap<string, number>,
): readonly Partition[] {
  return topics.flatMap(({ name, partitions }) =>
    partitions
      .map(each => ({
        topic: name ?? '',
        partition: each.partitionIndex,
        leader: each.leaderId < 0 ? null : each.leaderId,
        replicas: each.replicaNodes,
        inSync: each.isrNodes,
        minInSync: minInSync.get(name ?? '') ?? null,
      }))
      .sort((a, b) => a.partition - b.partition),
  )
}

export interface PartitionHealth {
  /** Fewer in-sync replicas than replicas. */
  readonly underReplicated: readonly Partition[]
  /** Too few in-sync replicas to take records from who wants them acknowledged by all. */
  readonly underMinInSync: readonly Partition[]
  /** Without a leader. */
  readonly offline: readonly Partition[]
  /** Led by another than the first of its replicas, as they are after a restart of that one. */
  readonly notPreferred: readonly Partition[]
}

export function healthOf(partitions: readonly Partition[]): PartitionHealth {
  return {
    underReplicated: partitions.filter(({ inSync, replicas }) => inSync.length < replicas.length),
    underMinInSync: partitions.filter(
      ({ inSync, minInSync }) => minInSync !== null && inSync.length < minInSync,
    ),
    offline: partitions.filter(({ leader }) => leader === null),
    notPreferred: partitions.filter(({ leader, replicas }) => leader !== null && leader !== replicas[0]),
  }
}

export interface PartitionLag {
  readonly topic: string
  readonly partition: number
  /** The next record to handle; null: the group has not committed anything here. */
  readonly committed: number | null
  /** First record that is in the log; null: not to be had, as nobody leads it. */
  readonly start: number | null
  /** The next record to be appended; null likewise. */
  readonly end: number | null
  /** Records that the group has still to handle; null: not known. Where nothing was committed all that are there. */
  readonly lag: number | null
  /** When the oldest of them was made, epoch ms; null: there is none, or not known. */
  readonly oldest: number | null
  /** Id of the member that reads it; null: nobody. */
  readonly member: string | null
}

/** Records between where the group is and the end of the log. */
export function lagOf(committed: number | null, start: number | null, end: number | null): number | null {
  if (start === null || end === null) return null
  return Math.max(0, end - Math.max(committed ?? start, start))
}

/** Of those that are known; null where one is not: a sum with a hole in it is not known. */
export function totalLag(partitions: readonly Pick<PartitionLag, 'lag'>[]): number | null {
  let sum = 0
  for (const { lag } of partitions) {
    if (lag === null) return null
    sum += lag
  }
  return sum
}

/**
 * How many times the mean the fullest has: 1 where all have the same, the count of partitions where one has all. Of
 * lags, or of what was appended between two readings. Null: there is nothing to share out.
 */
export function skewOf(amounts: readonly number[]): number | null {
  const sum = amounts.reduce((all, each) => all + each, 0)
  return sum <= 0 ? null : Math.max(...amounts) / (sum / amounts.length)
}

/** Of one group's reading, when it was made: monotonic ms. */
export interface LagSample {
  readonly at: number
  readonly partitions: readonly Pick<PartitionLag, 'topic' | 'partition' | 'committed' | 'end' | 'lag'>[]
}

export interface LagTrend {
  /** Records a second. */
  readonly appended: number
  readonly handled: number
  /** Time until nothing is left, if both go on so, ms; null: never. */
  readonly drain: number | null
}

/** Null: too little is known of both to compare them. A log that was made anew, or a group set back, counts for nothing. */
export function trendOf(before: LagSample, after: LagSample): LagTrend | null {
  const seconds = (after.at - before.at) / 1000
  if (seconds <= 0) return null
  const earlier = new Map(before.partitions.map(each => [`${each.topic}/${each.partition}`, each]))
  let appended = 0
  let handled = 0
  let compared = 0
  for (const now of after.partitions) {
    const then = earlier.get(`${now.topic}/${now.partition}`)
    if (now.end === null || now.lag === null || then?.end == null || then.lag === null) continue
    const grown = now.end - then.end
    // Where the group is follows from its lag, also before its first commit.
    const moved = now.end - now.lag - (then.end - then.lag)
    if (grown < 0 || moved < 0) continue
    appended += grown
    handled += moved
    compared++
  }
  const left = totalLag(after.partitions)
  if (compared === 0 || left === null) return null
  const gain = (handled - appended) / seconds
  const drain = left === 0 ? 0 : gain > 0 ? (left / gain) * 1000 : null
  return { appended: appended / seconds, handled: handled / seconds, drain }
}
