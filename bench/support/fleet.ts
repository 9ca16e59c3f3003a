// Three processes of one shop under the mix, on a Redis and a Kafka that are killed and started again.

import { cpus } from 'node:os'
import { sql } from 'kysely'
import type { RunningKafka } from '../../platform/engines/start-kafka.ts'
import { startKafka } from '../../platform/engines/start-kafka.ts'
import { type RunningRedis, startRedis } from '../../platform/engines/start-redis.ts'
import { type Engine, engineOf, ladders } from '../../resilience/ladders.ts'
import type { RunningShop } from '../../tests/support/shop.ts'
import type { Arena } from './arena.ts'
import { BenchShop, type Beside } from './bench-shop.ts'
import { Breakable } from './breakable.ts'
import { couponMaker } from './coupons.ts'
import { untilStanding } from './ladder-moves.ts'
import { signedInMembers } from './members.ts'
import { goodOf, MIX, type MixLoad, type MixResult, type MixWorld, strangeIn } from './mix.ts'
import { MixClient } from './mix-client.ts'
import { cpuTime, isThere } from './processes.ts'
import { drawer, RETAIL_FILE, readRetailFile, seeded } from './retail-file.ts'

export const PROCESSES = 3
/** Members at each process. */
const MEMBERS = 5_000
/** Draws of products, by popularity: some 400 different ones. */
const DRAWS = 600
/** Of each coupon: nobody is refused for it. */
export const QUOTA = 1_000_000
/** Redis' most memory, MiB: never full. */
const REDIS_MIB = 1_024
/** Longest wait until what was accepted is granted, ms. */
const GRANT_PATIENCE_MS = 60_000
const LOOK_MS = 10

export interface Served extends MixResult {
  /** From the last answer until every accepted claim was granted and every event had arrived, s. */
  readonly settled: number
  /** Good answers a second, until all that they promised was done. */
  readonly goodput: number
  /** Share of all cores that was busy with anything during the load. */
  readonly cores: number
  /** Share of all cores that was busy with what is not ours. */
  readonly others: number
}

/** Products for the mix, in plenty. */
export async function productsOf(shop: BenchShop): Promise<MixWorld['products']> {
  const retail = await readRetailFile()
  const draw = drawer(retail, seeded(31))
  const products = Array.from({ length: DRAWS }, () => {
    const productId = draw()
    return { productId, price: retail.prices.get(productId)! }
  })
  await shop.stockUp(await shop.administrator(), [...new Set(products.map(({ productId }) => productId))])
  return products
}

/** How many coupons so many requests at each of `targets` need, with one to spare. */
export const couponsFor = (requestsAtEach: number, members = MEMBERS): number =>
  1 + Math.ceil(requestsAtEach / MIX.length / members)

/** Waits until so many of these coupons are granted. s; Infinity: not in time. */
export async function granted(
  shop: BenchShop,
  couponIds: readonly string[],
  claims: number,
): Promise<number> {
  const began = performance.now()
  for (;;) {
    const { rows } = await sql<{ issued: string | null }>`
      SELECT SUM(issued) AS issued FROM coupons WHERE coupon_id IN (${sql.join(couponIds)})`.execute(
      shop.ledger.reads(),
    )
    const took = performance.now() - began
    if (Number(rows[0]?.issued) === claims) return took / 1_000
    if (took > GRANT_PATIENCE_MS) return Number.POSITIVE_INFINITY
    await new Promise(resolve => setTimeout(resolve, LOOK_MS))
  }
}

/** Busy and all time of all cores so far, ms. */
function coreTimes(): { busy: number; all: number } {
  const times = cpus().map(cpu => cpu.times)
  const idle = times.reduce((sum, each) => sum + each.idle, 0)
  const all = times.reduce((sum, { user, nice, sys, idle, irq }) => sum + user + nice + sys + idle + irq, 0)
  return { busy: all - idle, all }
}

export class Fleet {
  readonly redis: Breakable<RunningRedis>
  readonly kafka: Breakable<RunningKafka>
  readonly shops: readonly RunningShop[]
  readonly problems: string[] = []
  private readonly shop: BenchShop
  private readonly client: MixClient
  private readonly offer: (quota: number) => Promise<string>

