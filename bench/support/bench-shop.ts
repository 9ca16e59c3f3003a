// Levee as the bench uses it: a shop as a process of its own, and a second look at its ledger from outside.

import { sql } from 'kysely'
import { accountContract } from '../../modules/account/contract.ts'
import { orderContract } from '../../modules/order/contract.ts'
import type { RunningKafka } from '../../platform/engines/start-kafka.ts'
import type { RunningMariadb } from '../../platform/engines/start-mariadb.ts'
import type { RunningRedis } from '../../platform/engines/start-redis.ts'
import { createClient } from '../../platform/http/client.ts'
import type { Ledger } from '../../platform/sql/ledger.ts'
import { openLedger } from '../../platform/sql/open-ledger.ts'
import { type RunningShop, ShopPlace } from '../../tests/support/shop.ts'

/** On, as always, and above any rate that this machine reaches. */
const LIMITS = {
  LEVEE_RATE_LIMIT_IDENTITY_PER_SECOND: '1000000',
  LEVEE_RATE_LIMIT_IDENTITY_BURST: '1000000',
  LEVEE_RATE_LIMIT_ADDRESS_PER_SECOND: '1000000',
  LEVEE_RATE_LIMIT_ADDRESS_BURST: '1000000',
}
/** Units added to each product, so that no load sells out by accident. */
const PLENTY = 100_000_000
/** Requests at once while the shop is prepared. */
const PREPARING = 16
/** The outbox must be empty this long after a load, s. */
export const OUTBOX_BOUND_S = 5
/** From here on it is not waited for any longer, s. */
const OUTBOX_PATIENCE_S = 60
const LOOK_EVERY_MS = 10
/** Connections for looking at the ledger and seeding it. */
const LOOKERS = 2
const LOCK_WAIT_MS = 5_000

export interface BenchShopOptions {
  /** Null: SQLite. */
  readonly mariadb: RunningMariadb | null
  readonly redis: RunningRedis | null
  readonly kafka: RunningKafka | null
  readonly catalogue: string | undefined
  readonly env: Readonly<Record<string, string>>
  /** Every service a process of its own; so many of some: `order=2`, or empty. */
  readonly split: string | undefined
}

/** A process whose CPU time is told under its name. */
export interface Beside {
  readonly name: string
  readonly pid: number
}

export class BenchShop {
  readonly name: string
  readonly running: RunningShop
  /** The shop's ledger, seen from this process. */
  readonly ledger: Ledger
  /** Its database server; null: the ledger is in the shop's own process. */
  readonly engine: RunningMariadb | null
  readonly beside: readonly Beside[]
  readonly place: ShopPlace

  private constructor(place: ShopPlace, running: RunningShop, ledger: Ledger, options: BenchShopOptions) {
    const { mariadb, redis, kafka } = options
    this.beside = [
      ...(redis === null ? [] : [{ name: 'Redis', pid: redis.pid }]),
      ...(kafka === null ? [] : [{ name: 'Kafka', pid: kafka.pid }]),
    ]
    const engines = [mariadb === null ? 'SQLite' : 'MariaDB', ...this.beside.map(each => each.name)]
    this.name = `Levee, ${engines.join(' + ')}`
    this.place = place
    this.running = running
    this.ledger = ledger
    this.engine = mariadb
  }

  static async open(options: BenchShopOptions): Promise<BenchShop> {
    const { mariadb, redis, kafka, catalogue, env, split } = options
    const place = await ShopPlace.open({
      engine: {
        name: mariadb === null ? 'sqlite' : 'mariadb',
        ...(mariadb === null ? {} : { url: mariadb.url }),
        ...(redis === null ? {} : { redis: redis.url }),
        ...(kafka === null ? {} : { kafka: kafka.brokers }),
        ...(split === undefined ? {} : { split: true }),
      },
      ...(split ? { instances: split } : {}),
      ...(mariadb === null ? {} : { adminUrl: mariadb.adminUrl }),
      ...(catalogue === undefined ? {} : { catalogue }),
      env: { ...LIMITS, ...env },
    })
    try {
      const running = await place.start()
      const ledger = await openLedger({
        url: place.env.LEVEE_MYSQL_URL ?? '',
        dataFolder: place.env.LEVEE_DATA_FOLDER!,
        poolSize: LOOKERS,
        lockWait: LOCK_WAIT_MS,
      })
      return new BenchShop(place, running, ledger, options)
    } catch (error) {
      await place.drop()
      throw error
    }
  }

  /** Names its MariaDB ledger for another process. */
  get ledgerUrl(): string {
    return this.place.env.LEVEE_MYSQL_URL ?? ''
  }

  /** Those of a split shop by their service; else the one. Its starter only looks after them. */
  get processes(): readonly Beside[] {
    const { services, pid } = this.running
    const apart = services.now().map(each => ({ name: each.service, pid: each.pid! }))
    return apart.length > 0 ? apart : [{ name: this.name, pid }]
  }

  get url(): string {
    return this.running.url
  }

  /** The value of an Authorization header that may do everything. */
  async administrator(): Promise<string> {
    const account = createClient(accountContract, { baseUrl: this.url })
    const signedIn = await account.signIn(this.place.administrator!)
    if (!signedIn.ok) throw new Error(`the administrator cannot sign in: ${signedIn.refusal.detail}`)
    return `Bearer ${signedIn.value.token}`
  }

  /** Gives these products stock in plenty, in the way of the staff. */
  async stockUp(authorization: string, productIds: readonly string[]): Promise<void> {
    const order = createClient(orderContract, { baseUrl: this.url, authorization, connections: PREPARING })
    const left = [...productIds]
    await Promise.all(
      Array.from({ length: PREPARING }, async () => {
        for (let productId = left.pop(); productId !== undefined; productId = left.pop()) {
          const done = await order.adjustStock({ productId, change: PLENTY, reason: 'bench' })
          if (!done.ok) throw new Error(`${productId} gets no stock: ${done.refusal.detail}`)
        }
      }),
    )
  }

  /** Waits until every event has arrived. Returns how long that took, s; Infinity: it was not waited for. */
  async outboxEmpty(): Promise<number> {
    const started = performance.now()
    for (;;) {
      const { rows } = await sql`SELECT 1 FROM outbox LIMIT 1`.execute(this.ledger.reads())
      const took = (performance.now() - started) / 1000
      if (rows.length === 0) return took
      if (took > OUTBOX_PATIENCE_S) return Number.POSITIVE_INFINITY
      await new Promise(resolve => setTimeout(resolve, LOOK_EVERY_MS))
    }
  }

  /** `levee verify`. Returns what is wrong: nothing. */
  async verify(): Promise<string[]> {
    const { code, stdout, stderr } = await this.place.run('verify')
    return code === 0 ? [] : [`${this.name}: verify ended with ${code}\n${stdout}${stderr}`.trim()]
  }

  async drop(): Promise<void> {
    await this.ledger.close()
    await this.place.drop()
  }
}
