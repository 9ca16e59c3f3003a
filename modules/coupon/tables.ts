// The tables of coupons. Only this module reads and writes them.

import type { Schema } from '../../platform/sql/schema.ts'

export interface CouponRow {
  coupon_id: string
  name: string
  kind: 'percent' | 'amount'
  value: number
  max_discount: number | null
  min_order: number
  quota: number
  issued: number
  opens_at: number
  closes_at: number
  usable_until: number
  /** Of the terms: grows with each edit. Claims leave it alone, or no edit would get through in a rush. */
  version: number
  created_at: number
}

export interface ClaimRow {
  /** `<coupon>.<member>`: unique, so that a member has it once. */
  claim_id: string
  coupon_id: string
  member_id: string
  state: 'issued' | 'redeemed'
  order_id: string | null
  claimed_at: number
}

/** One row an order that asked for a coupon: what it got, or that it may not any more. */
export interface RedemptionRow {
  order_id: string
  claim_id: string | null
  discount: number
  state: 'used' | 'returned'
  redeemed_at: number
}

export interface CouponTables {
  coupons: CouponRow
  coupon_claims: ClaimRow
  coupon_redemptions: RedemptionRow
}

export const couponSchema: Schema = {
  '2026-11-23-coupon': t => [
    `CREATE TABLE coupons (
      coupon_id ${t.id} NOT NULL PRIMARY KEY, name ${t.text(100)} NOT NULL, kind ${t.id} NOT NULL, value ${t.int} NOT NULL,
      max_discount ${t.int}, min_order ${t.int} NOT NULL, quota ${t.int} NOT NULL, issued ${t.int} NOT NULL,
      opens_at ${t.int} NOT NULL, closes_at ${t.int} NOT NULL, usable_until ${t.int} NOT NULL, version ${t.int} NOT NULL,
      created_at ${t.int} NOT NULL, CONSTRAINT coupon_quota CHECK (issued >= 0 AND issued <= quota)) ${t.table}`,
    `CREATE TABLE coupon_claims (
      claim_id ${t.text(120)} NOT NULL PRIMARY KEY, coupon_id ${t.id} NOT NULL, member_id ${t.id} NOT NULL,
      state ${t.id} NOT NULL, order_id ${t.id}, claimed_at ${t.int} NOT NULL) ${t.table}`,
    'CREATE INDEX coupon_claims_member ON coupon_claims (member_id, claimed_at, claim_id)',
    `CREATE TABLE coupon_redemptions (
      order_id ${t.id} NOT NULL PRIMARY KEY, claim_id ${t.text(120)}, discount ${t.int} NOT NULL, state ${t.id} NOT NULL,
      redeemed_at ${t.int} NOT NULL) ${t.table}`,
  ],
}
