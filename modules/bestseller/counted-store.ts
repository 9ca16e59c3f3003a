// How fresh the projection is.

import { sql } from 'kysely'
import { deliveredUpTo } from '../../platform/events/delivered-up-to.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import { CONSUMER, INBOX_PREFIX, SALES } from './count-sales.ts'

/** Every sale and refund before this moment is counted, epoch ms; `now` is from before the call. */
export function countedUpTo(ledger: Ledger, now: number): Promise<number> {
  const generation = sql`(SELECT generation FROM bestseller_state WHERE id = 1)`
  const prefix = sql.lit(INBOX_PREFIX)
  const inbox =
    ledger.dialect === 'mysql' ? sql`CONCAT(${prefix}, ${generation})` : sql`${prefix} || ${generation}`
  return deliveredUpTo(ledger, now, { consumer: CONSUMER, types: SALES, inbox })
}
