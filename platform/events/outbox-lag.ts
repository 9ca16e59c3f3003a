// How far the relays are behind, for metrics.

import { type Kysely, sql } from 'kysely'
import type { Clock } from '../module.ts'
import type { Ledger } from '../sql/ledger.ts'
import type { PlatformTables } from '../sql/platform-tables.ts'

export interface OutboxLag {
  /** Events that wait: exact up to 10,000, above that an upper bound. */
  readonly depth: number
  /** Age of the oldest, ms; 0 where none waits. */
  readonly oldestAgeMs: number
}

/** Counting a long outbox would cost more than knowing is worth: 10,000 rows take about a millisecond. */
const COUNT_MOST = 10_000

export async function outboxLag(ledger: Ledger, clock: Clock = Date.now): Promise<OutboxLag> {
  const db: Kysely<PlatformTables> = ledger.reads()
  const oldest = await db
    .selectFrom('outbox')
    .select(['seq', 'created_at'])
    .orderBy('seq')
    .limit(1)
    .executeTakeFirst()
  if (oldest === undefined) return { depth: 0, oldestAgeMs: 0 }
  const { rows } = await sql<{ depth: number }>`SELECT COUNT(*) AS depth
    FROM (SELECT seq FROM outbox WHERE seq >= ${oldest.seq} ORDER BY seq LIMIT ${sql.lit(COUNT_MOST + 1)}) head`.execute(
    db,
  )
  let depth = rows[0]?.depth ?? 0
  if (depth > COUNT_MOST) {
    const newest = await db
      .selectFrom('outbox')
      .select('seq')
      .orderBy('seq', 'desc')
      .limit(1)
      .executeTakeFirst()
    depth = (newest?.seq ?? oldest.seq) - oldest.seq + 1
  }
  return { depth, oldestAgeMs: Math.max(0, clock() - oldest.created_at) }
}
