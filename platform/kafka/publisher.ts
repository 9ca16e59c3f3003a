// Publishing in batches: what arrives while one send is under way goes with the next. One send at a time keeps the
// order of what was published, and at a round trip of 2 ms still carries 300,000 records a second.
//
// The producer is never idempotent: that one was seen to acknowledge and lose records when its broker was killed. So
// a record may be in the log twice, or be there though its publishing failed. Whoever takes it decides once.

import { setImmediate as nextTurn } from 'node:timers'
import { compatibilityPartitioner, Producer } from '@platformatic/kafka'
import type { SampleKind } from '../../resilience/detector.ts'
import type { Log } from '../log/log.ts'
import { clientOptions, sampleOf } from './clients.ts'
import { type KafkaRecord, type Place, type Publisher, PublishUnknown } from './kafka.ts'

/** Records of one send: some 5 ms of encoding. */
const SEND_RECORDS = 2_000
/** Bytes of one send: a broker takes batches of 1 MiB (`message.max.bytes`), and all may be of one partition. */
const SEND_BYTES = 900_000
/** Room for a record's own fields, bytes. */
const RECORD_BYTES = 32
/** What may wait: a second of a busy shop. More is refused at once. */
const WAITING_RECORDS = 50_000
const WAITING_BYTES = 64 * 1024 * 1024
/** Beyond the time of a send, ms, that closing waits for it. */
const CLOSE_MARGIN_MS = 500
/** All in-sync replicas. */
const ACKS_ALL = -1

/** Records that are published together. */
interface Parcel {
  readonly records: readonly { readonly key: Buffer; readonly value: Buffer }[]
  readonly bytes: number
  /** performance.now() by which it is answered. */
  readonly deadline: number
  readonly settle: (places: readonly Place[] | Error) => void
  answered: boolean
}

export interface PublisherOptions {
  readonly brokers: readonly string[]
  /** With its prefix. */
  readonly topic: string
  /** Longest wait for an acknowledgement, ms. */
  readonly timeout: number
  /** Null: another publisher of this process tells of outages. */
  readonly log: Log | null
  /** Told what every send came to, and after how many ms. */
  readonly note?: (kind: SampleKind, ms: number) => void
}

export class BatchingPublisher implements Publisher {
  private readonly options: PublisherOptions
  private readonly producer: Producer
  /** In order of arrival, and so of their deadlines. */
  private queue: Parcel[] = []
  private sending: readonly Parcel[] = []
  private bytes = 0
  private records = 0
  private timer: NodeJS.Timeout | null = null
  private running: Promise<void> | null = null
  private closed = false
  /** The log was told that it fails. */
  private failing = false

  constructor(options: PublisherOptions) {
    this.options = options
    this.producer = new Producer({
      ...clientOptions(options.brokers, 'levee-publisher', options.timeout),
      timeout: options.timeout,
    })
    // Connections that break are made anew by the next send, which is also where it shows.
    this.producer.on('error', () => undefined)
  }

  get waiting(): number {
    return this.records
  }

  async publish(record: KafkaRecord): Promise<Place> {
    return (await this.publishTogether([record]))[0]!
  }

  publishTogether(records: readonly KafkaRecord[]): Promise<readonly Place[]> {
    const encoded = records.map(({ key, value }) => ({ key: Buffer.from(key), value: Buffer.from(value) }))
    let bytes = 0
    for (const { key, value } of encoded) bytes += key.length + value.length + RECORD_BYTES
    return new Promise((resolve, reject) => {
      const refusal = this.refusal(encoded.length, bytes)
      if (refusal !== null) {
        reject(new PublishUnknown(refusal))
        return
      }
      this.records += encoded.length
      this.bytes += bytes
      this.queue.push({
        records: encoded,
        bytes,
        deadline: performance.now() + this.options.timeout,
        answered: false,
        settle: places => (places instanceof Error ? reject(places) : resolve(places)),
      })
      this.timer ??= setTimeout(() => this.expire(), this.options.timeout)
      this.running ??= this.run()
    })
  }

