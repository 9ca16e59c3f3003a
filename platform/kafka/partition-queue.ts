// What was read of one partition and is not handled yet: handed over in order, one batch at a time, the same batch
// again until it is taken.

import { type Backoff, fullJitter } from '../../resilience/backoff.ts'
import type { TakenRecord } from './kafka.ts'
import type { Taken } from './records.ts'

/** Pauses before a batch that was rejected is handed over again. */
export const REJECTED: Backoff = { first: 50, most: 5_000 }
/** With so much in hand no more is read of a partition, bytes. */
const ROOM_BYTES = 512 * 1024

export interface PartitionQueueDeps {
  /** Most records of a batch. */
  readonly batch: number
  handle(records: readonly TakenRecord[]): Promise<void>
  /** Pause after a batch that took `ms`, ms. */
  rest(ms: number): number
  /** Everything before this offset has been handled. */
  handled(queue: PartitionQueue, offset: number, count: number): void
  /** There may be room again. */
  roomier(): void
  rejected(queue: PartitionQueue, error: unknown): void
}

export class PartitionQueue {
  readonly topic: string
  readonly partition: number
  /** The next offset to read. */
  next: number
  /** The last batch was rejected. */
  failing = false
  private readonly before: Promise<void> | undefined
  private readonly deps: PartitionQueueDeps
  private records: TakenRecord[] = []
  private bytes = 0
  private ended = false
  private working: Promise<void> | null = null
  private wake: (() => void) | null = null

  /** `before`: the queue that this process had for the same partition, whose last batch may be under way still. */
  constructor(
    topic: string,
    partition: number,
    next: number,
    before: Promise<void> | undefined,
    deps: PartitionQueueDeps,
  ) {
    this.topic = topic
    this.partition = partition
    this.next = next
    this.before = before
    this.deps = deps
  }

  get hasRoom(): boolean {
    return !this.ended && this.bytes < ROOM_BYTES && this.records.length < 2 * this.deps.batch
  }

  add(taken: Taken): void {
    if (this.ended) return
    this.next = taken.next
    if (taken.records.length === 0) return
    this.bytes += taken.bytes
    // Not by spread: a fetch may bring more than a call has arguments.
    for (const record of taken.records) this.records.push(record)
    this.working ??= this.work()
  }

  /** Hands over nothing more. Resolves when the batch under way is over. */
  async end(): Promise<void> {
    this.ended = true
    this.wake?.()
    await this.working
  }

  private async work(): Promise<void> {
    await this.before
    let attempt = 0
    while (this.records.length > 0 && !this.ended) {
      const batch = this.records.slice(0, this.deps.batch)
      const began = performance.now()
      try {
        await this.deps.handle(batch)
      } catch (error) {
        this.failing = true
        this.deps.rejected(this, error)
        await this.pause(fullJitter(REJECTED, ++attempt, Math.random()))
        continue
      }
      attempt = 0
      this.failing = false
      this.drop(batch.length)
      this.deps.handled(this, batch.at(-1)!.offset + 1, batch.length)
      this.deps.roomier()
      const rest = this.deps.rest(performance.now() - began)
      if (rest > 0) await this.pause(rest)
    }
    this.working = null
  }

  private drop(count: number): void {
    for (const { key, value } of this.records.splice(0, count))
      this.bytes -= (key?.length ?? 0) + (value?.length ?? 0)
    // Bytes of what is no UTF-8 were counted and cannot be found again.
    if (this.records.length === 0) this.bytes = 0
  }

  private async pause(ms: number): Promise<void> {
    if (this.ended) return
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, ms)
      this.wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.wake = null
  }
}
