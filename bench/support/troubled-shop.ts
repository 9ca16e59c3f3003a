// Three processes of one shop on engines of their own that are killed and stopped, and customers at each of them.

import { setTimeout as pause } from 'node:timers/promises'
import { couponContract } from '../../modules/coupon/contract.ts'
import { createClient } from '../../platform/http/client.ts'
import type { Ladder } from '../../resilience/ladders.ts'
import { MariadbPair } from '../../tests/support/mariadb-pair.ts'
import { OwnKafka } from '../../tests/support/own-kafka.ts'
import { OwnRedis } from '../../tests/support/own-redis.ts'
import { type Member, must, People } from '../../tests/support/people.ts'
import type { RunningShop } from '../../tests/support/shop.ts'
import { Stall } from '../../tests/support/stall.ts'
import { type Move, movesOf, LADDER_PATIENCE_MS as PATIENCE_MS } from './ladder-moves.ts'

export const PROCESSES = 3
const STOCK = 100_000_000
const QUOTA = 1_000_000
const LOOK_MS = 5

/** One process and who is served there. */
export interface Counter {
  readonly shop: RunningShop
  readonly members: readonly Member[]
}

export class TroubledShop {
  readonly redis: OwnRedis
  readonly kafka: OwnKafka
  readonly pair: MariadbPair
  readonly stall: Stall
  readonly counters: readonly Counter[]
  readonly productId: string
  readonly couponId: string

  private constructor(parts: Omit<TroubledShop, 'moves' | 'moved' | 'verify' | 'drop'>) {
    const { redis, kafka, pair, stall, counters, productId, couponId } = parts
    this.redis = redis
    this.kafka = kafka
    this.pair = pair
    this.stall = stall
    this.counters = counters
    this.productId = productId
    this.couponId = couponId
  }

  /** `members`: at each process; each may claim once. */
  static async open(members: number): Promise<TroubledShop> {
    const [redis, kafka, pair] = await Promise.all([OwnRedis.start(), OwnKafka.start(), MariadbPair.start()])
    const stall = await Stall.open(
      { name: 'kafka', url: pair.url, redis: redis.url, kafka: kafka.brokers },
      { customers: members * PROCESSES, env: { LEVEE_LEDGER_REPLICA_URL: pair.replicaUrl } },
    )
    const others = await Promise.all(Array.from({ length: PROCESSES - 1 }, () => stall.place.start()))
    const all = await stall.members(members * PROCESSES)
    const counters = [stall.shop, ...others].map((shop, i) => {
      const people = People.of(stall.place, shop)
      const own = all.slice(i * members, (i + 1) * members)
      return {
        shop,
        members: own.map(({ authorization, memberId }) => ({
          ...people.person(authorization),
          memberId,
          // As it is: what is accepted is an answer here.
          coupon: createClient(couponContract, { baseUrl: shop.url, authorization }),
        })),
      }
    })
    const [productId, couponId] = [await product(stall), await stall.coupon(QUOTA)]
    return new TroubledShop({ redis, kafka, pair, stall, counters, productId, couponId })
  }

  /** As this process's log tells. */
  moves({ shop }: Counter, ladder: Ladder, since: number): readonly Move[] {
    return movesOf(shop, since).filter(move => move.ladder === ladder)
  }

  /** When the last process came to stand on `to`, epoch ms; Infinity: not in time. */
  async moved(ladder: Ladder, to: string, since: number): Promise<number> {
    const end = Date.now() + PATIENCE_MS
    for (;;) {
      const last = this.counters.map(counter => this.moves(counter, ladder, since).at(-1))
      if (last.every(move => move?.to === to)) return Math.max(...last.map(move => move!.at))
      if (Date.now() > end) return Number.POSITIVE_INFINITY
      await pause(LOOK_MS)
    }
  }

  async verify(): Promise<readonly string[]> {
    const { code, stdout, stderr } = await this.stall.place.run('verify')
    return code === 0 ? [] : [`verify ended with ${code}\n${stdout}${stderr}`.trim()]
  }

  async drop(): Promise<void> {
    await this.stall.close()
    await Promise.all([this.redis.drop(), this.kafka.drop(), this.pair.drop()])
  }
}

/** In plenty: the order module hears of it by event. */
async function product(stall: Stall): Promise<string> {
  const productId = 'p-bench'
  must(await stall.boss.product.createProduct({ productId, name: 'A thing', price: 100 }))
  const end = Date.now() + PATIENCE_MS
  for (;;) {
    const done = await stall.boss.order.adjustStock({ productId, change: STOCK, reason: 'bench' })
    if (done.ok) return productId
    if (Date.now() > end) must(done)
    await pause(LOOK_MS)
  }
}

/** A new order and its payment. */
export async function buy(member: Member, productId: string): Promise<'ok' | string> {
  const placed = await member.order.placeOrder({ lines: [{ productId, quantity: 1 }], expectedTotal: 100 })
  if (!placed.ok) return placed.refusal.code
  const paid = await member.payment.payOrder({ orderId: placed.value.orderId, token: 'tok_ok' })
  return paid.ok ? 'ok' : paid.refusal.code
}

export const oneOrder = async (member: Member, productId: string): Promise<string> =>
  must(await member.order.placeOrder({ lines: [{ productId, quantity: 1 }], expectedTotal: 100 })).orderId
