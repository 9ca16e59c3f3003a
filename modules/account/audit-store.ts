// Reading the platform's audit trail.

import type { Ledger } from '../../platform/sql/ledger.ts'
import type { PlatformTables } from '../../platform/sql/platform-tables.ts'

type AuditRow = PlatformTables['audit']

/**
 * Acts below `before` (null: the newest), newest first, at most `limit`, from the next `scan` numbers down.
 * `scannedTo`: where to go on; null: there is nothing below.
 */
export async function auditRows(
  ledger: Ledger,
  filter: { actor: string | null; channelId: string | null },
  before: number | null,
  limit: number,
  scan: number,
): Promise<{ rows: AuditRow[]; scannedTo: number | null }> {
  const db = ledger.reads<PlatformTables>()
  let newest = db.selectFrom('audit').select('seq').orderBy('seq', 'desc').limit(1)
  if (before !== null) newest = newest.where('seq', '<', before)
  const top = await newest.executeTakeFirst()
  if (top === undefined) return { rows: [], scannedTo: null }
  const bottom = top.seq - scan + 1
  let query = db
    .selectFrom('audit')
    .selectAll()
    .where('seq', '<=', top.seq)
    .where('seq', '>=', bottom)
    .orderBy('seq', 'desc')
    .limit(limit)
  if (filter.actor !== null) query = query.where('actor', '=', filter.actor)
  if (filter.channelId !== null) query = query.where('channel_id', '=', filter.channelId)
  const rows = await query.execute()
  return { rows, scannedTo: bottom > 1 ? bottom : null }
}
