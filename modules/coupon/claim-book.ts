// Claims of one batch, decided in order of arrival on the coupon's own row. Pure.

import { refuse } from '../../platform/contract/result.ts'
import type { Combinable, Memory, Outcome } from '../../platform/sql/combiner.ts'
import {
  insertInto,
  type Row,
  type Select,
  selectByKey,
  updateByKey,
  type Value,
  type Write,
} from '../../platform/sql/statements.ts'
import { claimIdOf, claimView } from './coupon.ts'
import type { ClaimRow, CouponRow } from './tables.ts'

export interface ClaimRequest {
  readonly couponId: string
  readonly memberId: string
}

export type ClaimAnswer = ReturnType<typeof claimView>

const lockCoupons = selectByKey({
  columns: 'coupon_id, quota, issued, opens_at, closes_at, version',
  from: 'coupons',
  key: 'coupon_id',
  lock: true,
})
const couponsThere = selectByKey({ columns: 'coupon_id', from: 'coupons', key: 'coupon_id', lock: false })
/** Guarded by the lock on their coupon. */
export const readClaims = selectByKey({
  columns: 'claim_id',
  from: 'coupon_claims',
  key: 'claim_id',
  lock: false,
})
/** The judge's one conditional statement: the version that was read, and issued ≤ quota as a constraint. */
const updateCoupons = updateByKey(
  'coupons',
  { coupon_id: 'id', version: 'int' },
  { version: 'int', issued: 'int' },
)
const insertClaims = insertInto('coupon_claims', [
  'claim_id',
  'coupon_id',
  'member_id',
  'state',
  'order_id',
  'claimed_at',
])

type QuotaRow = Pick<CouponRow, 'coupon_id' | 'quota' | 'issued' | 'opens_at' | 'closes_at' | 'version'>

class ClaimBook {
  now: number
  readonly coupons = new Map<string, { row: QuotaRow; read: number }>()
  /** Claims in the ledger, as far as they are known, and those of this batch. */
  readonly claimed = new Set<string>()
  private readonly there: ReadonlySet<string>
  private readonly missingMeansAbsent: boolean
  private changed = new Set<{ row: QuotaRow; read: number }>()
  private fresh: ClaimRow[] = []

  constructor(sets: readonly Row[][], now: number, missingMeansAbsent: boolean) {
    const [coupons = [], claims = [], there = []] = sets
    this.now = now
    this.missingMeansAbsent = missingMeansAbsent
    for (const row of coupons as unknown as QuotaRow[])
      this.coupons.set(row.coupon_id, { row, read: row.version })
    for (const row of claims) this.claimed.add(row.claim_id as string)
    this.there = new Set(there.map(row => row.coupon_id as string))
  }

  decide({ couponId, memberId }: ClaimRequest, retried: boolean): Outcome<ClaimAnswer> {
    const held = this.coupons.get(couponId)
    if (held === undefined) {
      if (!this.missingMeansAbsent && !(retried && !this.there.has(couponId))) return 'parked'
      return { result: refuse('coupon_unknown', `There is no coupon ${couponId}.`) }
    }
    const { row } = held
    const claimId = claimIdOf(couponId, memberId)
    if (this.claimed.has(claimId))
      return { result: refuse('coupon_already_claimed', 'This member has it already.') }
    if (this.now < row.opens_at || this.now >= row.closes_at) {
      const fields = { opensAt: row.opens_at, closesAt: row.closes_at }
      return { result: refuse('coupon_not_open', `Coupon ${couponId} is not open now.`, { fields }) }
    }
    if (row.issued >= row.quota) return { result: refuse('coupon_sold_out', `All ${row.quota} are issued.`) }
    row.issued++
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
    return { result: { ok: true, value: claimView(claim) } }
  }

  locks(): Select[] {
    return [lockCoupons([...this.changed].map(held => held.row.coupon_id))]
  }

  writes(): Write[] {
    const coupons: Value[][] = []
    for (const held of this.changed) {
      held.row.version = held.read + 1
      coupons.push([held.row.coupon_id, held.read, held.row.version, held.row.issued])
    }
    const claims = this.fresh.map(({ claim_id, coupon_id, member_id, state, order_id, claimed_at }) => {
      return [claim_id, coupon_id, member_id, state, order_id, claimed_at]
    })
    return [updateCoupons(coupons), insertClaims(claims)]
  }

  settle(): void {
    for (const held of this.changed) held.read = held.row.version
    this.changed = new Set()
    this.fresh = []
  }
}

/** Claims remembered as taken, so that repeats go to the ledger at once: a rush of a large event. 20 MB. */
const CLAIMS_MOST = 200_000

class ClaimMemory implements Memory<ClaimRequest, ClaimAnswer> {
  last: ClaimBook | null = null
  private book = new ClaimBook([], 0, false)

  knows({ couponId, memberId }: ClaimRequest): boolean {
    return this.book.coupons.has(couponId) && !this.book.claimed.has(claimIdOf(couponId, memberId))
  }

  decide(request: ClaimRequest, _call: unknown, now: number) {
    this.book.now = now
    return this.book.decide(request, false)
  }

  flush() {
    const writes = this.book.writes()
    const locks = this.book.locks()
    this.book.settle()
    if (this.book.claimed.size > CLAIMS_MOST) this.book.claimed.clear()
    return { locks, writes }
  }

  learn(): void {
    if (this.last === null) return
    this.last.settle()
    for (const [id, held] of this.last.coupons) this.book.coupons.set(id, held)
    for (const id of this.last.claimed) this.book.claimed.add(id)
    this.last = null
  }

  forget(): void {
    this.last = null
    this.book = new ClaimBook([], 0, false)
  }
}

export function claimFamily(): Combinable<ClaimRequest, ClaimAnswer> {
  const memory = new ClaimMemory()
  return {
    name: 'coupon',
    memory,
    reads: (requests, retried) => [
      lockCoupons(requests.map(request => request.couponId)),
      readClaims(requests.map(request => claimIdOf(request.couponId, request.memberId))),
      couponsThere(requests.filter((_, i) => retried[i]).map(request => request.couponId)),
    ],
    decide(requests, _calls, sets, context) {
      const book = new ClaimBook(sets, context.now, context.missingMeansAbsent)
      const outcomes = requests.map((request, i) => book.decide(request, context.retried[i] ?? false))
      memory.last = book
      return { outcomes, writes: book.writes() }
    },
  }
}