  async close(): Promise<void> {
    this.closed = true
    // What is under way has its answer by then, or is given up: a client that hangs must not hold up the end.
    const most = this.options.timeout + CLOSE_MARGIN_MS
    await Promise.race([this.running, new Promise(resolve => setTimeout(resolve, most).unref())])
    if (this.timer !== null) clearTimeout(this.timer)
    // A broker that is away cannot be said goodbye to.
    await this.producer.close(true).catch(() => undefined)
  }

  private refusal(records: number, bytes: number): string | null {
    if (this.closed) return 'the publisher is closed'
    if (records > SEND_RECORDS || bytes > SEND_BYTES)
      return `${bytes} bytes are more than Kafka takes at once`
    if (this.records + records > WAITING_RECORDS || this.bytes + bytes > WAITING_BYTES)
      return 'too many records wait already'
    return null
  }

  private async run(): Promise<void> {
    // What is published in the same turn of the loop goes together.
    await new Promise<void>(resolve => nextTurn(resolve))
    while (this.queue.length > 0) {
      this.sending = this.take()
      if (this.sending.length > 0) await this.send(this.sending)
      this.sending = []
    }
    this.running = null
  }

  private take(): Parcel[] {
    let count = 0
    let records = 0
    let bytes = 0
    for (const parcel of this.queue) {
      records += parcel.records.length
      bytes += parcel.bytes
      if (count > 0 && (records > SEND_RECORDS || bytes > SEND_BYTES)) break
      count++
    }
    return this.queue.splice(0, count).filter(parcel => !parcel.answered)
  }

  private async send(parcels: readonly Parcel[]): Promise<void> {
    const began = performance.now()
    try {
      const places = await this.produce(parcels.flatMap(parcel => parcel.records))
      let at = 0
      for (const parcel of parcels) {
        const end = at + parcel.records.length
        this.answer(parcel, places.slice(at, end))
        at = end
      }
      this.note('wrote', began)
      if (this.failing) this.options.log?.info({ topic: this.options.topic }, 'Kafka takes records again')
      this.failing = false
    } catch (error) {
      this.note(sampleOf(error), began)
      for (const parcel of parcels)
        this.answer(parcel, new PublishUnknown('Kafka did not confirm it', { cause: error }))
      // Once an outage, not once a send.
      if (!this.failing)
        this.options.log?.warn({ err: error, topic: this.options.topic }, 'Kafka takes no records')
      this.failing = true
    }
  }

  private async produce(records: Parcel['records']): Promise<Place[]> {
    const { topic } = this.options
    const { topics } = await this.producer.metadata({ topics: [topic] })
    const partitions = topics.get(topic)?.partitionsCount ?? 0
    if (partitions === 0) throw new Error(`topic ${topic} has no partitions`)
    // The partition that Java's client gives to the key too.
    const chosen = records.map(({ key }) => compatibilityPartitioner(null as never, key) % partitions)
    const messages = records.map(({ key, value }, i) => ({ topic, key, value, partition: chosen[i]! }))
    const { offsets } = await this.producer.send({ messages, acks: ACKS_ALL })
    // Of each partition Kafka names the first offset; within it the records lie in the order given.
    const next = new Map((offsets ?? []).map(({ partition, offset }) => [partition, Number(offset)]))
    return chosen.map(partition => {
      const offset = next.get(partition)
      if (offset === undefined || offset < 0) throw new Error(`no offset for partition ${partition}`)
      next.set(partition, offset + 1)
      return { partition, offset }
    })
  }

  private note(kind: SampleKind, began: number): void {
    this.options.note?.(kind, performance.now() - began)
  }

  private answer(parcel: Parcel, places: readonly Place[] | Error): void {
    if (parcel.answered) return
    parcel.answered = true
    this.records -= parcel.records.length
    this.bytes -= parcel.bytes
    parcel.settle(places)
  }

  /** Answers what is past its deadline, be it under way or not. */
  private expire(): void {
    this.timer = null
    const now = performance.now()
    for (const parcel of [...this.sending, ...this.queue]) {
      if (parcel.answered) continue
      if (parcel.deadline > now) {
        this.timer = setTimeout(() => this.expire(), parcel.deadline - now)
        break
      }
      this.options.note?.('hung', this.options.timeout)
      this.answer(parcel, new PublishUnknown(`not confirmed within ${this.options.timeout} ms`))
    }
    this.queue = this.queue.filter(parcel => !parcel.answered)
  }
}
