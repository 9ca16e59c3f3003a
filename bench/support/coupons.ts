// Coupons as measures need them: made by the staff, looked at in the ledger.

import { couponContract } from '../../modules/coupon/contract.ts'
import type { CouponTables } from '../../modules/coupon/tables.ts'
import { createClient } from '../../platform/http/client.ts'
import type { BenchShop } from './bench-shop.ts'

const DAY_MS = 86_400_000

/** Makes coupons with a quota; returns their ids. */
export async function couponMaker(
  shop: Pick<BenchShop, 'url' | 'administrator'>,
): Promise<(quota: number) => Promise<string>> {
  const authorization = await shop.administrator()
  return async quota => {
    // The shop may have been started anew since, elsewhere.
    const coupon = createClient(couponContract, { baseUrl: shop.url, authorization })
    const now = Date.now()
    const times = { opensAt: now - DAY_MS, closesAt: now + DAY_MS, usableUntil: now + DAY_MS }
    const made = await coupon.createCoupon({ name: 'bench', kind: 'percent', value: 10, quota, ...times })
    if (!made.ok) throw new Error(`no coupon was made: ${made.refusal.detail}`)
    return made.value.couponId
  }
}

export const claimPath = (couponId: string): string => `/v1/coupons/${couponId}/claims`

/** Of every coupon exactly the quota must be issued. */
export async function strandedOrOver(shop: BenchShop): Promise<string[]> {
  const reads = shop.ledger.reads<CouponTables>()
  const rows = await reads.selectFrom('coupons').select(['coupon_id', 'quota', 'issued']).execute()
  const wrong = rows.filter(({ quota, issued }) => issued !== quota)
  return wrong.map(each => `coupon ${each.coupon_id}: ${each.issued} of ${each.quota} were issued`)
}
