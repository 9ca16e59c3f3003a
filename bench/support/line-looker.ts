// Looks every few milliseconds how far the line of claims is decided, in the ledger: what stands before that is.

import type { CouponTables } from '../../modules/coupon/tables.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'

/** Pause between looks, ms: what is seen is late by no more than this and the look itself. */
export const LOOK_EVERY_MS = 3

/** Where a record stands. */
export interface Stand {
  readonly partition: number
  readonly offset: number
}

/** `at`: when the look's answer came, epoch ms with fractions. */
interface Seen {
  readonly at: number
  /** The first record that was not decided. */
  readonly next: number
}

export const preciseNow = (): number => performance.timeOrigin + performance.now()

export class LineLooker {
  private readonly ledger: Ledger
  /** By partition: what changed. */
  private readonly seen = new Map<number, Seen[]>()
  private looking: Promise<void> | null = null
  private stopped = false

  constructor(ledger: Ledger) {
    this.ledger = ledger
  }

  start(): void {
    this.stopped = false
    this.looking = this.lookOn()
  }

  async stop(): Promise<void> {
    this.stopped = true
    await this.looking
  }

  /** Resolves when this record is decided, or false after `patience` ms. */
  async until(partition: number, offset: number, patience: number): Promise<boolean> {
    const deadline = performance.now() + patience
    while (performance.now() < deadline) {
      if (this.decidedAt(partition, offset) !== null) return true
      await pause()
    }
    return false
  }

  /** When it was seen to be decided; null: it was not. */
  decidedAt(partition: number, offset: number): number | null {
    const seen = this.seen.get(partition) ?? []
    let [low, high] = [0, seen.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (seen[middle]!.next > offset) high = middle
      else low = middle + 1
    }
    return seen[low]?.at ?? null
  }

  /** Records a second over the partitions of these stands, from the first sign of progress to the last one. */
  rate(stands: readonly Stand[]): number {
    let [first, last, records] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0]
    for (const [partition, some] of Map.groupBy(stands, each => each.partition)) {
      const from = Math.min(...some.map(each => each.offset))
      const seen = (this.seen.get(partition) ?? []).filter(({ next }) => next > from)
      if (seen.length === 0) return Number.NaN
      first = Math.min(first, seen[0]!.at)
      last = Math.max(last, seen.at(-1)!.at)
      // Of the first sign alone nobody knows how long it took.
      records += seen.at(-1)!.next - seen[0]!.next
    }
    return (records * 1000) / (last - first)
  }

  private async lookOn(): Promise<void> {
    while (!this.stopped) {
      await this.look()
      await pause()
    }
  }

  private async look(): Promise<void> {
    const reads = this.ledger.reads<CouponTables>()
    const rows = await reads
      .selectFrom('coupon_positions')
      .select(['partition_no', 'next_offset'])
      .where('next_offset', '>', 0)
      .execute()
    const at = preciseNow()
    for (const { partition_no: partition, next_offset: next } of rows) {
      const seen = this.seen.get(partition) ?? []
      this.seen.set(partition, seen)
      if (seen.at(-1)?.next !== next) seen.push({ at, next })
    }
  }
}

const pause = (): Promise<void> => new Promise(resolve => setTimeout(resolve, LOOK_EVERY_MS))
