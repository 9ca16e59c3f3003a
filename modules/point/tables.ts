// The ledger of points. Only this module reads and writes it.

import type { Schema } from '../../platform/sql/schema.ts'

export type PointKind = 'earn' | 'spend' | 'return' | 'claw' | 'adjust' | 'void'

export interface AccountRow {
  member_id: string
  balance: number
  version: number
}

export interface TransactionRow {
  /** `<member>|<cause>`: unique, so that a cause counts once. */
  transaction_id: string
  member_id: string
  kind: PointKind
  /** Change of the member's balance. */
  points: number
  /** Of a claw-back: what could not be taken. */
  short: number
  /** After it. */
  balance: number
  order_id: string | null
  reason: string | null
  created_at: number
  /** The account's version after it: the order in which the member's transactions happened. */
  account_version: number
}

export interface PointTables {
  point_accounts: AccountRow
  point_transactions: TransactionRow
  /** Two a transaction, which add up to zero: the member's account and one of the shop's. */
  point_entries: { transaction_id: string; account_id: string; points: number }
}

export const pointSchema: Schema = {
  '2026-11-23-point': t => [
    `CREATE TABLE point_accounts (
      member_id ${t.id} NOT NULL PRIMARY KEY, balance ${t.int} NOT NULL, version ${t.int} NOT NULL,
      CONSTRAINT points_left CHECK (balance >= 0)) ${t.table}`,
    `CREATE TABLE point_transactions (
      transaction_id ${t.text(191)} NOT NULL PRIMARY KEY, member_id ${t.id} NOT NULL, kind ${t.id} NOT NULL,
      points ${t.int} NOT NULL, short ${t.int} NOT NULL, balance ${t.int} NOT NULL, order_id ${t.id},
      reason ${t.text(200)}, created_at ${t.int} NOT NULL) ${t.table}`,
    'CREATE INDEX point_statement ON point_transactions (member_id, created_at, transaction_id)',
    `CREATE TABLE point_entries (
      transaction_id ${t.text(191)} NOT NULL, account_id ${t.id} NOT NULL, points ${t.int} NOT NULL,
      PRIMARY KEY (transaction_id, account_id)) ${t.table}`,
    'CREATE INDEX point_entries_account ON point_entries (account_id)',
  ],
  // Times tie within a millisecond and differ between machines; the account's version does neither.
  '2026-11-23-point-order': t => [
    `ALTER TABLE point_transactions ADD COLUMN account_version ${t.int} NOT NULL DEFAULT 0`,
    `UPDATE point_transactions SET account_version = (
      SELECT place FROM (
        SELECT transaction_id, ROW_NUMBER() OVER (PARTITION BY member_id ORDER BY created_at, transaction_id) AS place
        FROM point_transactions) AS placed
      WHERE placed.transaction_id = point_transactions.transaction_id)`,
    'CREATE INDEX point_transactions_in_order ON point_transactions (member_id, account_version)',
    // The version before finds its statements without it, only slower.
    t.table.startsWith('ENGINE')
      ? 'DROP INDEX point_statement ON point_transactions'
      : 'DROP INDEX point_statement',
  ],
}
