// The bottlenecks of coupons and gates (B1, B3 of the manual), each before and after what removed it, by the shop's own
// code told to work the other way. Figures for the reader; no rows.

import { claimFamily } from '../../modules/coupon/claim-memory.ts'
import { claimIdOf } from '../../modules/coupon/coupon.ts'
import { createCouponModule } from '../../modules/coupon/index.ts'
import { askPermits, fillPermits } from '../../modules/coupon/permit-scripts.ts'
import type { CouponTables } from '../../modules/coupon/tables.ts'
import { openKafka } from '../../platform/kafka/open-kafka.ts'
import { createLog } from '../../platform/log/log.ts'
import { families, keyOf } from '../../platform/redis/keys.ts'
import { openRedis } from '../../platform/redis/open-redis.ts'
import { Combiner } from '../../platform/sql/combiner.ts'
import { combinerLimits } from '../../platform/sql/combiner-limits.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import { openLedger } from '../../platform/sql/open-ledger.ts'
import { fixedLadders } from '../../tests/support/fixed-ladders.ts'
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
/** Connections of those who take the lock of the quota for themselves, as the naive way has them. */
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
        notes.push(...(await quotaRow(arena, shop, alone, joined)))
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
    ladders: fixedLadders(),
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
async function quotaRow(arena: Arena, shop: BenchShop, alone: string, joined: string): Promise<string[]> {
  const pool = { dataFolder: '', poolSize: HANDLERS, lockWait: LOCK_WAIT_MS }
  const ledger = await openLedger({ ...pool, url: shop.ledgerUrl })
  arena.atEnd(() => ledger.close())
  const combiner = new Combiner(shop.ledger, claimFamily(), combinerLimits(LOCK_WAIT_MS))
  const ways = [
    {
      name: `each claim a transaction with the row locked, pool of ${HANDLERS}`,
      many: ALONE_CLAIMS,
      claim: (number: number) => claimAlone(ledger, alone, memberCall(alone, number).principal.id),
    },
    {
      name: 'joined by the combiner',
      many: JOINED_CLAIMS,
      async claim(number: number) {
        const call = memberCall(joined, number)
        const request = { couponId: joined, memberId: call.principal.id }
        const claimed = await combiner.submit(call, request)
        if (!claimed.ok) throw new Error(claimed.refusal.detail)
      },
    },
  ]
  return inTurn(ways, async ({ name, many, claim }) => {
    const { adminUrl } = shop.engine!
    const before = await readCounters(adminUrl)
    const rate = await perSecond(many, claim)
    const counted = toldCounters(perSuccess(before, await readCounters(adminUrl), many))
    return `quota row, ${name}: ${told(rate)} claims/s; ${counted}`
  })
}

/** The naive way. */
function claimAlone(ledger: Ledger, couponId: string, memberId: string): Promise<void> {
  return ledger.write<CouponTables, void>(async tx => {
    const coupons = tx.selectFrom('coupons').select(['issued', 'quota']).where('coupon_id', '=', couponId)
    const { issued, quota } = await coupons.forUpdate().executeTakeFirstOrThrow()
    if (issued >= quota) throw new Error('sold out')
    const claim_id = claimIdOf(couponId, memberId)
    const of = { coupon_id: couponId, member_id: memberId, order_id: null, claimed_at: Date.now() }
    await tx
      .insertInto('coupon_claims')
      .values({ claim_id, state: 'issued', ...of })
      .execute()
    const update = tx.updateTable('coupons').where('coupon_id', '=', couponId)
    await update.set({ issued: issued + 1 }).execute()
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
