// The SQL of coupons beside the claims' hot path.

import type { Ledger, Tx } from '../../platform/sql/ledger.ts'
import type { ClaimRow, CouponRow, CouponTables, RedemptionRow } from './tables.ts'

export type CouponTx = Tx<CouponTables>

export function couponRow(ledger: Ledger, couponId: string): Promise<CouponRow | undefined> {
  const db = ledger.reads<CouponTables>()
  return db.selectFrom('coupons').selectAll().where('coupon_id', '=', couponId).executeTakeFirst()
}

/** Of these ids those that exist. */
export function couponRows(ledger: Ledger, couponIds: readonly string[]): Promise<CouponRow[]> {
  const db = ledger.reads<CouponTables>()
  return db.selectFrom('coupons').selectAll().where('coupon_id', 'in', couponIds).execute()
}

export function lockCoupon(ledger: Ledger, tx: CouponTx, couponId: string): Promise<CouponRow | undefined> {
  const query = tx.selectFrom('coupons').selectAll().where('coupon_id', '=', couponId)
  return (ledger.dialect === 'mysql' ? query.forUpdate() : query).executeTakeFirst()
}

export function lockClaim(ledger: Ledger, tx: CouponTx, claimId: string): Promise<ClaimRow | undefined> {
  const query = tx.selectFrom('coupon_claims').selectAll().where('claim_id', '=', claimId)
  return (ledger.dialect === 'mysql' ? query.forUpdate() : query).executeTakeFirst()
}

export function lockRedemption(
  ledger: Ledger,
  tx: CouponTx,
  orderId: string,
): Promise<RedemptionRow | undefined> {
  const query = tx.selectFrom('coupon_redemptions').selectAll().where('order_id', '=', orderId)
  return (ledger.dialect === 'mysql' ? query.forUpdate() : query).executeTakeFirst()
}

/** Compare-and-set on the state. True: it was in `from`. */
export async function moveClaim(
  tx: CouponTx,
  claimId: string,
  from: ClaimRow['state'],
  to: ClaimRow['state'],
  orderId: string | null,
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('coupon_claims')
    .set({ state: to, order_id: orderId })
    .where('claim_id', '=', claimId)
    .where('state', '=', from)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** True: it was used until now. */
export async function closeRedemption(tx: CouponTx, orderId: string): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('coupon_redemptions')
    .set({ state: 'returned' })
    .where('order_id', '=', orderId)
    .where('state', '=', 'used')
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

export interface CouponPage {
  /** Epoch ms: only those open then; null: all. */
  readonly openAt: number | null
  readonly after: string | null
  readonly limit: number
}

export function couponPage(ledger: Ledger, { openAt, after, limit }: CouponPage): Promise<CouponRow[]> {
  let query = ledger.reads<CouponTables>().selectFrom('coupons').selectAll().orderBy('coupon_id').limit(limit)
  if (openAt !== null) query = query.where('opens_at', '<=', openAt).where('closes_at', '>', openAt)
  if (after !== null) query = query.where('coupon_id', '>', after)
  return query.execute()
}

export function claimPage(
  ledger: Ledger,
  memberId: string,
  after: { at: number; id: string } | null,
  limit: number,
): Promise<ClaimRow[]> {
  let query = ledger
    .reads<CouponTables>()
    .selectFrom('coupon_claims')
    .selectAll()
    .where('member_id', '=', memberId)
    .orderBy('claimed_at', 'desc')
    .orderBy('claim_id', 'desc')
    .limit(limit)
  if (after !== null) {
    query = query.where(e =>
      e.or([
        e('claimed_at', '<', after.at),
        e.and([e('claimed_at', '=', after.at), e('claim_id', '<', after.id)]),
      ]),
    )
  }
  return query.execute()
}

/** Members who hold a claim of this coupon, in the order of their ids, from after `after` on. */
export async function membersOf(
  ledger: Ledger,
  couponId: string,
  after: string | null,
  limit: number,
): Promise<string[]> {
  const db = ledger.reads<CouponTables>()
  const rows = await db
    .selectFrom('coupon_claims')
    .select('member_id')
    // Ids of claims begin with that of their coupon and a dot; a slash comes right after the dot.
    .where('claim_id', '>', `${couponId}.${after ?? ''}`)
    .where('claim_id', '<', `${couponId}/`)
    .orderBy('claim_id')
    .limit(limit)
    .execute()
  return rows.map(row => row.member_id)
}

export function claimRows(ledger: Ledger, claimIds: readonly string[]): Promise<ClaimRow[]> {
  const db = ledger.reads<CouponTables>()
  return db.selectFrom('coupon_claims').selectAll().where('claim_id', 'in', claimIds).execute()
}
