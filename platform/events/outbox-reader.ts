// Reads the outbox for a relay: which rows next, how many of them, and from where.

import type { Clock } from '../module.ts'
import type { Ledger } from '../sql/ledger.ts'
import { LowWater } from './low-water.ts'
import { emptyUpTo, type OutboxRow, readOutbox } from './outbox-store.ts'

/** Rows of one read: a millisecond on SQLite, which runs on the main thread. */
const PAGE = 1_000
const PAGE_LEAST = 50
/** Payload that one read should bring, bytes: orders of hundreds of lines have 60 KiB each. */
const PAGE_BYTES = 4 * 1024 * 1024

export interface Page {
  readonly rows: readonly OutboxRow[]
  /** More rows may be there already. */
  readonly full: boolean
}

export class OutboxReader {
  private readonly ledger: Ledger
  private readonly clock: Clock
  private readonly lowWater = new LowWater()
  private limit = PAGE

  constructor(ledger: Ledger, clock: Clock) {
    this.ledger = ledger
    this.clock = clock
  }

  /** The next rows of these shards that are not among the known ones, with the payload of wanted types. */
  async read(types: readonly string[], shards: readonly number[], known: readonly number[]): Promise<Page> {
    // On SQLite deleted rows are gone, and numbers are in order of commit.
    if (this.ledger.dialect === 'mysql') await this.raise()
    const { limit } = this
    const rows = await readOutbox(this.ledger, {
      above: this.lowWater.value,
      except: known,
      limit,
      types,
      shards,
    })
    const last = rows.at(-1)
    if (last !== undefined) this.lowWater.saw(last.seq, this.clock())
    this.limit = nextLimit(rows)
    return { rows, full: rows.length === limit }
  }

  private async raise(): Promise<void> {
    const candidate = this.lowWater.candidate(this.clock())
    if (candidate === null) return
    const proven = await emptyUpTo(this.ledger, this.lowWater.value, candidate)
    if (proven !== null) this.lowWater.raise(proven)
  }
}

/** As many rows as bring about `PAGE_BYTES`, going by the last page. */
function nextLimit(rows: readonly OutboxRow[]): number {
  let bytes = 0
  for (const { payload } of rows) bytes += payload?.length ?? 0
  const each = bytes / Math.max(1, rows.length)
  return Math.max(PAGE_LEAST, Math.min(PAGE, Math.floor(PAGE_BYTES / Math.max(1, each))))
}
