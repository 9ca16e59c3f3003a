// What a shop process has of Kafka: publishing with a deadline, and groups. Batches in hand, repeats and pauses are those
// of the real client (`PartitionQueue`).

import { createHash } from 'node:crypto'
import type { Note } from '../../platform/health/engine-health.ts'
import {
  type Group,
  type GroupOptions,
  type Kafka,
  type KafkaRecord,
  type Place,
  PROBES,
  type Publisher,
  PublishUnknown,
} from '../../platform/kafka/kafka.ts'
import { PartitionQueue } from '../../platform/kafka/partition-queue.ts'
import type { SampleKind } from '../../resilience/detector.ts'
import type { Appended, KafkaBroker, Member } from './kafka-broker.ts'
import type { Owner, World } from './world.ts'

const ANSWER_MS = [0.5, 5] as const
/** As `kafka.publishTimeout` says, and a probe's own, ms. */
const PUBLISH_MS = 1_000
const PROBE_MS = 300
/** Pause before what failed is tried again, ms. */
const RETRY_MS = 300
/** Share of the answers that are lost, and of the sends that are in the log twice, where a broker is in trouble. */
const UNACKNOWLEDGED = 0.3
const TWICE = 0.2
/** Share of what was sent to a broker that hung and arrives in the end. */
const ARRIVES = 0.6

export class SimKafka implements Kafka {
  private readonly broker: KafkaBroker
  private readonly owner: Owner
  private readonly note: Note
  private readonly publishers = new Map<string, SimPublisher>()
  private readonly groups: SimGroup[] = []

  constructor(broker: KafkaBroker, owner: Owner, note: Note) {
    this.broker = broker
    this.owner = owner
    this.note = note
  }

  async ensureTopics(topics: Parameters<Kafka['ensureTopics']>[0]): Promise<void> {
    await this.ask(() => {
      for (const topic of topics) this.broker.ensure(topic)
    })
  }

  publisher(topic: string): Publisher {
    let publisher = this.publishers.get(topic)
    if (publisher === undefined) {
      publisher = new SimPublisher(this.broker, this.owner, this.note, topic, PUBLISH_MS)
      this.publishers.set(topic, publisher)
    }
    return publisher
  }

  group(options: GroupOptions): Group {
    const group = new SimGroup(this.broker, this.owner, options)
    this.groups.push(group)
    return group
  }

  positions(group: string, topic: string) {
    return this.ask(() => this.broker.positions(group, topic))
  }

  async ping(): Promise<void> {
    await this.ask(() => undefined)
  }

  async probe(): Promise<void> {
    if (this.broker.partitionsOf(PROBES.name) === 0) this.broker.ensure(PROBES)
    const { broker, owner, note } = this
    await new SimPublisher(broker, owner, note, PROBES.name, PROBE_MS).publish({ key: '', value: '' })
  }

  async close(): Promise<void> {
    await Promise.all(this.groups.map(group => group.stop()))
  }

  private async ask<T>(what: () => T): Promise<T> {
    const { world } = this.broker
    if (!this.owner.alive) return new Promise<T>(() => undefined)
    await world.pause(world.random.between(...ANSWER_MS))
    if (this.broker.mode === 'hang') await world.pause(PUBLISH_MS)
    if (!this.broker.reads) throw new Error('no broker answers')
    const answer = what()
    await world.pause(world.random.between(...ANSWER_MS))
    return answer
  }
}

/** Same key, same partition. */
const partitionOf = (key: string, partitions: number): number =>
  createHash('sha1').update(key).digest().readUInt32BE() % partitions

interface Parcel {
  readonly records: readonly KafkaRecord[]
  settle(places: readonly Place[] | Error): void
}

class SimPublisher implements Publisher {
  private readonly broker: KafkaBroker
  private readonly owner: Owner
  private readonly note: Note
  private readonly topic: string
  private readonly timeout: number
  private queue: Parcel[] = []
  private sending = false
  waiting = 0

