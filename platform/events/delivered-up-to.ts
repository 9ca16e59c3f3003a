import { type RawBuilder, sql } from 'kysely'
import type { Ledger } from '../sql/ledger.ts'

/** Rows looked at: numbers and times differ in order by as much as batches overlap. */
const OLDEST_ROWS = 100

/** Who hears, and of what. */
export interface Hearing {
  /** The name under which its dead letters are kept. */
  readonly consumer: string
  readonly types: readonly string[]
  /** The name under which it stands in the inbox, as SQL. */
  readonly inbox: RawBuilder<unknown>
}

/**
 * The moment, epoch ms, before which every event of these types has had its effect on this consumer, as far as the ledger
 * knows: `now`, or when the oldest was made that is in the outbox and not in the consumer's inbox, or that lies among its dead
 * letters. Ask before reading what the events feed: `now` is from before the call.
 */
export async function deliveredUpTo(ledger: Ledger, now: number, hearing: Hearing): Promise<number> {
  const { consumer, types, inbox } = hearing
  const wanted = sql.join(types.map(type => sql.lit(type)))
  // Rows that took effect leave the outbox a moment later, and are few.
  const { rows } = await sql<{ oldest: number | null }>`SELECT MIN(created_at) AS oldest
    FROM (SELECT created_at FROM outbox
      WHERE type IN (${wanted}) AND NOT EXISTS (
        SELECT 1 FROM inbox WHERE consumer = ${inbox} AND inbox.event_key = outbox.event_key
          AND inbox.version >= outbox.version)
      ORDER BY seq LIMIT ${sql.lit(OLDEST_ROWS)}) waiting
    UNION ALL SELECT MIN(CASE WHEN made_at = 0 THEN created_at ELSE made_at END) FROM dead_letters
      WHERE consumer = ${sql.lit(consumer)} AND type IN (${wanted})`.execute(ledger.reads())
  return Math.min(now, ...rows.map(({ oldest }) => oldest ?? now))
}
