// The three ways of a claim to the ledger, each only where its engine is configured, and what goes with them.

import type { GroupOptions, Topic } from '../../platform/kafka/kafka.ts'
import type { Sweep } from '../../platform/module.ts'
import type { Rung } from '../../resilience/ladders.ts'
import { Blocks } from './blocks.ts'
import { claimProgress, type ShowProgress } from './claim-progress.ts'
import type { ClaimRung, ClaimRungs, CouponContext } from './deps.ts'
import { LinePositions } from './line-positions.ts'
import { lineSweeps } from './line-sweeps.ts'
import { GROUP, PARTITIONS, QueueConsumer, TOPIC } from './queue-consumer.ts'
import { claimByKafka } from './rung-kafka.ts'
import { claimByRedis } from './rung-redis.ts'
import { claimBySql } from './rung-sql.ts'
import { Yield } from './yield.ts'

export interface Wired {
  readonly rungs: ClaimRungs
  readonly progress: ShowProgress
  readonly topics: readonly Topic[]
  readonly groups: readonly GroupOptions[]
  readonly sweeps: readonly Sweep[]
  /** No places are given out for the time being: those that are left are given back, so that nobody waits for them. */
  leaveLine(): void
  /** What has to be done, and found right, before a rung that was out is stood on again. */
  readonly makeReady: ReadonlyMap<Rung<'coupon.claim'>, () => Promise<boolean>>
  /** Resolves when nothing of theirs is under way, and what they leased is given back. */
  drained(): Promise<void>
}

/** `answersUnder`: the name under which first answers of claims lie in the ledger, on every rung. */
export function wireRungs(context: CouponContext, answersUnder: string): Wired {
  const { redis, prefixes } = context
  const byRedis = redis ? claimByRedis(context, redis, prefixes?.redisPrefix ?? '') : null
  const sql = claimBySql(context)
  const line = lineOf(context, answersUnder, byRedis?.claim ?? sql)
  return {
    rungs: {
      kafka: line?.rung.claim ?? null,
      redis: byRedis?.claim ?? null,
      sql,
    },
    progress: claimProgress(context.ledger, context.clock, new LinePositions(context.ledger, context.clock)),
    topics: line === null ? [] : [{ name: TOPIC, partitions: PARTITIONS }],
    groups: line === null ? [] : [line.consumer.group()],
    sweeps: line?.sweeps ?? [],
    leaveLine: () => line?.leave(),
    makeReady: new Map([
      ...(byRedis === null ? [] : [['redis', () => byRedis.makeReady()] as const]),
      ...(line === null ? [] : [['kafka', () => line.isReadable()] as const]),
    ]),
    async drained() {
      await byRedis?.drained()
      await line?.drained()
    },
  }
}

/** What a process with Kafka has: it may give out places, take claims out of the line, or both. */
function lineOf(context: CouponContext, answersUnder: string, below: ClaimRung) {
  const { kafka, ledger, clock, log } = context
  if (!kafka) return null
  const blocks = new Blocks(ledger, clock, log)
  const accepting = new Yield()
  const consumer = new QueueConsumer(context, answersUnder, accepting)
  const rung = claimByKafka(context, kafka, blocks, new LinePositions(ledger, clock), accepting, below)
  return {
    consumer,
    rung,
    sweeps: lineSweeps(ledger, kafka, blocks, clock),
    /** Blocks that cannot be closed now are closed by their sweep. */
    leave: () => void blocks.close(true),
    /** What was accepted can be decided: the topic is there, and so is the group's place in it. */
    async isReadable() {
      return (await kafka.positions(GROUP, TOPIC)).length > 0
    },
    async drained() {
      await rung.drained()
      await blocks.close(true)
      await consumer.drained()
    },
  }
}