  constructor(broker: KafkaBroker, owner: Owner, note: Note, topic: string, timeout: number) {
    this.broker = broker
    this.owner = owner
    this.note = note
    this.topic = topic
    this.timeout = timeout
  }

  async publish(record: KafkaRecord): Promise<Place> {
    return (await this.publishTogether([record]))[0]!
  }

  publishTogether(records: readonly KafkaRecord[]): Promise<readonly Place[]> {
    const { world } = this
    return new Promise((resolve, reject) => {
      let answered = false
      this.waiting += records.length
      const settle = (places: readonly Place[] | Error): void => {
        if (answered) return
        answered = true
        this.waiting -= records.length
        if (places instanceof Error) reject(places)
        else resolve(places)
      }
      world.after(this.timeout, this.owner, () => settle(new PublishUnknown('not confirmed in time')))
      this.queue.push({ records, settle })
      if (!this.sending) void this.run()
    })
  }

  async close(): Promise<void> {}

  private get world(): World {
    return this.broker.world
  }

  private async run(): Promise<void> {
    this.sending = true
    await new Promise<void>(resolve => void setImmediate(resolve))
    // One send at a time: what waits meanwhile is the next.
    while (this.queue.length > 0) await this.send(this.queue.splice(0))
    this.sending = false
  }

  private async send(parcels: readonly Parcel[]): Promise<void> {
    const { world, broker, owner } = this
    if (!owner.alive) return new Promise(() => undefined)
    const began = world.now
    const { random } = world
    const end = (kind: SampleKind, places: ((parcel: Parcel) => readonly Place[]) | null): void => {
      this.note(kind, world.now - began)
      for (const parcel of parcels)
        parcel.settle(places?.(parcel) ?? new PublishUnknown('Kafka did not confirm it'))
    }
    // On its way it is nobody's: it arrives though its sender has died.
    const arrived = new Promise<ReadonlyMap<Parcel, readonly Place[]> | SampleKind>(resolve => {
      const back = (what: ReadonlyMap<Parcel, readonly Place[]> | SampleKind): void =>
        void world.after(random.between(...ANSWER_MS), owner, () => resolve(what))
      world.after(random.between(...ANSWER_MS), world.outside, () => {
        if (broker.mode === 'refuse') return back('refused')
        if (broker.mode === 'too-few') return back('full')
        if (broker.mode === 'hang') {
          if (random.chance(ARRIVES)) broker.hold(() => this.append(parcels))
          world.after(this.timeout, owner, () => resolve('hung'))
          return
        }
        const places = this.append(parcels)
        if (broker.mode !== 'unacknowledged') return back(places)
        // The client sent it again by itself, and nobody told it that the first had arrived.
        if (random.chance(TWICE)) this.append(parcels)
        if (random.chance(UNACKNOWLEDGED)) world.after(this.timeout, owner, () => resolve('hung'))
        else back(places)
      })
    })
    const came = await arrived
    if (typeof came === 'string') end(came, null)
    else end('wrote', parcel => came.get(parcel)!)
  }

  private append(parcels: readonly Parcel[]): ReadonlyMap<Parcel, readonly Place[]> {
    const { broker, topic } = this
    const count = broker.partitionsOf(topic)
    if (count === 0) return new Map()
    return new Map(
      parcels.map(parcel => [
        parcel,
        parcel.records.map(({ key, value }): Place => {
          const partition = partitionOf(key, count)
          const record: Appended = { key, value, timestamp: Math.floor(broker.world.now) }
          return { partition, offset: broker.append(topic, partition, [record]) }
        }),
      ]),
    )
  }
}

interface Reading {
  readonly queue: PartitionQueue
  /** Of the log that it reads. */
  readonly log: string
}

class SimGroup implements Group, Member {
  readonly owner: Owner
  readonly topics: readonly string[]
  private readonly broker: KafkaBroker
  private readonly options: GroupOptions
  private readonly reading = new Map<string, Reading>()
  private readonly toCommit = new Map<string, { queue: PartitionQueue; offset: number }>()
  private committing = false
  private handled = 0
  private stopped = false
  private started = false

