// Finds and deletes a bounded number of rows whose time is over. What is found without locks is checked again
// by the statement that deletes it.

import { type Kysely, sql } from 'kysely'
import { inList } from '../sql/in-list.ts'
import type { Ledger, Tx } from '../sql/ledger.ts'
import type { PlatformTables } from '../sql/platform-tables.ts'

type Db = Kysely<PlatformTables>

/** Rows older than `before` (epoch ms) of a table with growing numbers and times, from its head. Returns how many. */
export async function deleteOldNumbers(
  ledger: Ledger,
  table: 'idempotency' | 'dead_letters' | 'audit',
  before: number,
  most: number,
): Promise<number> {
  const at = sql.ref(table === 'audit' ? 'at' : 'created_at')
  const { rows } = await sql<{ seq: number; at: number }>`SELECT seq, ${at} AS at FROM ${sql.table(table)}
    ORDER BY seq LIMIT ${sql.lit(most)}`.execute(ledger.reads())
  const seqs = rows.filter(row => row.at < before).map(row => row.seq)
  if (seqs.length === 0) return 0
  return ledger.write((tx: Tx<unknown>) => deleteIn(tx, ledger, table, 'seq', seqs))
}

/**
 * Watermarks not raised since `before`, except those whose key has letters that may yet be replayed: of any
 * consumer, because one may keep its watermarks under other names than its own (a generation of the ranking).
 */
export async function deleteOldWatermarks(ledger: Ledger, before: number, most: number): Promise<number> {
  const parked = await consumersWithLetters(ledger)
  const replayable = sql`AND NOT EXISTS (SELECT 1 FROM dead_letters d
    WHERE d.consumer IN (${sql.join(parked)}) AND d.event_key = i.event_key)`
  const { rows } = await sql<{ consumer: string; event_key: string }>`SELECT consumer, event_key FROM inbox i
    WHERE updated_at < ${before} ${parked.length === 0 ? sql`` : replayable}
    ORDER BY updated_at LIMIT ${sql.lit(most)}`.execute(ledger.reads())
  if (rows.length === 0) return 0
  const keys = Map.groupBy(rows, row => row.consumer)
  return ledger.write(async (tx: Tx<unknown>) => {
    let deleted = 0
    for (const [consumer, ours] of [...keys].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const raised = sql`AND consumer = ${consumer} AND updated_at < ${before}`
      const names = ours.map(row => row.event_key)
      deleted += await deleteIn(tx, ledger, 'inbox', 'event_key', names, raised)
    }
    return deleted
  })
}

/** One look a name: listing the distinct ones would walk over every letter on SQLite. */
async function consumersWithLetters(ledger: Ledger): Promise<string[]> {
  const names: string[] = []
  for (;;) {
    const { rows } = await sql<{ name: string | null }>`SELECT MIN(consumer) AS name FROM dead_letters
      WHERE consumer > ${names.at(-1) ?? ''}`.execute(ledger.reads())
    const name = rows[0]?.name ?? null
    if (name === null) return names
    names.push(name)
  }
}

/** When the oldest event of the outbox was written, epoch ms; null where it is empty. */
export async function oldestEvent(ledger: Ledger): Promise<number | null> {
  const db: Db = ledger.reads()
  const row = await db.selectFrom('outbox').select('created_at').orderBy('seq').limit(1).executeTakeFirst()
  return row?.created_at ?? null
}

async function deleteIn(
  tx: Tx<unknown>,
  ledger: Ledger,
  table: string,
  column: string,
  values: readonly (string | number)[],
  more = sql``,
): Promise<number> {
  const { numAffectedRows } = await sql`DELETE FROM ${sql.table(table)}
    WHERE ${sql.ref(column)} IN ${inList(ledger.dialect, [...values].sort())} ${more}`.execute(tx)
  return Number(numAffectedRows ?? 0n)
}