  private constructor(parts: {
    readonly redis: Breakable<RunningRedis>
    readonly kafka: Breakable<RunningKafka>
    readonly shop: BenchShop
    readonly shops: readonly RunningShop[]
    readonly client: MixClient
    readonly offer: (quota: number) => Promise<string>
  }) {
    const { redis, kafka, shop, shops, client, offer } = parts
    this.redis = redis
    this.kafka = kafka
    this.shop = shop
    this.shops = shops
    this.client = client
    this.offer = offer
  }

  /** Ends with the arena. */
  static async open(arena: Arena): Promise<Fleet> {
    const mariadb = await arena.server()
    const redis = await Breakable.start(where => startRedis({ ...where, maxMemory: REDIS_MIB }))
    arena.atEnd(() => redis.drop())
    const kafka = await Breakable.start(where => startKafka(where))
    arena.atEnd(() => kafka.drop())
    const shop = await BenchShop.open({
      ...{ mariadb, redis: redis.running, kafka: kafka.running, catalogue: RETAIL_FILE },
      ...{ env: {}, split: undefined },
    })
    arena.atEnd(() => shop.drop())
    const others = await Promise.all(Array.from({ length: PROCESSES - 1 }, () => shop.place.start()))
    const shops = [shop.running, ...others]
    const members = await signedInMembers(shop.ledger, MEMBERS * PROCESSES)
    const targets = shops.map(({ url }, i) => ({
      url,
      members: members.slice(i * MEMBERS, (i + 1) * MEMBERS),
    }))
    const client = new MixClient({ targets, products: await productsOf(shop) })
    arena.atEnd(() => client.close())
    return new Fleet({ redis, kafka, shop, shops, client, offer: await couponMaker(shop) })
  }

  /**
   * One load, until what it promised is done. `most`: requests a second, more than there will be; the coupons are made for so many.
   * What was refused or lost is a problem.
   */
  async serve(load: Omit<MixLoad, 'coupons'>, name: string, most: number): Promise<Served> {
    const count = couponsFor((most * load.seconds) / PROCESSES)
    const coupons = await Promise.all(Array.from({ length: count }, () => this.offer(QUOTA)))
    const before = { ...coreTimes(), own: this.ownTime() }
    const result = await this.client.carryOut({ ...load, coupons })
    const after = { ...coreTimes(), own: this.ownTime() }
    const all = after.all - before.all
    const cores = (after.busy - before.busy) / all
    const own = (after.own - before.own + result.busy * result.seconds * 1_000) / all
    const began = performance.now()
    const late = await granted(this.shop, coupons, result.granted + result.accepted)
    if (!Number.isFinite(late))
      this.problems.push(`${name}: accepted claims were not granted in a minute, or more were`)
    if (!Number.isFinite(await this.shop.outboxEmpty())) this.problems.push(`${name}: events did not arrive`)
    const settled = (performance.now() - began) / 1_000
    const strange = strangeIn(result)
    if (strange !== null) this.problems.push(`${name}: ${strange}`)
    return {
      ...{ ...result, settled, goodput: goodOf(result) / (result.seconds + settled) },
      ...{ cores, others: Math.max(0, cores - own) },
    }
  }

  /** Resolves when every ladder of every process that begins on this engine has left it, or is on its top rung again. */
  async stepped(engine: Engine, way: 'down' | 'up'): Promise<void> {
    await untilStanding(this.shops, (ladder, rung) => {
      const [top] = ladders[ladder]
      return (rung === top) === (way === 'up' || engineOf(top) !== engine)
    })
  }

  /** What has ended that should not have. */
  dead(): string[] {
    return this.processes()
      .filter(({ pid }) => !isThere(pid))
      .map(({ name }) => `${name} has died`)
  }

  /** CPU time of the shops and the engines so far, ms; one that is killed counts no more. */
  private ownTime(): number {
    return this.processes()
      .filter(({ pid }) => isThere(pid))
      .reduce((sum, { pid }) => sum + cpuTime(pid) / 1_000, 0)
  }

  private processes(): readonly Beside[] {
    return [
      ...this.shops.map(({ pid }, i) => ({ name: `process ${i + 1}`, pid })),
      { name: 'MariaDB', pid: this.shop.engine!.pid },
      { name: 'Redis', pid: this.redis.running.pid },
      { name: 'Kafka', pid: this.kafka.running.pid },
    ]
  }

  verify(): Promise<string[]> {
    return this.shop.verify()
  }
}
