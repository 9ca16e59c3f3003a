// New coupons and changes by an administrator.

import type { Call } from '../../platform/contract/call.ts'
import type { Input, Output } from '../../platform/contract/operation.ts'
import { invariant, type Result, refuse } from '../../platform/contract/result.ts'
import { newId } from '../../platform/ids.ts'
import { once } from '../../platform/sql/once.ts'
import type { couponContract } from './contract.ts'
import { couponView, wrongTerms } from './coupon.ts'
import type { CouponContext } from './deps.ts'
import { lockCoupon } from './store.ts'
import type { CouponRow, CouponTables } from './tables.ts'

type CouponView = Output<typeof couponContract.getCoupon>

export async function createCoupon(
  context: CouponContext,
  call: Call,
  input: Input<typeof couponContract.createCoupon>,
): Promise<Result<CouponView>> {
  const now = context.clock()
  const row: CouponRow = {
    coupon_id: newId(),
    name: input.name,
    kind: input.kind,
    value: input.value,
    max_discount: input.maxDiscount ?? null,
    min_order: input.minOrder ?? 0,
    quota: input.quota,
    issued: 0,
    owed: 0,
    opens_at: input.opensAt,
    closes_at: input.closesAt,
    usable_until: input.usableUntil,
    version: 1,
    created_at: now,
  }
  const wrong = wrongTerms(row)
  if (wrong !== null) return refuse('invalid_request', wrong)
  return once<CouponTables, CouponView>(context.ledger, call, 'coupon.createCoupon', now, async tx => {
    await tx.insertInto('coupons').values(row).execute()
    return {
      result: { ok: true, value: couponView(row) },
      audit: {
        subject: row.coupon_id,
        detail: { name: row.name, quota: row.quota, value: row.value, kind: row.kind },
      },
    }
  })
}

export async function editCoupon(
  context: CouponContext,
  call: Call,
  input: Input<typeof couponContract.editCoupon>,
): Promise<Result<CouponView>> {
  const { couponId, version } = input
  const now = context.clock()
  const edited = await once<CouponTables, CouponView>(
    context.ledger,
    call,
    'coupon.editCoupon',
    now,
    async tx => {
      const row = await lockCoupon(context.ledger, tx, couponId)
      if (row === undefined) return { result: refuse('coupon_unknown', `There is no coupon ${couponId}.`) }
      if (row.version !== version) {
        const detail = `Coupon ${couponId} is at version ${row.version}.`
        return { result: refuse('version_conflict', detail, { fields: { version: row.version } }) }
      }
      const change = {
        name: input.name ?? row.name,
        quota: input.quota ?? row.quota,
        opens_at: input.opensAt ?? row.opens_at,
        closes_at: input.closesAt ?? row.closes_at,
        usable_until: input.usableUntil ?? row.usable_until,
        version: version + 1,
      }
      const next = { ...row, ...change }
      const wrong = wrongTerms(next)
      if (wrong !== null) return { result: refuse('invalid_request', wrong) }
      if (next.quota < row.issued) {
        const fields = { issued: row.issued }
        return { result: refuse('quantity_exceeded', `${row.issued} are issued already.`, { fields }) }
      }
      const { numUpdatedRows } = await tx
        .updateTable('coupons')
        .set(change)
        .where('coupon_id', '=', couponId)
        .where('version', '=', version)
        .executeTakeFirst()
      invariant(numUpdatedRows === 1n, `coupon ${couponId} changed under its lock`)
      return { result: { ok: true, value: couponView(next) }, audit: { subject: couponId, detail: change } }
    },
  )
  if (edited.ok) context.gate.edited(couponId, edited.value.version)
  return edited
}
