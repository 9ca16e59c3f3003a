// What the ledger and the provider hold at the end of a run, as rows of the history.

import { sql } from 'kysely'
import type { Ledger } from '../../platform/sql/ledger.ts'
import type { Row } from '../../services/check/history.ts'
import { type Account, refundedOf } from '../../services/sandbox-provider/books.ts'
import type { Recorder } from './recorder.ts'

/** Only what the rules read: tokens of sessions and the like have no place in a history. */
const TABLES: Readonly<Record<string, string>> = {
  coupons: 'coupon_id, quota, issued, owed',
  coupon_claims: 'claim_id, coupon_id, member_id, state, order_id',
  stock: 'product_id, initial, adjusted, available, reserved, sold, returned',
  stock_journal: 'product_id, version, kind, order_id, at',
  orders:
    'order_id, member_id, state, goods_total, discount, points, total, refunded_total, coupon_id, reason',
  order_lines: 'order_id, line_no, product_id, quantity, cancelled, refunded',
  payments: 'payment_id, order_id, state, amount, cause',
  payment_slots: 'order_id, captured_payment_id, captured, refunded',
  payment_refunds: 'refund_id, order_id, payment_id, amount, state',
  point_accounts: 'member_id, balance',
  point_transactions: 'transaction_id, member_id, kind, points, balance, order_id',
  point_entries: 'transaction_id, account_id, points',
  bestseller_state: 'generation',
  bestseller_days: 'generation, day, country, product_id, units, revenue, refunded_units',
  outbox: 'event_key, version, type',
  dead_letters: 'consumer, event_key, version, type, cause',
}

export async function recordFacts(
  recorder: Recorder,
  ledger: Ledger,
  accounts: readonly Account[],
): Promise<void> {
  const tables: Record<string, number> = {}
  const put = (table: string, rows: readonly Row[]): void => {
    tables[table] = rows.length
    for (const row of rows) recorder.add({ type: 'fact', table, row })
  }
  await ledger.snapshot(async tx => {
    for (const [table, columns] of Object.entries(TABLES)) {
      const { rows } = await sql.raw<Record<string, Plain>>(`SELECT ${columns} FROM ${table}`).execute(tx)
      put(table, rows.map(plain))
    }
  })
  put(
    'provider',
    accounts.map(account => ({
      payment_id: account.paymentId,
      state: account.state,
      charged: account.charged,
      captured: account.captured,
      voided: account.captured === 0 ? 0 : account.voided,
      refunded: refundedOf(account),
    })),
  )
  recorder.add({ type: 'end', t: Date.now(), tables })
}

type Plain = string | number | bigint | null

/** Drivers give big numbers as they like; a history holds plain ones. */
function plain(row: Record<string, Plain>): Row {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, typeof value === 'bigint' ? Number(value) : value]),
  )
}
