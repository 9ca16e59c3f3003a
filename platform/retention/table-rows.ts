// How many rows the platform's tables hold, roughly: for metrics that show whether retention keeps up.

import { sql } from 'kysely'
import type { Ledger } from '../sql/ledger.ts'

const NUMBERED = ['outbox', 'dead_letters', 'audit', 'idempotency'] as const
const KEYED = ['inbox'] as const
export type CountedTable = (typeof NUMBERED)[number] | (typeof KEYED)[number]

/** On SQLite keyed tables are counted this far: two milliseconds of the main thread. Then it says "this many". */
const COUNT_MOST = 10_000

/**
 * MariaDB and MySQL: the engine's own estimates, which may be off by a half. SQLite: the span of numbers for
 * tables that have them, else a count up to 10,000.
 */
export function tableRows(ledger: Ledger): Promise<Record<CountedTable, number>> {
  return ledger.dialect === 'mysql' ? estimates(ledger) : counts(ledger)
}

async function estimates(ledger: Ledger): Promise<Record<CountedTable, number>> {
  const { rows } = await sql<{ name: CountedTable; estimate: number }>`
    SELECT TABLE_NAME AS name, TABLE_ROWS AS estimate FROM information_schema.TABLES
    WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN (${sql.join([...NUMBERED, ...KEYED])})`.execute(
    ledger.reads(),
  )
  const found = { outbox: 0, dead_letters: 0, audit: 0, idempotency: 0, inbox: 0 }
  for (const { name, estimate } of rows) found[name] = Number(estimate)
  return found
}

async function counts(ledger: Ledger): Promise<Record<CountedTable, number>> {
  const span = (table: string) =>
    sql`(SELECT COALESCE((SELECT MAX(seq) FROM ${sql.table(table)}) - (SELECT MIN(seq) FROM ${sql.table(table)}) + 1, 0))`
  const count = (table: string) =>
    sql`(SELECT COUNT(*) FROM (SELECT 1 FROM ${sql.table(table)} LIMIT ${sql.lit(COUNT_MOST)}))`
  const columns = [
    ...NUMBERED.map(table => sql`${span(table)} AS ${sql.ref(table)}`),
    ...KEYED.map(table => sql`${count(table)} AS ${sql.ref(table)}`),
  ]
  const { rows } = await sql<Record<CountedTable, number>>`SELECT ${sql.join(columns)}`.execute(
    ledger.reads(),
  )
  return rows[0]!
}
