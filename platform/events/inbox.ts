// The inbox makes an event's effect happen once: per consumer and key, the highest version that took effect,
// written in the transaction of the effect.

import { sql } from 'kysely'
import { inList } from '../sql/in-list.ts'
import type { Dialect, Tx } from '../sql/ledger.ts'
import { literal } from '../sql/render-mysql.ts'
import type { DomainEvent } from './event.ts'

/** Highest version by key. */
export type Watermarks = ReadonlyMap<string, number>

/**
 * The events that have not taken effect for this consumer yet, in the order given (of one key: by version).
 * Their watermarks are written in the same transaction, so the caller applies them all or throws.
 * Call it first in `ledger.write`: it locks its rows in key order, and where two processes race for a new key
 * one gets a duplicate key, which `ledger.write` answers by running the whole again. `now`: epoch ms.
 */
export async function freshEvents<Tables>(
  tx: Tx<Tables>,
  dialect: Dialect,
  consumer: string,
  events: readonly DomainEvent[],
  now: number,
): Promise<DomainEvent[]> {
  if (events.length === 0) return []
  const keys = [...new Set(events.map(event => event.key))].sort()
  const known = await lockWatermarks(tx, dialect, consumer, keys)
  const { fresh, raised } = aboveWatermarks(known, events)
  // A row that was not there may be made by somebody else meanwhile: only a plain INSERT notices.
  const inOrder = [...raised].sort(([a], [b]) => (a < b ? -1 : 1))
  const added = inOrder.filter(([key]) => !known.has(key))
  const changed = inOrder.filter(([key]) => known.has(key))
  if (added.length > 0) await writeWatermarks(tx, dialect, consumer, added, now, false)
  if (changed.length > 0) await writeWatermarks(tx, dialect, consumer, changed, now, true)
  return fresh
}

/** Pure: what is above its key's watermark (a repeat within the batch is not), and the watermarks after it. */
export function aboveWatermarks(
  known: Watermarks,
  events: readonly DomainEvent[],
): { fresh: DomainEvent[]; raised: Map<string, number> } {
  const fresh: DomainEvent[] = []
  const raised = new Map<string, number>()
  for (const event of events) {
    const watermark = raised.get(event.key) ?? known.get(event.key)
    if (watermark !== undefined && event.version <= watermark) continue
    raised.set(event.key, event.version)
    fresh.push(event)
  }
  return { fresh, raised }
}

async function lockWatermarks<Tables>(
  tx: Tx<Tables>,
  dialect: Dialect,
  consumer: string,
  keys: readonly string[],
): Promise<Map<string, number>> {
  const mysql = dialect === 'mysql'
  // The primary key is forced: for long lists the planner may prefer a scan, which locks every row.
  const statement = sql<WatermarkRow>`SELECT event_key, version FROM inbox
    ${sql.raw(mysql ? 'FORCE INDEX (PRIMARY)' : '')}
    WHERE consumer = ${sql.lit(consumer)} AND event_key IN ${inList(dialect, keys)}
    ${sql.raw(mysql ? 'ORDER BY event_key FOR UPDATE' : '')}`
  const { rows } = await statement.execute(tx)
  return new Map(rows.map(row => [row.event_key, row.version]))
}

interface WatermarkRow {
  event_key: string
  version: number
}

async function writeWatermarks<Tables>(
  tx: Tx<Tables>,
  dialect: Dialect,
  consumer: string,
  watermarks: readonly (readonly [key: string, version: number])[],
  now: number,
  exists: boolean,
): Promise<void> {
  if (dialect === 'mysql') {
    const head = `(${literal(consumer)},`
    const rows = watermarks.map(([key, version]) => `${head}${literal(key)},${literal(version)},${now})`)
    const update = 'ON DUPLICATE KEY UPDATE version = VALUES(version), updated_at = VALUES(updated_at)'
    const text = `INSERT INTO inbox (consumer, event_key, version, updated_at) VALUES ${rows.join(',')}`
    await sql.raw(exists ? `${text} ${update}` : text).execute(tx)
    return
  }
  // WHERE 1: without it SQLite takes ON CONFLICT for a join's ON.
  const update = 'ON CONFLICT DO UPDATE SET version = excluded.version, updated_at = excluded.updated_at'
  await sql`INSERT INTO inbox (consumer, event_key, version, updated_at)
    SELECT ${consumer}, value ->> 0, value ->> 1, ${now} FROM json_each(${JSON.stringify(watermarks)})
    WHERE 1 ${sql.raw(exists ? update : '')}`.execute(tx)
}
