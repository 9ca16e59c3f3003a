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
  /** Units that may be owed to claims in the line: places leased and undecided. Whoever comes another way leaves them. */
  owed: number
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

/**
 * Places in the line that one process may give out, written down before the first of them is: places without an
 * outcome are what may still be owed, even if every process died.
 */
export interface BlockRow {
  block_id: string
  coupon_id: string
  /** The process that gives them out. */
  owner: string
  size: number
  /** Makes tickets that nobody can guess. */
  secret: string
  leased_at: number
  /** When it was closed: nothing more is given out of it. */
  closed_at: number | null
  /** One letter a place: see block.ts. */
  outcomes: string
  /** Places with an outcome. */
  decided: number
}

/** How far the line is decided, by partition of the topic. */
export interface PositionRow {
  partition_no: number
  /** The first record that is not decided. */
  next_offset: number
  /** Records a second, while there is work. */
  pace: number
  decided_at: number
}

/** A record of the line that is no claim, or that the ledger cannot take. */
export interface DeadRecordRow {
  /** `<partition>.<offset>` */
  record_id: string
  record_key: string | null
  value: string | null
  cause: string
  created_at: number
}

export interface CouponTables {
  coupons: CouponRow
  coupon_claims: ClaimRow
  coupon_redemptions: RedemptionRow
  coupon_blocks: BlockRow
  coupon_positions: PositionRow
  coupon_dead_records: DeadRecordRow
}

/** Partitions whose position is kept: more than a topic of claims ever needs, see queue-consumer.ts. */
export const POSITIONS = 64

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
  '2026-11-25-coupon-line': t => [
    `CREATE TABLE coupon_blocks (
      block_id ${t.id} NOT NULL PRIMARY KEY, coupon_id ${t.id} NOT NULL, owner ${t.id} NOT NULL, size ${t.int} NOT NULL,
      secret ${t.id} NOT NULL, leased_at ${t.int} NOT NULL, closed_at ${t.int}, outcomes ${t.text(1000)} NOT NULL,
      decided ${t.int} NOT NULL, CONSTRAINT coupon_block CHECK (decided >= 0 AND decided <= size)) ${t.table}`,
    'CREATE INDEX coupon_blocks_age ON coupon_blocks (leased_at)',
    `CREATE TABLE coupon_positions (
      partition_no ${t.int} NOT NULL PRIMARY KEY, next_offset ${t.int} NOT NULL, pace ${t.int} NOT NULL,
      decided_at ${t.int} NOT NULL) ${t.table}`,
    `INSERT INTO coupon_positions (partition_no, next_offset, pace, decided_at) VALUES
      ${Array.from({ length: POSITIONS }, (_, partition) => `(${partition}, 0, 0, 0)`).join(',')}`,
    `CREATE TABLE coupon_dead_records (
      record_id ${t.id} NOT NULL PRIMARY KEY, record_key ${t.text(1000)}, value ${t.long}, cause ${t.text(1000)} NOT NULL,
      created_at ${t.int} NOT NULL) ${t.table}`,
  ],
  '2026-11-27-coupon-owed': t => [
    `ALTER TABLE coupons ADD COLUMN owed ${t.int} NOT NULL DEFAULT 0`,
    `UPDATE coupons SET owed = (SELECT COALESCE(SUM(size - decided), 0) FROM coupon_blocks
      WHERE coupon_blocks.coupon_id = coupons.coupon_id)`,
  ],
}
