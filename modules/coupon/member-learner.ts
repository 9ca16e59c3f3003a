// Brings the claims of a coupon that nobody gets any more into its set in Redis, so that who is not in the set can be
// refused without asking the ledger again: with so many issued, these are all who hold one.

import { RecentSet } from '../../platform/cache/recent-set.ts'
import { newId } from '../../platform/ids.ts'
import type { Log } from '../../platform/log/log.ts'
import type { Clock } from '../../platform/module.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import type { QuotaRow } from './coupon.ts'
import { allOf, type PermitGate } from './permit-gate.ts'
import { learnMembers } from './permit-scripts.ts'
import { membersOf } from './store.ts'

/** Claims brought at once: one read of 2 ms, and Redis serves nobody else for 0.5 ms. */
const PAGE = 1_000
/** Most claims of a coupon that are brought: some 20 MB in Redis. Coupons with more are looked up claim by claim. */
const MEMBERS_MOST = 200_000
/** Pause after an attempt, ms: another process may be at it, or Redis lost the coupon in the middle. */
const AGAIN_MS = 1_000
/** Coupons whose attempts are remembered: more than are sold out within a second. */
const ATTEMPTS_MOST = 1_000

export class MemberLearner {
  private readonly ledger: Ledger
  private readonly permits: PermitGate
  private readonly clock: Clock
  private readonly log: Log
  private recent = new RecentSet(ATTEMPTS_MOST)
  private recentSince = 0
  private running: Promise<void> | null = null

  constructor(ledger: Ledger, permits: PermitGate, clock: Clock, log: Log) {
    this.ledger = ledger
    this.permits = permits
    this.clock = clock
    this.log = log
  }

  /** The ledger said of this row that nobody gets it: begins, unless it is being done. */
  begin(row: QuotaRow): void {
    if (this.running !== null || row.issued > MEMBERS_MOST) return
    const now = this.clock()
    if (Math.abs(now - this.recentSince) >= AGAIN_MS) {
      this.recent = new RecentSet(ATTEMPTS_MOST)
      this.recentSince = now
    }
    const attempt = `${row.coupon_id} ${row.issued}`
    if (this.recent.has(attempt)) return
    this.recent.add(attempt)
    this.running = this.learn(row)
      .catch(error => this.log.warn({ err: error, couponId: row.coupon_id }, 'members were not brought'))
      .finally(() => {
        this.running = null
      })
  }

  async drained(): Promise<void> {
    await this.running
  }

  private async learn({ coupon_id: couponId, issued }: QuotaRow): Promise<void> {
    const token = newId()
    let step = ''
    let found = 0
    let last: string | null = null
    for (let page = 0; ; page++) {
      const members = await membersOf(this.ledger, couponId, last, PAGE)
      found += members.length
      const through = members.length < PAGE
      // More than there were: one was issued since, and the set would not be that of this count.
      if (found > issued || (through && found !== issued)) return
      const next = through ? allOf(issued) : `${token} ${page}`
      if ((await this.permits.run<number>(learnMembers, couponId, [step, next, ...members])) !== 1) return
      if (through) return
      step = next
      last = members.at(-1)!
    }
  }
}
