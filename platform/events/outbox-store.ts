// The relay's SQL on the outbox.

import { type RawBuilder, sql } from 'kysely'
import { trouble } from '../sql/errors.ts'
import type { Ledger, Tx } from '../sql/ledger.ts'
import { SHARDS } from '../sql/platform-tables.ts'
import { literal } from '../sql/render-mysql.ts'
import type { Fence } from './transport.ts'

export interface OutboxRow {
  readonly seq: number
  readonly shard: number
  readonly event_key: string
  readonly version: number
  readonly type: string
  /** JSON; null where nobody wants the type. */
  readonly payload: string | null
}

export interface OutboxPage {
  /** Rows with numbers above this: the low water. */
  readonly above: number
  /** Rows that are known already, by number. */
  readonly except: readonly number[]
  readonly limit: number
  /** Whose payload is wanted. */
  readonly types: readonly string[]
  /** Whose rows. */
  readonly shards: readonly number[]
}

/** Committed rows in order of their numbers, as of one moment: of a key all, up to the limit. */
export async function readOutbox(ledger: Ledger, page: OutboxPage): Promise<OutboxRow[]> {
  const { above, except, limit, types, shards } = page
  const mysql = ledger.dialect === 'mysql'
  const payload: RawBuilder<unknown> =
    types.length === 0
      ? sql`NULL`
      : sql`CASE WHEN type IN (${sql.raw(types.map(literal).join(','))}) THEN payload END`
  // A relay alone holds all shards, and then the condition would only cost.
  const mine =
    shards.length === SHARDS ? sql`` : sql`AND shard IN (${sql.raw(shards.map(literal).join(','))})`
  let fresh = sql``
  if (except.length > 0)
    fresh = mysql
      ? sql`AND seq NOT IN (${sql.raw(except.map(literal).join(','))})`
      : sql`AND seq NOT IN (SELECT value FROM json_each(${JSON.stringify(except)}))`
  const { rows } = await sql<OutboxRow>`SELECT seq, shard, event_key, version, type, ${payload} AS payload
    FROM outbox ${sql.raw(mysql ? 'FORCE INDEX (PRIMARY)' : '')}
    WHERE seq > ${sql.lit(above)} ${mine} ${fresh} ORDER BY seq LIMIT ${sql.lit(limit)}`.execute(
    ledger.reads(),
  )
  return rows
}

/**
 * Up to which number, at most `to`, the outbox has neither rows nor rows to come; null where a lock is in the way.
 * MariaDB and MySQL only. What is not committed is locked by its transaction.
 */
export function emptyUpTo(ledger: Ledger, above: number, to: number): Promise<number | null> {
  return ledger.write(async (tx: Tx<unknown>) => {
    try {
      const { rows } = await sql<{ seq: number }>`SELECT seq FROM outbox FORCE INDEX (PRIMARY)
        WHERE seq > ${above} AND seq <= ${to} ORDER BY seq LIMIT 1 FOR UPDATE NOWAIT`.execute(tx)
      return rows.length === 0 ? to : rows[0]!.seq - 1
    } catch (error) {
      if (trouble(error) === 'conflict') return null // locked: somebody is at work there
      throw error
    }
  })
}

/** Deletes the rows whose shard is still held. What is not deleted is published again by whoever holds it now. */
export async function deletePublished(
  ledger: Ledger,
  fence: Fence,
  published: readonly { readonly seq: number; readonly shard: number }[],
): Promise<void> {
  await ledger.write(async (tx: Tx<unknown>) => {
    const held = await fence(tx)
    const seqs = published.filter(row => held.has(row.shard)).map(row => row.seq)
    if (seqs.length === 0) return
    const statement =
      ledger.dialect === 'mysql'
        ? sql.raw(`DELETE FROM outbox WHERE seq IN (${seqs.map(literal).join(',')})`)
        : sql`DELETE FROM outbox WHERE seq IN (SELECT value FROM json_each(${JSON.stringify(seqs)}))`
    await statement.execute(tx)
  })
}
