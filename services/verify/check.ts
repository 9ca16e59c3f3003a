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
}

export interface Finding {
  /** Rows looked at. */
  readonly checked: number
  /** Rows that differ only by what a saga or an outbox row of this snapshot has still to do. */
  readonly explained: number
  /** Rows that differ, each named with its figures. */
  readonly wrong: readonly string[]
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

/** Rows of one kind read at most: more than anybody reads, less than fills memory. */
const WRONG_MOST = 1_000

/** Runs a query of differences and a count. */
export async function compare(
  { tx }: Books,
  count: RawBuilder<{ n: number | string }>,
  differences: RawBuilder<Difference>,
): Promise<Finding> {
  const counted = await count.execute(tx)
  const { rows } =
    await sql<Difference>`SELECT * FROM (${differences}) found LIMIT ${sql.lit(WRONG_MOST)}`.execute(tx)
  const wrong = rows.filter(row => Number(row.explained) === 0).map(row => row.what)
  return { checked: Number(counted.rows[0]?.n ?? 0), explained: rows.length - wrong.length, wrong }
}

/** Text of several values, on both engines. */
export function text(dialect: Dialect, ...parts: readonly RawBuilder<unknown>[]): RawBuilder<string> {
  if (dialect === 'mysql') return sql`CONCAT(${sql.join(parts)})`
  return sql`(${sql.join(parts, sql` || `)})`
}

/** Whole-number division, on both engines. */
export function div(dialect: Dialect, a: RawBuilder<unknown>, b: RawBuilder<unknown>): RawBuilder<number> {
  return dialect === 'mysql' ? sql`((${a}) DIV (${b}))` : sql`((${a}) / (${b}))`
}
