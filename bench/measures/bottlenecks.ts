// The bottlenecks of coupons and gates (B1, B3 of the manual), each before and after what removed it, by the shop's own
// code told to work the other way. Figures for the reader; no rows.

import { claimFamily } from '../../modules/coupon/claim-memory.ts'
import { createCouponModule } from '../../modules/coupon/index.ts'
import { askPermits, fillPermits } from '../../modules/coupon/permit-scripts.ts'
import { openKafka } from '../../platform/kafka/open-kafka.ts'
import { createLog } from '../../platform/log/log.ts'
import { families, keyOf } from '../../platform/redis/keys.ts'
import { openRedis } from '../../platform/redis/open-redis.ts'
import { Combiner } from '../../platform/sql/combiner.ts'
import { combinerLimits } from '../../platform/sql/combiner-limits.ts'
import { type Arena, inArena } from '../support/arena.ts'
import type { BenchShop } from '../support/bench-shop.ts'
import { type Doors, manyAtOnce, whileItHangs } from '../support/closed-shop.ts'
import { couponMaker } from '../support/coupons.ts'
import { perSuccess, readCounters, toldCounters } from '../support/engine-counters.ts'
import { joinLine, lineDecided, memberCall } from '../support/line.ts'
import { LineLooker } from '../support/line-looker.ts'
import type { Measure } from '../support/measure.ts'

/** Records that a transaction takes at most, and claims in the line for each. */
const BATCHES = [
  { most: 1, claims: 1_500 },
  { most: 10, claims: 8_000 },
  { most: 100, claims: 30_000 },
  { most: 1_000, claims: 40_000 },
] as const
/** Coupons enough to be on every partition. */
const COUPONS = 16
const SPREAD_CLAIMS = 40_000
/** Handlers that each take the lock of the quota for themselves: a naive shop's pool. */
const HANDLERS = 32
const ALONE_CLAIMS = 3_000
const JOINED_CLAIMS = 30_000
const PUBLISHED_ALONE = 500
const PUBLISHED_TOGETHER = 50_000
const ASKED_ALONE = 2_000
const ASKED_TOGETHER = 100_000
/** Members of one question, as the gate asks. */
const MEMBERS_A_CALL = 500
const LOCK_WAIT_MS = 2_000
const PUBLISH_MS = 10_000

const log = createLog({ level: 'error', name: 'levee-bench', to: 'stderr' })

export const bottlenecks: Measure = {
  name: 'bottlenecks',
  summary:
    'B1 and B3: partition, transactions, quota row, messaging, Redis latency, each before and after; no rows',
  long: true,
  steps: () => BATCHES.length + 4,
  run: run =>
    inArena(run, async arena => {
      const env = { LEVEE_RUNG_COUPON_CLAIM: 'kafka' }
      const shop = await arena.shop('mariadb', { with: ['redis', 'kafka'], env })
      const offer = await couponMaker(shop)
      const batches = await inTurn(BATCHES, async each => ({ ...each, couponId: await offer(each.claims) }))
      const many = await inTurn([...Array(COUPONS).keys()], () => offer(SPREAD_CLAIMS / COUPONS))
      const [alone, joined] = [await offer(ALONE_CLAIMS), await offer(JOINED_CLAIMS)]
      const notes: string[] = []
      // Its own group and sweeps would be at work too.
      await whileItHangs(shop, async doors => {
        const drain = await drainer(arena, shop, doors)
        for (const { most, claims, couponId } of batches) {
          const rate = await drain([couponId], claims, most)
          notes.push(`consumer, at most ${most} records a transaction, one partition: ${told(rate)} claims/s`)
          run.step()
        }
        const rate = await drain(many, SPREAD_CLAIMS, BATCHES.at(-1)!.most)
        notes.push(`consumer, ${COUPONS} coupons on all partitions, one process: ${told(rate)} claims/s`)
        run.step()
        notes.push(...(await quotaRow(shop, alone, joined)))
        run.step()
        notes.push(...(await messaging(arena, shop)))
        run.step()
        notes.push(...(await permits(arena, shop)))
        run.step()
      })
      return { rows: [], notes, problems: await shop.verify() }
    }),
}

/** Decides a line in this process, with as many records a transaction as it is told. Returns claims a second. */
async function drainer(arena: Arena, shop: BenchShop, doors: Doors) {
  const kafka = await ownKafka(arena, shop)
  const { groups = [] } = createCouponModule({
    ...{ ledger: shop.ledger, kafka, clock: Date.now, log },
    settings: { lockWait: LOCK_WAIT_MS },
  })
  return async (couponIds: readonly string[], claims: number, most: number): Promise<number> => {
    const looker = new LineLooker(shop.ledger)
    const stands = await joinLine(doors, couponIds, claims)
    const group = kafka.group({ ...groups[0]!, batch: most })
    looker.start()
    group.start()
    const late = await lineDecided(looker, stands)
    await group.stop()
    await looker.stop()
    if (late !== null) throw new Error(late)
    return looker.rate(stands)
  }
}

