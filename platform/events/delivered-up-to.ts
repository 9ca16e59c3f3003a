import { sql } from 'kysely'
import type { Ledger } from '../sql/ledger.ts'

/** Rows looked at: numbers and times differ in order by as much as batches overlap. */
const OLDEST_ROWS = 100

/**
 * The moment, epoch ms, before which every event has had its effects, as far as the outbox knows: `now`, or when the
 * oldest event that is still in it was made. Ask before reading what the events feed: `now` is from before the call.
 */
export async function deliveredUpTo(ledger: Ledger, now: number): Promise<number> {
  const { rows } = await sql<{ oldest: number | null }>`SELECT MIN(created_at) AS oldest
    FROM (SELECT created_at FROM outbox ORDER BY seq LIMIT ${sql.lit(OLDEST_ROWS)}) waiting`.execute(
    ledger.reads(),
  )
  return Math.min(now, rows[0]?.oldest ?? now)
}
