// The kafka rung of coupon.claim: into the line, answered with "accepted", decided later in the order of the line.
// Accepted is said once all in-sync replicas have the record, and the place it was given is in the ledger before that.

import { Recent } from '../../platform/cache/recent.ts'
import type { Call } from '../../platform/contract/call.ts'
import { type Result, refuse } from '../../platform/contract/result.ts'
import {
  type Kafka,
  type KafkaRecord,
  type Publisher,
  PublishUnknown,
  type Place as Where,
} from '../../platform/kafka/kafka.ts'
import type { Blocks, Place } from './blocks.ts'
import type { ClaimAnswer, ClaimRequest } from './claim-book.ts'
import type { AcceptedClaim } from './contract.ts'
import { claimIdOf } from './coupon.ts'
import type { ClaimRung, CouponContext } from './deps.ts'
import type { LinePositions } from './line-positions.ts'
import { TOPIC } from './queue-consumer.ts'
import { writeRecord } from './queue-record.ts'
import { claimBySql } from './rung-sql.ts'
import { ticketText } from './ticket.ts'
import type { Yield } from './yield.ts'

/** Claims that may wait to be in Kafka: a second of a rush. More are refused. */
const WAITING_MOST = 20_000
/** How long a repeat hears the same "accepted" without being published again, ms: longer than clients try in a row. */
const REPEAT_MS = 10_000
/** Accepted claims that are remembered for that, some 600 bytes each. One that is forgotten is published again. */
const REPEATS_MOST = 50_000

type Answer = Result<ClaimAnswer | AcceptedClaim>

interface Given {
  readonly fingerprint: string
  readonly until: number
  readonly answer: Promise<Answer>
}

export interface KafkaRung {
  readonly claim: ClaimRung
  /** Resolves when nothing waits to be in Kafka. */
  drained(): Promise<void>
}

export function claimByKafka(
  context: CouponContext,
  kafka: Kafka,
  blocks: Blocks,
  positions: LinePositions,
  accepting: Yield,
  below: ClaimRung,
): KafkaRung {
  const { gate, clock, cache } = context
  const judge = claimBySql(context)
  const given = new Recent<string, Given>(REPEATS_MOST)
  let publisher: Publisher | null = null
  let publishing = 0
  const idle: Array<() => void> = []

  async function publish(to: Publisher, record: KafkaRecord): Promise<Where> {
    publishing++
    try {
      return await to.publish(record)
    } finally {
      publishing--
      if (publishing === 0) for (const resolve of idle.splice(0)) resolve()
    }
  }

  /** The answer that needs no place in the line; null: there is one to be had. */
  async function early(call: Call, request: ClaimRequest): Promise<Answer | null> {
    const now = clock()
    const { couponId } = request
    const shown = cache.peek(couponId, now)?.value ?? (await cache.get(couponId, now))
    // Nobody knows it, or it was made just now.
    if (shown === undefined) return judge(call, request)
    const { opensAt, closesAt, left } = shown.view
    if (now >= opensAt && now < closesAt && left > 0 && !gate.isFlagged(couponId)) return null
    return gate.look(call, request)
  }

  async function accept(call: Call, request: ClaimRequest): Promise<Answer> {
    const known = await early(call, request)
    if (known !== null) return known
    const { couponId, memberId } = request
    publisher ??= kafka.publisher(TOPIC)
    if (publisher.waiting >= WAITING_MOST)
      return refuse('overloaded', `More than ${WAITING_MOST} claims wait.`, { retryAfter: 1 })
    let place = blocks.take(couponId)
    while (place === null) {
      await blocks.lease(couponId)
      if (clock() >= call.deadline)
        return refuse('deadline_exceeded', 'It waited past its deadline.', { retryAfter: 1 })
      place = blocks.take(couponId)
    }
    const at = clock()
    const { blockId: block, index } = place
    try {
      accepting.noteClaim()
      const where = await publish(publisher, writeRecord({ couponId, memberId, block, index, at, call }))
      return await accepted(request, place, where, at)
    } catch (error) {
      if (!(error instanceof PublishUnknown)) throw error
      const decided = await below(call, request)
      // It may be in the line all the same: then it is decided there, or found decided, by its member and its key.
      if (decided.ok || decided.refusal.code !== 'coupon_in_line') return decided
      return refuse('outcome_unknown', 'Kafka did not confirm it: it may be in the line.', { retryAfter: 1 })
    }
  }

  async function accepted(
    { couponId, memberId }: ClaimRequest,
    place: Place,
    { partition, offset }: Where,
    claimedAt: number,
  ): Promise<Answer> {
    const ticket = ticketText({ ...place, partition, offset }, place.secret, memberId)
    const statusPath = `/v1/coupons/${couponId}/claims/${ticket}`
    const value: AcceptedClaim = {
      claimId: claimIdOf(couponId, memberId),
      ...{ couponId, state: 'accepted', claimedAt, orderId: null, ticket },
      place: await positions.placeOf(partition, offset),
      ...{ statusPath, streamPath: `${statusPath}/events` },
    }
    return { ok: true, value, json: JSON.stringify(value), accepted: true }
  }

  return {
    async claim(call, request) {
      const { idempotency } = call
      if (idempotency === null) return accept(call, request)
      const { id, fingerprint } = idempotency
      const now = clock()
      const first = given.get(id)
      if (first !== undefined && now < first.until) {
        if (first.fingerprint === fingerprint) return first.answer
        return refuse('idempotency_key_reused', 'This key was used before with other content.')
      }
      const answer = accept(call, request)
      given.set(id, { fingerprint, until: now + REPEAT_MS, answer })
      const forget = (): void => given.delete(id)
      // Only what is in the line is answered the same again.
      answer.then(result => !(result.ok && result.accepted) && forget(), forget)
      return answer
    },
    async drained() {
      if (publishing > 0) await new Promise<void>(resolve => idle.push(resolve))
    },
  }
}
