// Claims of one batch, decided in order of arrival on the coupon's own row. Pure.

import { type Call, isAudited } from '../../platform/contract/call.ts'
import { refuse } from '../../platform/contract/result.ts'
import type { Outcome } from '../../platform/sql/combiner.ts'
import {
  insertInto,
  type Row,
  type Select,
  selectByKey,
  updateByKey,
  type Value,
  type Write,
} from '../../platform/sql/statements.ts'
import { alreadyClaimed, claimIdOf, claimView, closedFor, owedToLine, type QuotaRow } from './coupon.ts'
import type { ClaimRow } from './tables.ts'

export interface ClaimRequest {
  readonly couponId: string
  readonly memberId: string
}

export type ClaimAnswer = ReturnType<typeof claimView>

const terms = {
  columns: 'coupon_id, quota, issued, owed, opens_at, closes_at, version',
  from: 'coupons',
} as const
export const lockCoupons = selectByKey({ ...terms, key: 'coupon_id', lock: true })
export const readCoupons = selectByKey({ ...terms, key: 'coupon_id', lock: false })
/** Guarded by the lock on their coupon. */
export const readClaims = selectByKey({
  columns: 'claim_id',
  from: 'coupon_claims',
  key: 'claim_id',
  lock: false,
})
/**
 * The judge's one conditional statement: the terms and the count that were read, and issued ≤ quota as a
 * constraint. The version is that of the terms; an edit in between fails the batch as a claim in between does, and so does
 * a place in the line that was leased or decided in between.
 */
const updateCoupons = updateByKey(
  'coupons',
  { coupon_id: 'id', version: 'int', issued: 'int', owed: 'int' },
  { issued: 'int', owed: 'int' },
)
const insertClaims = insertInto(
  'coupon_claims',
  ['claim_id', 'coupon_id', 'member_id', 'state', 'order_id', 'claimed_at'],
  { order_id: null },
)

/** A coupon's row as it will be, and what was issued and owed when it was read. */
export interface HeldCoupon {
  readonly row: QuotaRow
  readIssued: number
  readOwed: number
}

/** Ids of claims that there are. */
export interface Claims {
  has(claimId: string): boolean
  add(claimId: string): unknown
}

export class ClaimBook {
  now: number
  readonly coupons = new Map<string, HeldCoupon>()
  /** Claims in the ledger, as far as they are known, and those of this batch. */
  private readonly claimed: Claims
  private readonly missingMeansAbsent: boolean
  private readonly there: ReadonlySet<string>
  /** What is decided here stood in the line: nobody goes before it. */
  private readonly isLine: boolean
  private changed = new Set<HeldCoupon>()
  private fresh: ClaimRow[] = []

  /** `sets`: coupons, claims, ids of the coupons that exist. `now`: epoch ms. `claimed`: holds the claims. */
  constructor(
    sets: readonly Row[][],
    now: number,
    missingMeansAbsent: boolean,
    claimed: Claims,
    isLine = false,
  ) {
    const [coupons = [], claims = [], there = []] = sets
    this.now = now
    this.missingMeansAbsent = missingMeansAbsent
    this.claimed = claimed
    this.isLine = isLine
    for (const row of coupons as unknown as QuotaRow[])
      this.coupons.set(row.coupon_id, { row, readIssued: row.issued, readOwed: row.owed })
    for (const row of claims) claimed.add(row.claim_id as string)
    this.there = new Set(there.map(row => row.coupon_id as string))
  }

  decide({ couponId, memberId }: ClaimRequest, call: Call, retried: boolean): Outcome<ClaimAnswer> {
    const held = this.coupons.get(couponId)
    if (held === undefined) {
      if (!this.missingMeansAbsent && !(retried && !this.there.has(couponId))) return 'parked'
      return { result: refuse('coupon_unknown', `There is no coupon ${couponId}.`) }
    }
    const claimId = claimIdOf(couponId, memberId)
    if (this.claimed.has(claimId)) return { result: alreadyClaimed() }
    const closed = closedFor(held.row, this.now) ?? (this.isLine ? null : owedToLine(held.row))
    if (closed !== null) return { result: closed }
    held.row.issued++
    this.changed.add(held)
    this.claimed.add(claimId)
    const claim: ClaimRow = {
      claim_id: claimId,
      coupon_id: couponId,
      member_id: memberId,
      state: 'issued',
      order_id: null,
      claimed_at: this.now,
    }
    this.fresh.push(claim)
    const result = { ok: true, value: claimView(claim) } as const
    return isAudited(call.principal)
      ? { result, audit: { subject: claimId, detail: { memberId } } }
      : { result }
  }

  /** A place in the line of this coupon has come to its end. */
  settleOwed(couponId: string): void {
    const held = this.coupons.get(couponId)
    if (held === undefined) return
    held.row.owed--
    this.changed.add(held)
  }

  locks(): Select[] {
    return [lockCoupons([...this.changed].map(held => held.row.coupon_id))]
  }

  writes(): Write[] {
    const coupons: Value[][] = []
    for (const { row, readIssued, readOwed } of this.changed)
      coupons.push([row.coupon_id, row.version, readIssued, readOwed, row.issued, row.owed])
    const claims = this.fresh.map(({ claim_id, coupon_id, member_id, state, order_id, claimed_at }) => {
      return [claim_id, coupon_id, member_id, state, order_id, claimed_at]
    })
    return [updateCoupons(coupons), insertClaims(claims)]
  }

  /** What was written is what is there. */
  settle(): void {
    for (const held of this.changed) {
      held.readIssued = held.row.issued
      held.readOwed = held.row.owed
    }
    this.changed = new Set()
    this.fresh = []
  }
}
