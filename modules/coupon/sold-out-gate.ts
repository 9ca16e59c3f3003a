// The local flag "nobody gets this coupon now": sold out, or outside its window. Claims of a flagged coupon are
// first answered by a read without locks, many together, so that a "no" costs little. The flag itself says
// nothing: each "no" rests on the ledger as it was after the claim came in, so none is stranded behind a flag, a
// winner's repeat hears its first answer, and who holds the coupon hears that.

import { Recent } from '../../platform/cache/recent.ts'
import { RecentSet } from '../../platform/cache/recent-set.ts'
import type { Call } from '../../platform/contract/call.ts'
import { type Result, refuse } from '../../platform/contract/result.ts'
import type { Clock } from '../../platform/module.ts'
import { firstAnswer, firstAnswersOf } from '../../platform/sql/first-answer.ts'
import type { Lane, Ledger } from '../../platform/sql/ledger.ts'
import type { Row } from '../../platform/sql/statements.ts'
import { type ClaimAnswer, type ClaimRequest, readClaims, readCoupons } from './claim-book.ts'
import { alreadyClaimed, claimIdOf, closedFor, type QuotaRow } from './coupon.ts'

/** Coupons flagged: more than are asked for at the same time. One that is not flagged only costs time. */
const FLAGS_MOST = 10_000
/** How long the ledger's last word on a coupon may speak for it, ms: nobody notices, and a rush costs ten reads a second. */
const WORD_MS = 100
/** From here on the next claim looks again, while the others still go by the word, ms. */
const WORD_AGAIN_MS = 50
/** Claims of one look. On SQLite it holds the main thread; elsewhere it is one round trip. */
const LOOK_MOST = { sqlite: 256, mysql: 512 } as const
/** Claims waiting for a look, as many as may wait for the ledger's lock: two seconds of work at full speed. */
const MAX_WAITING = 20_000

/** A coupon as the ledger had it. */
export interface Word {
  readonly row: QuotaRow
  /** Epoch ms, from before it was read. */
  readonly asOf: number
  /** Epoch ms: somebody should look again. */
  renewAt: number
}

interface Waiting {
  readonly call: Call
  readonly request: ClaimRequest
  readonly claimId: string
  resolve(answer: Result<ClaimAnswer> | null): void
}

export class SoldOutGate {
  private readonly lane: Lane
  private readonly clock: Clock
  private readonly maxBatch: number
  private readonly flags = new RecentSet(FLAGS_MOST)
  private readonly words = new Recent<string, Word>(FLAGS_MOST)
  /** Newest version of the terms that this process wrote: older words do not count here any more. */
  private readonly versions = new Recent<string, number>(FLAGS_MOST)
  private waiting: Waiting[] = []
  private looking = false
  private idle: Array<() => void> = []

  constructor(ledger: Ledger, clock: Clock) {
    this.lane = ledger.lane('coupon-gate')
    this.clock = clock
    this.maxBatch = LOOK_MOST[ledger.dialect]
  }

  /** True: look first. */
  isFlagged(couponId: string): boolean {
    return this.flags.has(couponId)
  }

  /** The judge said no to somebody who does not hold it. */
  flag(couponId: string): void {
    this.flags.add(couponId)
  }

  /** What the ledger said of it a moment ago; null: nothing that still counts. */
  lastWord(couponId: string, now: number): Word | null {
    const word = this.words.get(couponId)
    if (word === undefined || word.row.version < (this.versions.get(couponId) ?? 0)) return null
    return now >= word.asOf && now < word.asOf + WORD_MS ? word : null
  }

  /** Its terms are others from now on. Other processes hear of it within WORD_MS. */
  edited(couponId: string, version: number): void {
    this.versions.set(couponId, version)
  }

  /** True for one claim every now and then: it is the one that looks again. */
  mustRenew(word: Word, now: number): boolean {
    if (now < word.renewAt) return false
    word.renewAt = now + WORD_AGAIN_MS
    return true
  }

  /** The answer, if a read can give it; null: the judge is to be asked. Never rejects. */
  look(call: Call, request: ClaimRequest): Promise<Result<ClaimAnswer> | null> {
    if (this.waiting.length >= MAX_WAITING) {
      const detail = `More than ${MAX_WAITING} claims wait.`
      return Promise.resolve(refuse('overloaded', detail, { retryAfter: 1 }))
    }
    return new Promise(resolve => {
      const claimId = claimIdOf(request.couponId, request.memberId)
      this.waiting.push({ call, request, claimId, resolve })
      if (this.looking) return
      this.looking = true
      // After this turn of the loop: all claims that arrived together are looked up together.
      setImmediate(() => void this.work())
    })
  }

  /** Resolves when nobody waits for a look. */
  drained(): Promise<void> {
    if (!this.looking) return Promise.resolve()
    return new Promise(resolve => this.idle.push(resolve))
  }

  /** One look at a time: those who come meanwhile are the next one. */
  private async work(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting.slice(0, this.maxBatch)
      this.waiting = this.waiting.slice(this.maxBatch)
      await this.lookUp(batch)
      // Let the loop read new requests: on SQLite nothing of a look lets it go.
      await new Promise<void>(resolve => setImmediate(resolve))
    }
    this.looking = false
    for (const resolve of this.idle.splice(0)) resolve()
  }

  private async lookUp(batch: readonly Waiting[]): Promise<void> {
    const keys = batch.flatMap(({ call }) => (call.idempotency ? [call.idempotency.id] : []))
    const asOf = this.clock()
    let sets: Row[][]
    try {
      // In this order: whose claim took the last one is found by the reads that come after that of the coupon.
      sets = await this.lane.read([
        readCoupons(batch.map(each => each.request.couponId)),
        readClaims(batch.map(each => each.claimId)),
        firstAnswersOf(keys),
      ])
    } catch {
      // A gate that does not know lets through: the judge says what is wrong.
      for (const { resolve } of batch) resolve(null)
      return
    }
    const [coupons, claims, answers] = [
      byKey(sets[0], 'coupon_id'),
      byKey(sets[1], 'claim_id'),
      byKey(sets[2], 'id'),
    ]
    const now = this.clock()
    for (const row of coupons.values() as Iterable<unknown> as Iterable<QuotaRow>)
      this.words.set(row.coupon_id, { row, asOf, renewAt: asOf + WORD_AGAIN_MS })
    for (const { call, request, claimId, resolve } of batch) {
      const first = call.idempotency === null ? undefined : answers.get(call.idempotency.id)
      const coupon = coupons.get(request.couponId) as unknown as QuotaRow | undefined
      if (first !== undefined) resolve(firstAnswer(call, first))
      else if (claims.has(claimId)) resolve(alreadyClaimed())
      else {
        const closed = coupon === undefined ? null : closedFor(coupon, now)
        if (closed === null) this.flags.delete(request.couponId)
        resolve(closed)
      }
    }
  }
}

function byKey(rows: readonly Row[] = [], key: string): Map<string, Row> {
  return new Map(rows.map(row => [row[key] as string, row]))
}
