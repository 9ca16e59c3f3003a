// For tests: the best-seller module on a real ledger and a real Redis, in as many processes as one likes.

import type { RankingRung } from '../../modules/bestseller/deps.ts'
import { bestsellerSchema, createBestseller } from '../../modules/bestseller/index.ts'
import { LiveRanking } from '../../modules/bestseller/live-ranking.ts'
import { sqlRung } from '../../modules/bestseller/rung-sql.ts'
import type { TopQuery, TopRow } from '../../modules/bestseller/store.ts'
import type { BestsellerTables } from '../../modules/bestseller/tables.ts'
import { ok } from '../../platform/contract/result.ts'
import type { DomainEvent } from '../../platform/events/event.ts'
import { newId } from '../../platform/ids.ts'
import { createLog } from '../../platform/log/log.ts'
import { openRedis } from '../../platform/redis/open-redis.ts'
import type { Redis } from '../../platform/redis/redis.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import type { PlatformTables } from '../../platform/sql/platform-tables.ts'
import type { LedgerEngine } from './engines.ts'
import { fixedLadders } from './fixed-ladders.ts'
import { openScratchLedger, type ScratchLedger } from './ledgers.ts'

type Deps = Parameters<typeof createBestseller>[0]
type Bestseller = ReturnType<typeof createBestseller>

/** Generous: a busy machine's answer is late and still an answer. */
const TIMEOUT_MS = 2_000
export const STALENESS_MS = 1_000
const log = createLog({ level: 'silent', name: 'test' })

/** One process of the shop: its module, its connection to Redis, what Redis and the ledger say. */
export interface RankingProcess {
  readonly module: Bestseller
  readonly live: NonNullable<Bestseller['live']>
  readonly redis: Redis
  readonly keys: LiveRanking
  readonly ledger: Ledger
  readonly sql: RankingRung
  hear(...events: DomainEvent[]): Promise<void>
}

export interface Sold {
  readonly orderId: string
  readonly productId: string
  readonly day: string
  readonly country: string | null
  readonly units: number
  readonly price: number
}

export class RankingBed {
  now = Date.parse('2010-12-09T12:00:00Z')
  /** Orders as the order module would list them for a rebuild. */
  readonly orders = new Map<string, object>()
  private readonly scratch: ScratchLedger
  private readonly redisUrl: string
  private readonly open: RankingProcess[] = []
  private prefix = ''
  private made = 0

  private constructor(scratch: ScratchLedger, redisUrl: string) {
    this.scratch = scratch
    this.redisUrl = redisUrl
  }

  static async open(engine: LedgerEngine, redisUrl: string): Promise<RankingBed> {
    return new RankingBed(await openScratchLedger(engine, [bestsellerSchema]), redisUrl)
  }

  /** Nothing was sold yet, and nothing is in Redis under this shop's prefix. */
  async reset(): Promise<void> {
    await this.closeProcesses()
    this.prefix = `t-${newId()}`
    this.orders.clear()
    await this.scratch.ledger.write<BestsellerTables & PlatformTables, void>(async tx => {
      await tx.deleteFrom('bestseller_days').execute()
      await tx.deleteFrom('inbox').execute()
      await tx.deleteFrom('outbox').execute()
    })
  }

  get tables() {
    return this.scratch.ledger.reads<BestsellerTables & PlatformTables>()
  }

  get ledger(): Ledger {
    return this.scratch.ledger
  }

  /** Another process's view of the ledger. */
  another(): Promise<Ledger> {
    return this.scratch.another()
  }

  async process(over: Partial<Deps> = {}, redisUrl = this.redisUrl): Promise<RankingProcess> {
    const redis = await openRedis({ url: redisUrl, commandTimeout: TIMEOUT_MS, log })
    const ledger = over.ledger ?? (await this.scratch.another())
    const module = createBestseller({
      ledger,
      redis,
      prefixes: { redisPrefix: this.prefix },
      ladders: fixedLadders({ 'bestseller.read': 'redis' }),
      clock: () => this.now,
      log,
      settings: { timeZone: 'UTC', staleness: STALENESS_MS },
      order: {
        paidLines: async () => ok({ orders: structuredClone([...this.orders.values()]), nextCursor: null }),
      } as unknown as Deps['order'],
      product: {
        namesOf: async (_call: unknown, { productIds }: { productIds: readonly string[] }) =>
          ok({ names: productIds.map(productId => ({ productId, name: productId })) }),
      } as Deps['product'],
      ...over,
    })
    const made: RankingProcess = {
      module,
      live: module.live!,
      redis,
      keys: new LiveRanking(redis, this.prefix),
      ledger,
      sql: sqlRung({ ledger, clock: () => this.now }),
      hear: (...events) => module.consumers[0]!.handle(events),
    }
    this.open.push(made)
    return made
  }

  sale(sold: Partial<Sold> = {}): DomainEvent {
    const orderId = `o${this.made++}`
    return this.event({
      orderId,
      productId: 'A',
      day: '2010-12-09',
      country: null,
      units: 1,
      price: 10,
      ...sold,
    })
  }

  private event({ orderId, productId, day, country, units, price }: Sold): DomainEvent {
    const businessTime = Date.parse(`${day}T12:00:00Z`)
    const lines = [{ productId, quantity: units, revenue: units * price }]
    const told = { ...lines[0]!, refundedQuantity: 0, refundedRevenue: 0 }
    this.orders.set(orderId, { orderId, version: 1, businessTime, country, lines: [told] })
    return { type: 'order.paid', key: orderId, version: 1, payload: { country, businessTime, lines } }
  }

  /** Units of a sale come back, once. */
  refund(sale: DomainEvent, units: number, price = 10): DomainEvent {
    const payload = sale.payload as { lines: { productId: string }[] }
    const lines = [{ productId: payload.lines[0]!.productId, quantity: units, revenue: units * price }]
    const order = this.orders.get(sale.key) as { version: number; lines: object[] }
    order.version = 2
    Object.assign(order.lines[0]!, { refundedQuantity: units, refundedRevenue: units * price })
    return { type: 'order.refunded', key: sale.key, version: 2, payload: { ...sale.payload, lines } }
  }

  async closeProcesses(): Promise<void> {
    for (const each of this.open.splice(0)) {
      await each.module.drain()
      await each.redis.close()
    }
  }

  async close(): Promise<void> {
    await this.closeProcesses()
    await this.scratch.drop()
  }
}

export const TODAY: TopQuery = {
  from: '2010-12-09',
  to: '2010-12-09',
  country: null,
  by: 'revenue',
  limit: 100,
}
export const WEEK: TopQuery = { ...TODAY, from: '2010-12-03' }

/** Asks until Redis has it; what Redis says. */
export async function fill({ live }: RankingProcess, ...questions: TopQuery[]): Promise<void> {
  for (const question of questions) {
    await live.rung.top(question)
    await live.filler.rest()
  }
}

/** What the rung says, and whether Redis said it. */
export async function ask(
  { live }: RankingProcess,
  question: TopQuery,
): Promise<{ rows: readonly TopRow[]; asOf: number; byRedis: boolean }> {
  const before = live.counts.hits
  const { rows, asOf } = await live.rung.top(question)
  return { rows, asOf, byRedis: live.counts.hits > before }
}
