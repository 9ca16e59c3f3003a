// Batches of the line as the combiner takes them: a whole batch of one partition is one request, so that it is decided
// in one piece, waits in one piece where somebody else holds a row of it, and keeps its order either way.

import { Batch } from '../../platform/sql/batch.ts'
import type { Combinable, Outcome } from '../../platform/sql/combiner.ts'
import { selectByKey, updateByKey, type Write } from '../../platform/sql/statements.ts'
import { type ClaimAnswer, lockCoupons, readClaims } from './claim-book.ts'
import { claimIdOf } from './coupon.ts'
import { blocksThere, type Fate, lockBlocks, QueueBook, readFirstAnswers } from './queue-book.ts'
import type { QueuedClaim } from './queue-record.ts'

export interface QueueBatch {
  readonly partition: number
  /** In the order of the line. */
  readonly records: readonly QueuedClaim[]
  /** The first record behind it. */
  readonly nextOffset: number
  /** Records a second of late. */
  readonly pace: number
}

/** What became of each record, in the same order. */
export type QueueAnswer = readonly Fate[]

const couponsThere = selectByKey({ columns: 'coupon_id', from: 'coupons', key: 'coupon_id', lock: false })
const updatePositions = updateByKey(
  'coupon_positions',
  { partition_no: 'int' },
  { next_offset: 'int', pace: 'int', decided_at: 'int' },
)

/** `name`: under which the answers of claims lie, whatever way they came. */
export function queueFamily(name: string): Combinable<QueueBatch, QueueAnswer> {
  return {
    name: 'coupon-queue',
    reads(batches, retried) {
      const records = batches.flatMap(batch => batch.records)
      const again = batches.flatMap((batch, i) => (retried[i] ? batch.records : []))
      return [
        lockCoupons(records.map(record => record.couponId)),
        lockBlocks(records.map(record => record.block)),
        readClaims(records.map(record => claimIdOf(record.couponId, record.memberId))),
        readFirstAnswers(
          records.flatMap(({ call }) => (call.idempotency === null ? [] : [call.idempotency.id])),
        ),
        couponsThere(again.map(record => record.couponId)),
        blocksThere(again.map(record => record.block)),
      ]
    },
    decide(batches, _calls, sets, { now, missingMeansAbsent, retried }) {
      const [coupons = [], blocks = [], claims = [], keys = [], there = [], blocksFound = []] = sets
      const known = { coupons, blocks, claims, keys, couponsThere: there, blocksThere: blocksFound }
      const book = new QueueBook(known, now, missingMeansAbsent)
      const effects = new Batch<QueuedClaim, ClaimAnswer>(name)
      const positions: number[][] = []
      const outcomes = batches.map(({ partition, records, nextOffset, pace }, i): Outcome<QueueAnswer> => {
        if (book.waits(records, retried[i] ?? false)) return 'parked'
        const fates = records.map(record => {
          const fate = book.decide(record)
          if (fate.kind === 'decided' && fate.issued) effects.add(pendingOf(record), fate.issued, now)
          return fate
        })
        positions.push([partition, nextOffset, pace, now])
        return { result: { ok: true, value: fates } }
      })
      const writes: Write[] = [...book.writes(), ...effects.writes(now), updatePositions(positions)]
      return { outcomes, writes }
    },
  }
}

/** Nobody waits for it here: who claimed hears of it by asking. */
function pendingOf(request: QueuedClaim) {
  const call = { ...request.call, deadline: request.at }
  return {
    request,
    call,
    enqueuedAt: request.at,
    parks: 0,
    resolve: () => undefined,
    reject: () => undefined,
  }
}