  constructor(broker: KafkaBroker, owner: Owner, options: GroupOptions) {
    this.broker = broker
    this.owner = owner
    this.options = options
    this.topics = options.topics
  }

  get status() {
    const queues = [...this.reading.values()].map(each => each.queue)
    return {
      partitions: queues.map(queue => queue.partition),
      handled: this.handled,
      failing: queues.some(queue => queue.failing),
    }
  }

  start(): void {
    if (this.started) return
    this.started = true
    this.broker.join(this.options.group, this)
  }

  async stop(): Promise<void> {
    this.stopped = true
    const queues = [...this.reading.values()].map(each => each.queue)
    await Promise.all(queues.map(queue => queue.end()))
    this.commit()
    this.broker.leave(this.options.group, this)
  }

  assigned(partitions: readonly { topic: string; partition: number }[]): void {
    if (this.stopped) return
    const keys = new Set(partitions.map(({ topic, partition }) => `${topic}:${partition}`))
    for (const [key, { queue }] of this.reading) if (!keys.has(key)) this.letGo(key, queue)
    for (const { topic, partition } of partitions)
      if (!this.reading.has(`${topic}:${partition}`)) this.begin(topic, partition, null)
    this.grown()
  }

  grown(): void {
    const { broker } = this
    if (this.stopped || !broker.reads) return
    for (const [key, { queue, log }] of this.reading) {
      const { topic, partition } = queue
      const now = broker.logOf(topic)
      const end = broker.endOf(topic, partition)
      if (now !== log && (queue.next > end || now.split('/')[0] !== log.split('/')[0])) {
        // What may have been lost is read from the beginning: a repeat does no harm, a gap does.
        this.letGo(key, queue)
        this.begin(topic, partition, 0)
      }
    }
    for (const { queue } of this.reading.values()) this.fill(queue)
  }

  readUpTo(topic: string, partition: number): number {
    return this.reading.get(`${topic}:${partition}`)?.queue.next ?? 0
  }

  private fill(queue: PartitionQueue): void {
    if (!queue.hasRoom) return
    const records = this.broker.read(queue.topic, queue.partition, queue.next, this.options.batch)
    if (records.length === 0) return
    queue.add({ records, next: queue.next + records.length, bytes: 0 })
  }

  private begin(topic: string, partition: number, from: number | null): void {
    const { broker, options } = this
    const committed = from ?? broker.committed(options.group, topic, partition) ?? 0
    // Further than the log reaches: out of range, and read from its beginning.
    const next = committed > broker.endOf(topic, partition) ? 0 : committed
    const queue = new PartitionQueue(topic, partition, next, undefined, {
      batch: options.batch,
      handle: records => options.handle(records),
      rest: ms => options.rest?.(ms) ?? 0,
      handled: (of, offset, count) => this.noteHandled(of, offset, count),
      roomier: () => this.owner.alive && this.broker.reads && this.fill(queue),
      rejected: () => undefined,
    })
    this.reading.set(`${topic}:${partition}`, { queue, log: broker.logOf(topic) })
  }

  private letGo(key: string, queue: PartitionQueue): void {
    this.reading.delete(key)
    this.toCommit.delete(key)
    void queue.end()
  }

  private noteHandled(queue: PartitionQueue, offset: number, count: number): void {
    this.handled += count
    const key = `${queue.topic}:${queue.partition}`
    if (this.reading.get(key)?.queue !== queue) return
    this.toCommit.set(key, { queue, offset })
    if (this.committing) return
    this.committing = true
    this.plan(this.broker.world.random.between(1, 100))
  }

  private plan(ms: number): void {
    this.broker.world.after(ms, this.owner, () => {
      if (!this.broker.reads) return this.plan(RETRY_MS)
      this.committing = false
      this.commit()
    })
  }

  private commit(): void {
    for (const [key, { queue, offset }] of this.toCommit) {
      this.toCommit.delete(key)
      try {
        this.broker.commit(this.options.group, this, queue.topic, queue.partition, offset)
      } catch {
        // It is another's by now: whoever repeats it notices.
      }
    }
  }
}
