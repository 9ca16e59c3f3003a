// The SQL of the line beside its hot path: blocks, positions, records that are dead.

import { sql } from 'kysely'
import { invariant } from '../../platform/contract/result.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import { decidedIn, voidFrom } from './block.ts'
import { type CouponTx, lockCoupon } from './store.ts'
import type { BlockRow, CouponTables, DeadRecordRow, PositionRow } from './tables.ts'

/** Leases its places: so many units of the coupon may be owed to the line from now on. */
export async function insertBlock(ledger: Ledger, row: BlockRow): Promise<void> {
  await ledger.write<CouponTables, unknown>(async tx => {
    await addOwed(tx, row.coupon_id, row.size)
    return tx.insertInto('coupon_blocks').values(row).execute()
  })
}

/** The coupon's row is locked by it: before any block of it, as the batches of the line do. */
async function addOwed(tx: CouponTx, couponId: string, places: number): Promise<void> {
  await tx
    .updateTable('coupons')
    .set(row => ({ owed: row('owed', '+', places) }))
    .where('coupon_id', '=', couponId)
    .execute()
}

export function blockRows(ledger: Ledger, ids: readonly string[]): Promise<BlockRow[]> {
  const db = ledger.reads<CouponTables>()
  return db.selectFrom('coupon_blocks').selectAll().where('block_id', 'in', ids).execute()
}

/**
 * Closes a block: its places from `from` on that have no outcome are void. True: this call closed it. Places before
 * keep what they have: their records may be under way.
 */
export function closeBlock(ledger: Ledger, blockId: string, from: number, now: number): Promise<boolean> {
  return ledger.write<CouponTables, boolean>(async tx => {
    const of = await tx
      .selectFrom('coupon_blocks')
      .select('coupon_id')
      .where('block_id', '=', blockId)
      .executeTakeFirst()
    if (of === undefined) return false
    await lockCoupon(ledger, tx, of.coupon_id)
    const row = await lockBlock(ledger, tx, blockId)
    if (row === undefined) return false
    const outcomes = voidFrom(row.outcomes, from)
    const decided = decidedIn(outcomes)
    if (row.closed_at !== null && decided === row.decided) return false
    const { numUpdatedRows } = await tx
      .updateTable('coupon_blocks')
      .set({ outcomes, decided, closed_at: row.closed_at ?? now })
      .where('block_id', '=', blockId)
      .where('decided', '=', row.decided)
      .executeTakeFirst()
    invariant(numUpdatedRows === 1n, `block ${blockId} changed under its lock`)
    if (decided !== row.decided) await addOwed(tx, row.coupon_id, row.decided - decided)
    return row.closed_at === null
  })
}

function lockBlock(ledger: Ledger, tx: CouponTx, blockId: string): Promise<BlockRow | undefined> {
  const query = tx.selectFrom('coupon_blocks').selectAll().where('block_id', '=', blockId)
  return (ledger.dialect === 'mysql' ? query.forUpdate() : query).executeTakeFirst()
}

/** Blocks leased from `since` on and before `before` (epoch ms) that have places without an outcome, oldest first. */
export async function openBlocks(
  ledger: Ledger,
  since: number,
  before: number,
  most: number,
): Promise<string[]> {
  const db = ledger.reads<CouponTables>()
  const rows = await db
    .selectFrom('coupon_blocks')
    .select('block_id')
    .where('leased_at', '>=', since)
    .where('leased_at', '<', before)
    .whereRef('decided', '<', 'size')
    .orderBy('leased_at')
    .limit(most)
    .execute()
  return rows.map(row => row.block_id)
}

/** Deletes blocks leased before `before` whose places all have an outcome. Returns how many. */
export async function deleteOldBlocks(ledger: Ledger, before: number, most: number): Promise<number> {
  const db = ledger.reads<CouponTables>()
  const rows = await db
    .selectFrom('coupon_blocks')
    .select('block_id')
    .where('leased_at', '<', before)
    .whereRef('decided', '=', 'size')
    .orderBy('leased_at')
    .limit(most)
    .execute()
  if (rows.length === 0) return 0
  const ids = rows.map(row => row.block_id).sort()
  return ledger.write<CouponTables, number>(async tx => {
    const { numDeletedRows } = await tx
      .deleteFrom('coupon_blocks')
      .where('block_id', 'in', ids)
      .whereRef('decided', '=', 'size')
      .executeTakeFirst()
    return Number(numDeletedRows)
  })
}

export function positionRows(ledger: Ledger, partitions: readonly number[]): Promise<PositionRow[]> {
  const db = ledger.reads<CouponTables>()
  return db.selectFrom('coupon_positions').selectAll().where('partition_no', 'in', partitions).execute()
}

/** What is accepted and undecided, and what may have been: counted from the ledger alone. */
export async function owed(ledger: Ledger, couponId: string): Promise<number> {
  const { rows } = await sql<{ owed: number | string | null }>`SELECT SUM(size - decided) AS owed
    FROM coupon_blocks WHERE coupon_id = ${couponId}`.execute(ledger.reads<CouponTables>())
  return Number(rows[0]?.owed ?? 0)
}

/** A record that comes again is dead already. */
export async function buryRecords(ledger: Ledger, records: readonly DeadRecordRow[]): Promise<void> {
  await ledger.write<CouponTables, void>(async tx => {
    const ids = records.map(record => record.record_id)
    const known = await tx
      .selectFrom('coupon_dead_records')
      .select('record_id')
      .where('record_id', 'in', ids)
      .execute()
    const there = new Set(known.map(row => row.record_id))
    const fresh = records.filter(record => !there.has(record.record_id))
    if (fresh.length > 0) await tx.insertInto('coupon_dead_records').values(fresh).execute()
  })
}
