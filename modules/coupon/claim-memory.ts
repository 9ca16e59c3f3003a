// Claims decided while the batch before them commits, on the rows that it wrote. See platform/sql/combinable.ts.

import { RecentSet } from '../../platform/cache/recent-set.ts'
import type { Call } from '../../platform/contract/call.ts'
import type { Combinable, Memory, Outcome } from '../../platform/sql/combiner.ts'
import { selectByKey } from '../../platform/sql/statements.ts'
import { type ClaimAnswer, ClaimBook, type ClaimRequest, lockCoupons, readClaims } from './claim-book.ts'
import { claimIdOf } from './coupon.ts'

/** Claims remembered as taken, so that repeats go to the ledger at once: a rush of a large event. Some 20 MB. */
const CLAIMS_MOST = 200_000
/** Coupons remembered: more than are claimed at the same time. A forgotten one costs one batch under locks. */
const COUPONS_MOST = 1_000

const couponsThere = selectByKey({ columns: 'coupon_id', from: 'coupons', key: 'coupon_id', lock: false })

class ClaimMemory implements Memory<ClaimRequest, ClaimAnswer> {
  /** The book of the batch under locks, and the claims that it knows. */
  last: { readonly book: ClaimBook; readonly claimed: ReadonlySet<string> } | null = null
  /** Kept when all else is forgotten: a claim never goes away, and one that never was only costs a lock. */
  private readonly claimed = new RecentSet(CLAIMS_MOST)
  private book = this.empty()

  private empty(): ClaimBook {
    return new ClaimBook([], 0, false, this.claimed)
  }

  knows({ couponId, memberId }: ClaimRequest): boolean {
    return this.book.coupons.has(couponId) && !this.claimed.has(claimIdOf(couponId, memberId))
  }

  decide(request: ClaimRequest, call: Call, now: number): Outcome<ClaimAnswer> {
    this.book.now = now
    return this.book.decide(request, call, false)
  }

  flush() {
    const writes = this.book.writes()
    const locks = this.book.locks()
    this.book.settle()
    return { locks, writes }
  }

  learn(): void {
    if (this.last === null) return
    const { book, claimed } = this.last
    book.settle()
    if (this.book.coupons.size + book.coupons.size > COUPONS_MOST) this.book = this.empty()
    for (const [id, held] of book.coupons) this.book.coupons.set(id, held)
    for (const claimId of claimed) this.claimed.add(claimId)
    this.last = null
  }

  forget(): void {
    this.last = null
    this.book = this.empty()
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
    decide(requests, calls, sets, context) {
      const claimed = new Set<string>()
      const book = new ClaimBook(sets, context.now, context.missingMeansAbsent, claimed)
      const outcomes = requests.map((request, i) =>
        book.decide(request, calls[i]!, context.retried[i] ?? false),
      )
      memory.last = { book, claimed }
      return { outcomes, writes: book.writes() }
    },
  }
}