/** The lock of the quota taken by each claim for itself, and once for all who came. */
async function quotaRow(shop: BenchShop, alone: string, joined: string): Promise<string[]> {
  const limits = combinerLimits(LOCK_WAIT_MS)
  const { memory: _, ...underLocks } = claimFamily()
  const handlers = Array.from(
    { length: HANDLERS },
    () => new Combiner(shop.ledger, underLocks, { ...limits, maxBatch: 1 }),
  )
  const combiner = new Combiner(shop.ledger, claimFamily(), limits)
  const claims = [
    { name: `${HANDLERS} handlers, each claim a transaction`, couponId: alone, many: ALONE_CLAIMS, handlers },
    { name: 'joined by the combiner', couponId: joined, many: JOINED_CLAIMS, handlers: [combiner] },
  ]
  return inTurn(claims, async ({ name, couponId, many, handlers: some }) => {
    const { adminUrl } = shop.engine!
    const before = await readCounters(adminUrl)
    const rate = await perSecond(many, async number => {
      const call = memberCall(couponId, number)
      const claimed = await some[number % some.length]!.submit(call, {
        couponId,
        memberId: call.principal.id,
      })
      if (!claimed.ok) throw new Error(claimed.refusal.detail)
    })
    const counted = toldCounters(perSuccess(before, await readCounters(adminUrl), many))
    return `quota row, ${name}: ${told(rate)} claims/s; ${counted}`
  })
}

async function messaging(arena: Arena, shop: BenchShop): Promise<string[]> {
  const kafka = await ownKafka(arena, shop)
  await kafka.ensureTopics([{ name: 'bench', partitions: 1 }])
  const publisher = kafka.publisher('bench')
  const publish = async (number: number) => {
    await publisher.publish({ key: 'bench', value: JSON.stringify(memberCall('bench', number)) })
  }
  await perSecond(PUBLISHED_ALONE, publish)
  const together = await perSecond(PUBLISHED_TOGETHER, publish)
  const oneByOne = await oneAfterAnother(PUBLISHED_ALONE, publish)
  return [
    `messaging, one record after the other acknowledged: ${told(oneByOne)} records/s; all of a turn in one request: ${told(together)}`,
  ]
}

async function permits(arena: Arena, shop: BenchShop): Promise<string[]> {
  const { url } = await arena.redis()
  const redis = await openRedis({ url, commandTimeout: LOCK_WAIT_MS, log })
  arena.atEnd(() => redis.close())
  const key = keyOf(shop.place.env.LEVEE_REDIS_PREFIX!, families.couponGate, 'bench')
  const members = Array.from({ length: MEMBERS_A_CALL }, (_, i) => memberCall('bench', i).principal.id)
  await redis.run(fillPermits, [key], [0, 1, 60_000])
  const ask = async (some: readonly string[]): Promise<void> =>
    void (await redis.run(askPermits, [key], ['1', ...some]))
  const oneByOne = await oneAfterAnother(ASKED_ALONE, () => ask(members.slice(0, 1)))
  const each = await perSecond(ASKED_TOGETHER, () => ask(members.slice(0, 1)))
  const together = MEMBERS_A_CALL * (await perSecond(ASKED_TOGETHER / MEMBERS_A_CALL, () => ask(members)))
  return [
    `Redis, permits asked for one after the other: ${told(oneByOne)}/s, ${(1_000 / oneByOne).toFixed(2)} ms each; a question ` +
      `for each of 512 at once: ${told(each)}/s; one question for ${MEMBERS_A_CALL} members: ${told(together)}/s`,
  ]
}

async function ownKafka(arena: Arena, shop: BenchShop) {
  const { brokers } = await arena.kafka()
  const prefix = shop.place.env.LEVEE_KAFKA_PREFIX!
  const kafka = openKafka({ brokers: [brokers], prefix, publishTimeout: PUBLISH_MS, log })
  arena.atEnd(() => kafka.close())
  return kafka
}

/** Many at once. */
async function perSecond(many: number, work: (number: number) => Promise<void>): Promise<number> {
  const started = performance.now()
  await manyAtOnce(many, work)
  return (many * 1_000) / (performance.now() - started)
}

async function oneAfterAnother(many: number, work: (number: number) => Promise<void>): Promise<number> {
  const started = performance.now()
  for (let number = 0; number < many; number++) await work(number)
  return (many * 1_000) / (performance.now() - started)
}

async function inTurn<T, R>(all: readonly T[], work: (one: T) => Promise<R>): Promise<R[]> {
  const done: R[] = []
  for (const one of all) done.push(await work(one))
  return done
}

const told = (rate: number): string => Math.round(rate).toLocaleString('en-GB')
