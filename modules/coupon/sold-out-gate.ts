// The local sold-out flag: lets most of a rush hear "no" without a transaction. It grants nothing, it forgets
// quickly, and it never speaks over a claim that exists.

import type { Lane, Ledger } from '../../platform/sql/ledger.ts'
import { readClaims } from './claim-book.ts'

/** How long "sold out" is believed before one request asks the ledger again, ms: the longest a freed coupon lies unseen. */
const BELIEVED_MS = 100
/** Coupons flagged; more are not flagged, which costs only time. */
const FLAGS_MOST = 10_000

interface Flag {
  until: number
  checking: boolean
}

interface Waiting {
  resolve(has: boolean): void
  reject(error: unknown): void
}

export class SoldOutGate {
  private readonly lane: Lane
  private readonly flags = new Map<string, Flag>()
  private waiting = new Map<string, Waiting[]>()

  constructor(ledger: Ledger) {
    this.lane = ledger.lane('coupon-gate')
  }

  /** False: ask the ledger. True: sold out as of a moment ago. Every `BELIEVED_MS` one request is let through. */
  closed(couponId: string, now: number): boolean {
    const flag = this.flags.get(couponId)
    if (flag === undefined) return false
    if (now < flag.until || flag.checking) return true
    flag.checking = true
    return false
  }

  /** The ledger said no. */
  soldOut(couponId: string, now: number): void {
    if (this.flags.size < FLAGS_MOST || this.flags.has(couponId)) {
      this.flags.set(couponId, { until: now + BELIEVED_MS, checking: false })
    }
  }

  /** The ledger said something else, or could not be asked. */
  open(couponId: string): void {
    this.flags.delete(couponId)
  }

  /** Does this claim exist? One read for all who ask in one turn of the loop. */
  hasClaim(claimId: string): Promise<boolean> {
    return new Promise((resolve, reject) => {
      if (this.waiting.size === 0) setImmediate(() => void this.look())
      const others = this.waiting.get(claimId)
      if (others === undefined) this.waiting.set(claimId, [{ resolve, reject }])
      else others.push({ resolve, reject })
    })
  }

  private async look(): Promise<void> {
    const waiting = this.waiting
    this.waiting = new Map()
    try {
      const [claims = []] = await this.lane.read([readClaims(waiting.keys())])
      const found = new Set(claims.map(row => row.claim_id as string))
      for (const [claimId, callers] of waiting) for (const { resolve } of callers) resolve(found.has(claimId))
    } catch (error) {
      for (const callers of waiting.values()) for (const { reject } of callers) reject(error)
    }
  }
}
