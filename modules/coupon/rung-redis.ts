// The redis rung of coupon.claim: a permit first, then the ledger. Refused without asking the ledger is only who is
// in no set of those who hold one, while the ledger's own word of a moment ago says that nobody gets it any more.

import { RecentSet } from '../../platform/cache/recent-set.ts'
import type { Redis } from '../../platform/redis/redis.ts'
import type { ClaimRequest } from './claim-book.ts'
import { closedFor } from './coupon.ts'
import type { ClaimRung, CouponContext } from './deps.ts'
import { MemberLearner } from './member-learner.ts'
import { allOf, PermitGate } from './permit-gate.ts'
import { claimBySql } from './rung-sql.ts'
import { couponRow } from './store.ts'

/** Coupons filled at the same time: each is one read. More fill at a later claim. */
const FILLS_MOST = 16

/** Coupons made ready before Redis is asked again; others are filled by their first claim. */
const READY_MOST = 100

export interface RedisRung {
  readonly claim: ClaimRung
  /** Permits of what was claimed lately, as the ledger has them now. True: Redis says the same. */
  makeReady(): Promise<boolean>
  drained(): Promise<void>
}

export function claimByRedis(context: CouponContext, redis: Redis, prefix: string): RedisRung {
  const { gate, clock, ledger, log, cache } = context
  const judge = claimBySql(context)
  const permits = new PermitGate(redis, prefix, log)
  const learner = new MemberLearner(ledger, permits, clock, log)
  const filling = new Set<string>()
  const lately = new RecentSet(READY_MOST)

  /** From the ledger as it is: a restarted Redis knows its coupons again within milliseconds. */
  async function fill(couponId: string): Promise<void> {
    if (filling.has(couponId) || filling.size >= FILLS_MOST) return
    filling.add(couponId)
    try {
      // Made-up ids cost no read of their own.
      if ((await cache.get(couponId, clock())) === undefined) return
      const row = await couponRow(ledger, couponId)
      if (row !== undefined) await permits.fill(row)
    } catch {
      // The ledger is away, as the claim itself hears.
    } finally {
      filling.delete(couponId)
    }
  }

  const admitted: ClaimRung = async (call, request) => {
    const decided = await judge(call, request).catch((error: unknown) => {
      giveBack(request, true)
      throw error
    })
    // Of a coupon that is sold out there is nothing to be had with a permit.
    if (!decided.ok) giveBack(request, decided.refusal.code !== 'coupon_sold_out')
    return decided
  }
  const giveBack = (request: ClaimRequest, permit: boolean): void => permits.giveBack(request, permit)

  return {
    async claim(call, request) {
      const { couponId } = request
      lately.add(couponId)
      const before = gate.lastWord(couponId, clock())
      const said = await permits.ask(request, before === null || closedFor(before.row, clock()) === null)
      if (said.verdict === 'admitted') return admitted(call, request)
      if (said.verdict === 'away') return judge(call, request)
      if (said.verdict === 'empty') {
        void fill(couponId)
        return judge(call, request)
      }
      const now = clock()
      const word = gate.lastWord(couponId, now)
      const closed = word && closedFor(word.row, now)
      if (word !== null && closed !== null && said.verdict === 'none' && !gate.mustRenew(word, now)) {
        if (said.known === allOf(word.row.issued)) return closed
        learner.begin(word.row)
      }
      const answer = await gate.look(call, request)
      if (answer !== null) return answer
      // There is one to be had, and no permit for it: the ledger says how many there are.
      const newest = gate.lastWord(couponId, clock())
      if (newest !== null && said.verdict === 'none') void permits.fill(newest.row)
      return judge(call, request)
    },
    async makeReady() {
      for (const couponId of lately.values()) {
        const row = await couponRow(ledger, couponId)
        if (row === undefined) continue
        await permits.fill(row)
        const left = await permits.left(couponId)
        // Claims go on meanwhile: fewer are right too.
        if (left === null || left > Math.max(0, row.quota - row.issued)) return false
      }
      return true
    },
    drained: () => learner.drained(),
  }
}
