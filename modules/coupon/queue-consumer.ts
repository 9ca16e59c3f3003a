// The group that takes claims out of the line: whole batches, in order, and each record comes to an end. Its offset is
// committed after the ledger has it, never before; what comes again was decided before, and changes nothing.

import { systemCall } from '../../platform/contract/call.ts'
import type { GroupOptions, TakenRecord } from '../../platform/kafka/kafka.ts'
import { Combiner } from '../../platform/sql/combiner.ts'
import { isAway } from '../../platform/sql/errors.ts'
import { letters } from './block.ts'
import { buryRecords } from './block-store.ts'
import type { CouponContext } from './deps.ts'
import { type QueueAnswer, type QueueBatch, queueFamily } from './queue-family.ts'
import { type QueuedClaim, readRecord } from './queue-record.ts'
import { POSITIONS } from './tables.ts'
import type { Yield } from './yield.ts'

export const GROUP = 'coupon-group'
export const TOPIC = 'coupon-issue'
/**
 * Partitions of the topic. One clears more than one process accepts, and a coupon is on one anyway; four let so many
 * processes share the coupons of a shop.
 */
export const PARTITIONS = 4

/** Records of one transaction: a commit is shared well by then, and more lengthen the wait of all. */
const BATCH_MOST = 1_000
/** Batches of this process that may be one transaction: partitions that came at the same moment. */
const TOGETHER = 2
/** Batches that wait: as many as a process may have partitions. */
const QUEUE_MOST = POSITIONS
/** Fewer records say nothing of the pace at which the line is decided. */
const PACE_FROM = 50
/** Part of the newest batch in the pace. */
const PACE_PART = 0.3
/** What is told as the pace before there was one, records a second. */
const PACE_GUESS = 10_000
/** So many records that fail alone, before any got through, say that it is not the records. */
const FAILURES_MOST = 3
/** Most characters of a cause and a key that are kept: the columns' width. */
const CAUSE_MOST = 1_000

interface Readable {
  readonly taken: TakenRecord
  readonly claim: QueuedClaim
}
interface Dead {
  readonly taken: TakenRecord
  readonly cause: string
}

export class QueueConsumer {
  private readonly context: CouponContext
  private readonly combiner: Combiner<QueueBatch, QueueAnswer>
  private readonly accepting: Yield
  private readonly paces = new Map<number, number>()

  /** `answersUnder`: the name under which first answers of claims lie. */
  constructor(context: CouponContext, answersUnder: string, accepting: Yield) {
    const { ledger, settings, observe, clock } = context
    this.context = context
    this.accepting = accepting
    const limits = { maxBatch: TOGETHER, maxQueue: QUEUE_MOST, lockWait: settings.lockWait }
    this.combiner = new Combiner(ledger, queueFamily(answersUnder), limits, observe, clock)
  }

  group(): GroupOptions {
    return {
      group: GROUP,
      topics: [TOPIC],
      batch: BATCH_MOST,
      handle: records => this.handle(records),
      rest: ms => this.accepting.restAfter(ms),
    }
  }

  drained(): Promise<void> {
    return this.combiner.drained()
  }

  /** Records of one partition. Resolved: each is decided, or buried with its cause. */
  async handle(records: readonly TakenRecord[]): Promise<void> {
    const dead: Dead[] = []
    const readable: Readable[] = []
    for (const taken of records) {
      const claim = readRecord(taken)
      if (typeof claim === 'string') dead.push({ taken, cause: claim })
      else readable.push({ taken, claim })
    }
    const began = performance.now()
    const failures = { alone: 0, through: false }
    await this.decide(readable, dead, failures)
    this.notePace(records, performance.now() - began)
    if (dead.length > 0) await this.bury(dead)
  }

  /** A batch that the ledger cannot take is halved, in order, until what is at fault stands alone. */
  private async decide(
    some: readonly Readable[],
    dead: Dead[],
    failures: { alone: number; through: boolean },
  ): Promise<void> {
    if (some.length === 0) return
    let fates: QueueAnswer
    try {
      fates = await this.submit(some)
    } catch (error) {
      if (isAway(error) || error instanceof Again) throw error
      if (some.length > 1) {
        const middle = some.length >> 1
        await this.decide(some.slice(0, middle), dead, failures)
        return this.decide(some.slice(middle), dead, failures)
      }
      failures.alone++
      if (failures.alone >= FAILURES_MOST && !failures.through) throw error
      const [{ taken }] = some as [Readable]
      this.context.log.error({ err: error, offset: taken.offset }, 'the ledger cannot take a claim')
      dead.push({ taken, cause: error instanceof Error ? error.message : String(error) })
      return
    }
    failures.through = true
    for (const [i, fate] of fates.entries()) {
      const { taken, claim } = some[i]!
      if (fate.kind === 'dead') dead.push({ taken, cause: fate.cause })
      else if (fate.kind === 'decided' && fate.letter === letters.soldOut)
        this.context.gate.flag(claim.couponId)
    }
  }

  private async submit(some: readonly Readable[]): Promise<QueueAnswer> {
    const { partition, offset } = some.at(-1)!.taken
    const records = some.map(each => each.claim)
    const batch = { partition, records, nextOffset: offset + 1, pace: this.paceOf(partition) }
    const call = systemCall(`${TOPIC}-${partition}.${offset}`, this.context.clock())
    const result = await this.combiner.submit(call, batch)
    if (result.ok) return result.value
    throw new Again(`${result.refusal.code}: ${result.refusal.detail}`)
  }

  private paceOf(partition: number): number {
    return Math.round(this.paces.get(partition) ?? PACE_GUESS)
  }

  private notePace(records: readonly TakenRecord[], ms: number): void {
    if (records.length < PACE_FROM) return
    const { partition } = records[0]!
    const pace = (records.length * 1_000) / Math.max(1, ms)
    const before = this.paces.get(partition)
    this.paces.set(partition, before === undefined ? pace : before + (pace - before) * PACE_PART)
  }

  private async bury(dead: readonly Dead[]): Promise<void> {
    const { ledger, clock, log } = this.context
    log.warn({ records: dead.length, cause: dead[0]!.cause }, 'records of the line are no claims')
    const now = clock()
    const rows = dead.map(({ taken, cause }) => ({
      record_id: `${taken.partition}.${taken.offset}`,
      record_key: taken.key?.slice(0, CAUSE_MOST) ?? null,
      value: taken.value,
      cause: cause.slice(0, CAUSE_MOST),
      created_at: now,
    }))
    await buryRecords(ledger, rows)
  }
}

/** Nothing of the batch is decided, and nothing is wrong with it: the same records come again. */
class Again extends Error {
  override readonly name = 'Again'
}
