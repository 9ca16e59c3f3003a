// The shape of one check of the books.

import { type RawBuilder, sql } from 'kysely'
import type { AccountTables } from '../../modules/account/tables.ts'
import type { BestsellerTables } from '../../modules/bestseller/tables.ts'
import type { CouponTables } from '../../modules/coupon/tables.ts'
import type { OrderTables } from '../../modules/order/tables.ts'
import type { PaymentTables } from '../../modules/payment/tables.ts'
import type { PointTables } from '../../modules/point/tables.ts'
import type { ProductTables } from '../../modules/product/tables.ts'
import type { Dialect, Tx } from '../../platform/sql/ledger.ts'
import type { PlatformTables } from '../../platform/sql/platform-tables.ts'

export type AllTables = PlatformTables &
  AccountTables &
  ProductTables &
  OrderTables &
  PaymentTables &
  PointTables &
  CouponTables &
  BestsellerTables

/** One snapshot of the whole ledger: every read of every check sees the same state. */
export interface Books {
  readonly tx: Tx<AllTables>
  readonly dialect: Dialect
  /** Of the shop's days. */
  readonly timeZone: string
  /** Points earned, percent of money paid. */
  readonly earnPercent: number
  /** Epoch ms, for ages. */
  readonly now: number
}

export interface Finding {
  /** Rows looked at. */
  readonly checked: number
  /** Rows that differ only by what a saga or an outbox row of this snapshot has still to do. */
  readonly explained: number
  /** How many rows differ beyond that. */
  readonly wrongCount: number
  /** Those rows, each named with its figures: the first thousand. */
  readonly wrong: readonly string[]
  /** What else is worth knowing. */
  readonly note?: string
}

export interface Check {
  readonly name: string
  /** What is proven. */
  readonly proves: string
  run(books: Books): Promise<Finding>
}

/** A row that a query of differences returns. `explained`: 1 where a saga or an outbox row accounts for it. */
export interface Difference {
  readonly what: string
  readonly explained: number | string
}

/** Rows named at most: more than anybody reads, less than fills memory. */
export const WRONG_MOST = 1_000

/** Runs a count and a query of differences (columns `what`, `explained`). */
export async function compare(
  { tx }: Books,
  count: RawBuilder<{ n: number | string }>,
  differences: RawBuilder<Difference>,
): Promise<Finding> {
  const counted = await count.execute(tx)
  // The unexplained come first, or a thousand that are under way would hide one that is wrong.
  const found = await sql<Difference>`
    SELECT * FROM (${differences}) found ORDER BY explained LIMIT ${sql.lit(WRONG_MOST + 1)}`.execute(tx)
  const wrong = found.rows.filter(row => Number(row.explained) === 0).map(row => row.what)
  const sums = { explained: found.rows.length - wrong.length, wrongCount: wrong.length }
  if (found.rows.length > WRONG_MOST) {
    const all = await sql<{ all_rows: number; explained: number | string }>`
      SELECT COUNT(*) AS all_rows, SUM(explained) AS explained FROM (${differences}) found`.execute(tx)
    sums.explained = Number(all.rows[0]!.explained)
    sums.wrongCount = Number(all.rows[0]!.all_rows) - sums.explained
  }
  return { checked: Number(counted.rows[0]!.n), ...sums, wrong: wrong.slice(0, WRONG_MOST) }
}
