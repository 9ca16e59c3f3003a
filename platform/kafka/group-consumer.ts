// One member of a group: whole batches in order per partition, handled first and committed then.
//
// Repeats are normal: after a rebalance, a crash or a commit that was lost, records come again, and for a moment two
// members may be at the same partition. Each begins at what was committed and leaves nothing out, so of any record
// the first handling comes after the first handling of all before it.

import type { Log } from '../log/log.ts'
import { prefixed } from './clients.ts'
import { Fetcher } from './fetcher.ts'
import type { Group, GroupOptions } from './kafka.ts'
import { Membership, type TopicPartition } from './membership.ts'
import { PartitionQueue } from './partition-queue.ts'

/** Longest wait for the batches under way when it stops, ms: longer than the ledger's own limit for one (10 s). */
const STOP_MOST_MS = 15_000
/** Pause after a commit or a look-up that failed, ms. */
const RETRY_MS = 300
/** From one commit to the next, ms: what is handled and not committed comes again after a crash, and changes nothing. */
const COMMITS_APART_MS = 100

export interface GroupConsumerOptions extends GroupOptions {
  readonly brokers: readonly string[]
  readonly prefix: string
  readonly log: Log
}

export class GroupConsumer implements Group {
  private readonly options: GroupConsumerOptions
  private readonly member: Membership
  private readonly fetcher: Fetcher
  private readonly queues = new Map<string, PartitionQueue>()
  /** Those let go whose last batch may be under way. */
  private readonly ending = new Map<string, Promise<void>>()
  /** What was handled and not committed yet. */
  private readonly toCommit = new Map<string, TopicPartition & { offset: number }>()
  private committing: Promise<void> | null = null
  /** Grows with each assignment. */
  private round = 0
  private handled = 0
  private unwell = false
  private stopping = false
  private started = false

  constructor(options: GroupConsumerOptions) {
    this.options = options
    const { brokers, prefix } = options
    const shared = {
      brokers,
      group: prefixed(prefix, options.group),
      topics: options.topics.map(topic => prefixed(prefix, topic)),
      health: (error: unknown) => this.noteHealth(error),
    }
    this.member = new Membership({
      ...shared,
      assigned: partitions => void this.assign(partitions),
      lost: () => void this.assign([]),
    })
    this.fetcher = new Fetcher({
      ...shared,
      queues: () => this.queues.values(),
      astray: (queues, anew) => void this.find(queues, anew),
      grown: () => this.member.join(),
    })
  }

  get status() {
    return {
      partitions: [...this.queues.values()].map(queue => queue.partition).sort((a, b) => a - b),
      handled: this.handled,
      failing: this.unwell || [...this.queues.values()].some(queue => queue.failing),
    }
  }

  start(): void {
    if (this.started) return
    this.started = true
    this.member.join()
  }

  async stop(): Promise<void> {
    this.stopping = true
    this.round++
    await this.fetcher.stop()
    const under = [...[...this.queues.values()].map(queue => queue.end()), ...this.ending.values()]
    await within(STOP_MOST_MS, Promise.all(under))
    await within(RETRY_MS, this.committing ?? Promise.resolve())
    await within(RETRY_MS, this.commitOnce())
    await this.member.leave()
  }

  /** Lets go of what is not ours any more, and begins what is new where the group had come to. */
  private async assign(ours: readonly TopicPartition[]): Promise<void> {
    const round = ++this.round
    const keys = new Set(ours.map(keyOf))
    for (const [key, queue] of this.queues) if (!keys.has(key)) this.letGo(key, queue)
    const fresh = ours.filter(each => !this.queues.has(keyOf(each)))
    while (fresh.length > 0 && round === this.round && !this.stopping) {
      try {
        const committed = await this.member.committed(fresh)
        const bounds = committed.includes(null) ? await this.fetcher.bounds(fresh) : []
        if (round !== this.round) return
        for (const [i, each] of fresh.entries()) this.begin(each, committed[i] ?? bounds[i]?.start ?? 0)
        break
      } catch (error) {
        this.noteHealth(error)
        await pause(RETRY_MS)
      }
    }
    this.fetcher.pump()
  }

  /** Looks up where to read on. What may have been lost is read from the beginning: a repeat does no harm, a gap does. */
  private async find(queues: readonly PartitionQueue[], anew: boolean): Promise<void> {
    try {
      const bounds = await this.fetcher.bounds(queues)
      for (const [i, queue] of queues.entries()) {
        const { start, end } = bounds[i]!
        if (!anew && queue.next >= start && queue.next <= end) continue
        const key = keyOf(queue)
        if (this.queues.get(key) !== queue) continue
        this.options.log.warn(
          { topic: queue.topic, partition: queue.partition, at: queue.next, start, end },
          'the log is not what it was: read from its beginning',
        )
        this.letGo(key, queue)
        this.begin(queue, start)
      }
    } catch (error) {
      this.noteHealth(error)
      // Asked for again by the next fetch, unless the topic was seen to be another one: that is seen once.
      if (anew) for (const queue of queues) this.letGo(keyOf(queue), queue)
      if (anew) this.member.join()
    }
    this.fetcher.pump()
  }

  private begin(at: TopicPartition, next: number): void {
    if (this.stopping) return
    const key = keyOf(at)
    const queue = new PartitionQueue(at.topic, at.partition, next, this.ending.get(key), {
      batch: this.options.batch,
      handle: records => this.options.handle(records),
      rest: ms => this.options.rest?.(ms) ?? 0,
      handled: (of, offset, count) => this.noteHandled(of, offset, count),
      roomier: () => this.fetcher.pump(),
      rejected: (_, error) =>
        this.options.log.warn({ err: error, group: this.options.group }, 'a batch was rejected: again'),
    })
    this.queues.set(key, queue)
  }

  private letGo(key: string, queue: PartitionQueue): void {
    this.queues.delete(key)
    this.toCommit.delete(key)
    const ending = queue.end().finally(() => {
      if (this.ending.get(key) === ending) this.ending.delete(key)
    })
    this.ending.set(key, ending)
  }

  private noteHandled(queue: PartitionQueue, offset: number, count: number): void {
    this.handled += count
    const key = keyOf(queue)
    // It is somebody else's now, or its offsets are of a log that is gone.
    if (this.queues.get(key) !== queue) return
    this.toCommit.set(key, { topic: queue.topic, partition: queue.partition, offset })
    this.committing ??= this.commitAll().finally(() => {
      this.committing = null
    })
  }

  /** One commit at a time; what was handled meanwhile goes with the next. */
  private async commitAll(): Promise<void> {
    while (this.toCommit.size > 0 && !this.stopping)
      await pause((await this.commitOnce()) ? COMMITS_APART_MS : RETRY_MS)
  }

  private async commitOnce(): Promise<boolean> {
    const offsets = [...this.toCommit]
    if (offsets.length === 0) return true
    this.toCommit.clear()
    try {
      await this.member.commit(offsets.map(([, each]) => each))
      return true
    } catch {
      // Somebody else's partition, or Kafka is away. The effects are there, and whoever repeats them notices.
      for (const [key, each] of offsets)
        if (this.queues.has(key) && !this.toCommit.has(key)) this.toCommit.set(key, each)
      return false
    }
  }

  private noteHealth(error: unknown): void {
    if (this.stopping) return
    const { log, group } = this.options
    if (error === null) {
      if (this.unwell) log.info({ group }, 'group reads again')
      this.unwell = false
      return
    }
    // Once an outage, not once an attempt.
    if (!this.unwell) log.warn({ err: error, group }, 'group cannot read')
    this.unwell = true
  }
}

const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}:${partition}`

const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

async function within(most: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>(resolve => {
    timer = setTimeout(resolve, most)
  })
  await Promise.race([work, late])
  clearTimeout(timer)
}
